import { expect, test } from 'vitest';
import { readBatches } from '../data/batches/batches.js';
import { pureJs } from '../engine/tfjs/backends.js';
import { createTfjsEngine } from '../engine/tfjs/tfjs-engine.js';
import { jointLoss } from '../objective/joint-loss.js';
import type { HostArray } from '../support/arrays.js';
import { must } from '../support/must.js';
import { mapValues } from '../support/records.js';
import { tf } from '../support/tf.js';
import { madeDataset } from './dataset.fixture.js';
import { setUp } from './setup.js';
import { initialState, modelInputs, trainingStep } from './step.js';
import { compiled, expectContinues, linear, smallExperiment, timeless, trained } from './trainer.fixture.js';

const tasks = [
  { name: 'click', type: 'binary' },
  { name: 'share', type: 'binary' },
  { name: 'time', type: 'regression' },
] as const;
const layers = 'levels: [[6], [5]], tower: [4], dropout: 0.2, normalization: batch';
const settings =
  'optimizer: { type: adam, learningRate: 0.02, clipNorm: 0.05, l2: 0.001, schedule: { type: plateau, patience: 0, ratio: 0.5, minDelta: 10 } }, ' +
  'epochs: 5, earlyStopping: { patience: 2, minDelta: 1 }';

/** Half of the rows have no label of `time`. */
const { dataset } = madeDataset(tasks, { rows: 100, label: linear, mask: (task, [a]) => task < 2 || a > 0 });
const run = async (model: string, engine = compiled) =>
  timeless(await trained(smallExperiment(`{ ${model}, ${layers} }`, tasks, settings), dataset, engine));

test.each([
  ['compiled', compiled],
  ['tfjs', createTfjsEngine(pureJs)],
])('a run of weight 0 is that of single-task, bit for bit, on the engine %s', async (_, engine) => {
  const alone = await run('type: single-task', engine);
  expect(await run('type: auxiliary, auxiliaryWeight: 0', engine)).toEqual(alone);
  expect(new Set(alone.progress.tasks.map(({ bestEpoch }) => bestEpoch)).size).toBeGreaterThan(1);
});

test.each(['for: { share: [click, time] }', 'auxiliaryWeight: { click: 0, share: 1, time: 0 }'])(
  'with %s, the network of share alone differs from single-task',
  async (help) => {
    const [alone, helped] = [await run('type: single-task'), await run(`type: auxiliary, ${help}`)];
    const results = ({ served, own, progress }: typeof alone, index: number, name: string) => ({
      parameters: Object.entries(served[0]?.parameters ?? {}).filter(([parameter]) => parameter.startsWith(`${name}.`)),
      test: own.test.tasks[index],
      epochs: progress.tasks[index],
    });
    const same = tasks.map(({ name }, index) => {
      const [without, withHelp] = [results(alone, index, name), results(helped, index, name)];
      expect(withHelp.parameters.map(([parameter]) => parameter)).toEqual(
        without.parameters.map(([parameter]) => parameter),
      );
      return JSON.stringify(withHelp) === JSON.stringify(without);
    });
    expect(same).toEqual([true, false, true]);
  },
);

test('levels without a layer are refused', () => {
  expect(() => smallExperiment('{ type: auxiliary, levels: [] }', tasks)).toThrow(
    "test:5:27: 'model.levels': heads have no layer to share: name one, or take single-task.",
  );
});

test('a run with heads continues to the same bits', () =>
  expectContinues('{ type: auxiliary, levels: [[4]], tower: [3] }', (taken) => [
    ...taken.filter(({ progress: { epoch, step } }) => epoch === 2 && step > 0).slice(0, 1),
    ...taken.filter(({ progress }) => progress.tasks.some(({ patience }) => patience.waited > 1)).slice(0, 1),
  ]));

test('a task with labels in 1 % of the rows: other labels train its network in a batch without them', async () => {
  const pair = tasks.slice(0, 2);
  const { dataset: rare } = madeDataset(pair, { rows: 300, label: linear, mask: (task, [a]) => task === 0 || a > 2.3 });
  const small = '{ type: auxiliary, auxiliaryWeight: 0.5, levels: [[6]], tower: [4] }';
  const sgd = 'optimizer: { type: sgd, learningRate: 0.1 }';
  const { model, parameters, optimizer } = setUp(smallExperiment(small, pair, sgd), rare, compiled);
  const { arrays } = must(await readBatches(rare, 'train', { batchSize: 32 }).take(10), 'batches');
  await tf.setBackend(pureJs.name);
  const masks = tf.tensor(arrays.mask.data, [...arrays.mask.shape]); // [steps, tasks, batch]
  const labelled = [...masks.sum(2).slice([0, 1], [-1, 1]).dataSync()];
  expect(labelled).toContain(1);
  const step = labelled.indexOf(0);
  const ofStep = ({ data, shape, dtype }: HostArray) =>
    tf
      .tensor(data, [...shape], dtype)
      .slice(step, 1)
      .squeeze([0]);
  const batch = {
    ...mapValues(arrays, ofStep),
    lossWeights: tf.tensor1d([1, 2]),
    learningRate: tf.scalar(0.1),
  };
  const before = mapValues(initialState(parameters, optimizer), ({ data, shape }) => tf.tensor(data, [...shape]));
  const names = Object.keys(parameters);
  const { state: after } = trainingStep(model, jointLoss(rare.tasks), optimizer, names)(before, batch);
  // By the definition: w a mean_i loss(head_i, label_i) over the labels of click, w = 2 and a = 1/2.
  const ofHead = () => {
    const { auxiliary = [] } = model.apply(before, modelInputs(batch), { training: true, noise: {} });
    const logits = must(
      auxiliary.find(({ network }) => network === 1),
      'head',
    ).logits;
    const label = ofStep(arrays.labels).slice([0, 0], [1, -1]);
    return logits
      .exp()
      .add(1)
      .log()
      .sub(logits.mul(label))
      .mean()
      .mul(2 * 0.5)
      .asScalar();
  };
  const ofNetwork = names.filter((name) => name.startsWith('share.'));
  const { grads } = tf.engine().gradients(
    ofHead,
    ofNetwork.map((name) => must(before[name], name)),
  );
  for (const [index, name] of ofNetwork.entries()) {
    const moved = must(after[name], name).sub(must(before[name], name));
    const expected = grads[index]?.mul(-0.1) ?? tf.zerosLike(moved);
    expect(moved.sub(expected).abs().max().dataSync()[0], name).toBeLessThan(1e-6);
    const rests = /^share\.mlp\.(1|logit)\./.test(name); // the tower
    expect(moved.abs().max().dataSync()[0] === 0, name).toBe(rests);
  }
});
