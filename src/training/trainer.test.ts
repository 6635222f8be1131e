import { expect, test } from 'vitest';
import type { Dataset } from '../data/dataset.js';
import { madeDataset, withBlocks } from './dataset.fixture.js';
import type { EpochRecord } from './epoch-record.js';
import { spiedEngine } from './spied-engine.fixture.js';
import {
  auc,
  binaryTasks,
  compiled,
  expectContinues,
  expectSameOnEager,
  linear,
  onlyTask,
  smallExperiment,
  timeless,
  trained,
} from './trainer.fixture.js';

const ple = '{ type: ple, levels: [[4], [4]], tower: [3], experts: { shared: 1, task: 2 } }';
const plain = () => madeDataset(binaryTasks, { rows: 100, label: linear });

/** Labels that are noise: validation has its best epoch somewhere, not at the end. */
function noisy(): Dataset {
  const split = { rows: 64, label: (_: number, __: readonly [number, number], own: number) => Number(own > 0) };
  return madeDataset(binaryTasks, split).dataset;
}

test('21: the test split is not read before the last epoch, and selects nothing', async () => {
  // A leak: on the test split, every epoch is worse than the one before, since its labels are the others turned round.
  const { dataset, reads } = madeDataset(binaryTasks, {
    train: { rows: 300, label: linear },
    validation: { rows: 100, label: linear },
    test: { rows: 100, label: (task, x, noise) => 1 - linear(task, x, noise) },
  });
  const readBefore: number[] = [];
  const result = await trained(smallExperiment(ple, binaryTasks), dataset, compiled, {
    onRecord: (record) => {
      if (record.kind === 'epoch') readBefore.push(reads.test);
    },
  });
  expect(readBefore).toEqual([0, 0, 0]);
  const { tasks, choice } = result.progress;
  expect(reads.test).toBe(new Set([...tasks, choice].map(({ bestEpoch }) => bestEpoch)).size);
  expect(choice.bestEpoch).toBe(
    bestEpoch(result.records, (record) => mean(binaryTasks.map(({ name }) => auc(record, name)))),
  );
  expect(choice.bestEpoch).toBeGreaterThan(1); // validation improves where the planted test split falls
});

test('24: the best epoch is kept whether or not patience ran out', async () => {
  const dataset = noisy();
  const stopping = (patience: number | null) =>
    smallExperiment(ple, binaryTasks, `earlyStopping: { monitor: "task:share", patience: ${patience} }`);
  const experiment = stopping(null);
  const all = await trained(experiment, dataset);
  const best = bestEpoch(all.records, (record) => auc(record, 'share'));
  const stopped = await trained(stopping(1), dataset);
  expect([best, all.records.length, stopped.records.length]).toEqual([1, 3, 2]);
  const shorter = await trained({ ...experiment, train: { ...experiment.train, epochs: best } }, dataset);
  for (const { progress, choice } of [all, stopped]) {
    expect(progress.choice.bestEpoch).toBe(best);
    expect(choice?.validation.tasks).toEqual(shorter.choice?.validation.tasks);
  }
});

test('25: the monitor decides, and a regression error counts downwards', async () => {
  const tasks = [
    { name: 'click', type: 'binary' },
    { name: 'time', type: 'regression' },
  ] as const;
  const label = (task: number, [a, b]: readonly [number, number], noise: number) =>
    task === 0 ? (a + 3 * noise > 0 ? 1 : 0) : 20 + 10 * b + noise;
  const split = { rows: 200, label };
  const { dataset } = madeDataset(tasks, split);
  const scores: Record<string, (record: EpochRecord) => number> = {
    mean: ({ validation: { click, time } }) => 10 * Number(click?.auc) - Math.log(Number(time?.nmse)), // in units of .001 and 1 %, over 100
    'task:time': (record) => -Number(record.validation.time?.mse),
    loss: (record) => -Number(record.validation.click?.logLoss) - Number(record.validation.time?.mse),
  };
  for (const [monitor, score] of Object.entries(scores)) {
    const result = await trained(smallExperiment(ple, tasks, `earlyStopping: { monitor: "${monitor}" }`), dataset);
    expect(result.progress.choice.bestEpoch, monitor).toBe(bestEpoch(result.records, score));
  }
});

