import { expect, test } from 'vitest';
import { parseExperiment } from '../config/experiment.js';
import { createCompiledEngine } from '../engine/run/compiled-engine.js';
import { madeDataset } from './dataset.fixture.js';
import { definitions } from './definitions.js';
import { train } from './run.js';
import { setUp } from './setup.js';
import { spiedEngine } from './spied-engine.fixture.js';

const tasks = [
  { name: 'click', type: 'binary' },
  { name: 'share', type: 'binary' },
] as const;
const split = { rows: 10, label: (_: number, __: readonly [number, number], noise: number) => Number(noise > 0) };
const { dataset } = madeDataset(tasks, { train: split, validation: { ...split, rows: 40 }, test: split });
const compiled = createCompiledEngine({ threads: 1 });

/** What the steps of three epochs of three steps are fed, and what the epochs' records say of it. */
async function fed(unit: 'epoch' | 'step', moving = `decay: { ratio: 0.5, unit: ${unit} }`) {
  const experiment = parseExperiment(
    `name: fed
dataset: { loader: synthetic, rows: { train: 1, validation: 1, test: 1 } }
tasks: ${JSON.stringify(tasks)}
model: { type: hard-sharing, levels: [[2]], tower: [] }
loss: { schedule: { type: exponential, unit: ${unit} }, weights: { click: { initial: 2, ratio: 0.5 }, share: { ratio: 1.25 } } }
train: { epochs: 3, batchSize: 4, optimizer: { type: sgd, learningRate: 0.5, ${moving} } }
`,
    'fed.yaml',
    [],
    definitions,
  );
  const [weights, learningRates]: [number[][], number[]] = [[], []];
  const spied = spiedEngine(compiled, (chunk) => {
    const given = [...(chunk.lossWeights?.data ?? [])];
    for (let at = 0; at < given.length; at += tasks.length) weights.push(given.slice(at, at + tasks.length));
    learningRates.push(...(chunk.learningRate?.data ?? []));
  });
  const recorded: number[][] = [];
  const recordedRates: unknown[] = [];
  for await (const record of train(setUp(experiment, dataset, spied))) {
    if (record.kind !== 'epoch') continue;
    recorded.push(Object.values(record.record.weights));
    recordedRates.push(record.record.learningRate);
  }
  return { weights, learningRates, recorded, recordedRates };
}

test.each([
  ['epoch', [0, 0, 0, 1, 1, 1, 2, 2, 2]],
  ['step', [0, 1, 2, 3, 4, 5, 6, 7, 8]],
] as const)(
  'loss weights and learning rates are those of completed units of an %s, from 0',
  async (unit, completed) => {
    const { weights, learningRates, recorded, recordedRates } = await fed(unit);
    const expected = completed.map((t) => [2 * 0.5 ** t, 1.25 ** t]);
    expect(weights).toEqual(expected.map((pair) => pair.map(Math.fround)));
    expect(learningRates).toEqual(completed.map((t) => 0.5 * 0.5 ** t));
    expect(recorded).toEqual([expected[0], expected[3], expected[6]]); // of the epoch's first step
    expect(recordedRates).toEqual([0, 3, 6].map((step) => learningRates[step]));
  },
);

test('a learning-rate schedule moves within an epoch, over all of its steps', async () => {
  const { learningRates, recordedRates } = await fed('epoch', 'schedule: { type: cosine, warmup: 1, minimum: 0.5 }');
  const warmup = [1, 2, 3].map((step) => (0.5 * step) / 3);
  const cosine = [0, 1, 2, 3, 4, 5].map((step) => 0.5 * (0.5 + (0.5 * (1 + Math.cos((Math.PI * step) / 6))) / 2));
  expect(learningRates).toEqual([...warmup, ...cosine].map((rate) => expect.closeTo(rate, 7)));
  expect(recordedRates).toEqual([0, 3, 6].map((step) => expect.closeTo([...warmup, ...cosine][step] ?? 0, 12)));
});
