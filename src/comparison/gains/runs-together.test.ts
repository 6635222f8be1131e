import { expect, test } from 'vitest';
import { judge } from './judged-task.js';
import type { MeasuredRun } from './measured-model.js';
import { runsTogether } from './runs-together.js';

const [click, spent] = [
  { name: 'click', type: 'binary', offset: 0, scale: 1 },
  { name: 'spent', type: 'regression', offset: 10, scale: 2 },
] as const;
const mask = new Float32Array([1, 1, 1, 1]);
const [clicks, amounts] = [new Float32Array([1, 0, 1, 0]), new Float32Array([10, 12, 14, 8])];

/** A run by its probabilities of a click, and by the amounts that it predicts. */
function runOf(probabilities: readonly number[], values: readonly number[], testSet = 'a', isKept = true): MeasuredRun {
  const logits = [
    Float32Array.from(probabilities, (p) => Math.log(p / (1 - p))),
    Float32Array.from(values, (value) => (value - 10) / 2),
  ] as const;
  const predictions = [
    { task: click, scores: { logits: logits[0], labels: clicks, mask } },
    { task: spent, scores: { logits: logits[1], labels: amounts, mask } },
  ];
  const run = {
    testSet,
    influences: () => Promise.reject(new Error('They are not read.')),
    predictions: async () => (isKept ? predictions : null),
  };
  return {
    ...{ seed: 1, testSet, overlap: null, values: [], scores: [], oneEpoch: [], parameters: null, networks: 1 },
    ...{ trained: null, ends: [], parts: () => [{ run, weight: 1 }] },
  };
}

const tasks = [judge(click, {}), judge(spent, { spent: 'mse' })];
const one = runOf([0.9, 0.4, 0.2, 0.6], [11, 11, 14, 8]);
const other = runOf([0.5, 0.2, 0.8, 0.1], [9, 15, 12, 8]);

test('runs together are judged by the mean of their probabilities, and of their values in the units of labels', async () => {
  // Means: .7, .3, .5, .35; 10, 13, 13, 8. So both rows with a click are first, and the errors are 0, 1, -1, 0.
  const [area, error] = await runsTogether([one, other], tasks);
  expect(area?.value).toBe(1);
  expect(error?.value).toBeCloseTo(0.5, 6);
  expect(error?.se).toBeCloseTo(Math.sqrt(1 / 3) / 2, 6); // sd of 0, 1, 1, 0 over the root of 4
});

test('nothing is said of one run, of different test rows, or without predictions', async () => {
  const none = [null, null];
  expect(await runsTogether([one], tasks)).toEqual(none);
  expect(await runsTogether([one, runOf([0.5, 0.2, 0.8, 0.1], [9, 15, 12, 8], 'b')], tasks)).toEqual(none);
  expect(await runsTogether([one, runOf([0.5, 0.2, 0.8, 0.1], [9, 15, 12, 8], 'a', false)], tasks)).toEqual(none);
});