test('single-task: a run of all tasks equals the runs of each, bit for bit: best epochs and learning rates by scores too', async () => {
  const model = '{ type: single-task, levels: [[6]], tower: [4] }';
  const { dataset: all } = madeDataset(binaryTasks, { rows: 100, label: linear });
  const settings =
    'optimizer: { type: adam, learningRate: 0.02, clipNorm: 0.05, l2: 0.001, schedule: { type: plateau, patience: 0, ratio: 0.5, minDelta: 10 } }, ' +
    'epochs: 8, earlyStopping: { patience: 2, minDelta: 1 }';
  const joint = await trained(smallExperiment(model, binaryTasks, settings), all);
  const bestEpochs: (number | undefined)[] = [];
  for (const [index, task] of binaryTasks.entries()) {
    const alone = await trained(smallExperiment(model, [task], settings), onlyTask(all, index));
    const own = Object.entries(joint.served[0]?.parameters ?? {}).filter(([name]) => name.startsWith(`${task.name}.`));
    expect(Object.fromEntries(own)).toEqual(alone.served[0]?.parameters);
    expect(joint.own.test.tasks[index]).toEqual(alone.own.test.tasks[0]);
    bestEpochs.push(alone.progress.tasks[0]?.bestEpoch);
    const rates = alone.records.map(({ learningRate }) => learningRate);
    const ofAll = joint.records.map(({ learningRate }) =>
      typeof learningRate === 'object' ? learningRate[task.name] : learningRate,
    );
    expect(ofAll.slice(0, rates.length)).toEqual(rates);
    expect(new Set(rates).size).toBeGreaterThan(1);
  }
  expect(joint.progress.tasks.map(({ bestEpoch }) => bestEpoch)).toEqual(bestEpochs);
});

test('20: what is outside a task’s sample space changes nothing, whatever its label', async () => {
  const mask = (task: number, [a]: readonly [number, number]) => task === 0 || a > 0;
  const trainedWith = (outside: number) => {
    const { dataset } = madeDataset(binaryTasks, { rows: 100, label: linear, mask });
    const replaced = withBlocks(dataset, ({ labels, masks }) => ({
      labels: labels.map((label, at) => (masks[at] === 0 ? outside : label)),
    }));
    return trained(smallExperiment(ple, binaryTasks), replaced);
  };
  const [first, second] = [timeless(await trainedWith(Number.NaN)), timeless(await trainedWith(1e30))];
  expect(second.served).toEqual(first.served);
  expect(second.records).toEqual(first.records);
});

test('31: two models under one seed see the same rows in the same order', async () => {
  const seen = async (model: string) => {
    const { dataset } = plain();
    const orders: number[][] = [];
    const spied = spiedEngine(compiled, (chunk) => {
      if (chunk.labels) orders.push([...(chunk.numeric?.data ?? [])]);
    });
    await trained(smallExperiment(model, binaryTasks), dataset, spied);
    return orders.flat();
  };
  const first = await seen(ple);
  expect(first.length).toBeGreaterThan(3 * 2 * 100);
  expect(await seen('{ type: hard-sharing, levels: [[5]], tower: [] }')).toEqual(first);
});

test.each([ple, '{ type: single-task, levels: [[4]], tower: [3] }'])(
  '33: %s continues within an epoch, while patience runs and at its end to the same bits',
  async (model) => {
    const { progress } = await expectContinues(model, (taken) => [
      ...taken.filter(({ progress: { epoch, step } }) => epoch === 2 && step > 0).slice(0, 1),
      ...taken.filter(({ progress }) => progress.tasks.some(({ patience }) => patience.waited > 1)).slice(0, 1),
      ...taken.slice(-1),
    ]);
    expect(new Set(progress.tasks.map(({ bestEpoch }) => bestEpoch)).size).toBeGreaterThan(1);
  },
);

test('the eager engine trains to the result of the compiled one, and leaks no tensor', () => expectSameOnEager(ple));

test.each(['fixed', 'uncertainty', 'pcgrad'])(
  'likewise with batch normalisation, whose statistics stay right, under %s',
  async (name) => {
    const model = '{ type: hard-sharing, levels: [[4]], tower: [3], normalization: batch }';
    const { eager, fast } = await expectSameOnEager(model, name);
    const variances = Object.entries(fast.served[0]?.parameters ?? {}).filter(([parameter]) =>
      parameter.endsWith('.variance'),
    );
    expect(variances.length).toBeGreaterThan(0);
    for (const [parameter, { data }] of variances)
      for (const [i, value] of data.entries())
        expect(eager.served[0]?.parameters[parameter]?.data[i], parameter).toBeCloseTo(value, 3);
  },
);

/** The first epoch with the highest score. */
function bestEpoch(records: readonly EpochRecord[], score: (record: EpochRecord) => number): number {
  const scores = records.map(score);
  return scores.indexOf(Math.max(...scores)) + 1;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
