import { expect, test } from 'vitest';
import { madeDataset } from './dataset.fixture.js';
import { splitMetrics } from './evaluation.js';
import { resultOf } from './result.js';
import { setUp } from './setup.js';
import { binaryTasks, compiled, experimentOf, linear, trained } from './trainer.fixture.js';

const ple = '{ type: ple, levels: [[8], [8]], tower: [8], experts: 2 }';
/** The first task is easy, the second noise. */
const label = (task: number, x: readonly [number, number], noise: number) =>
  task === 0 ? linear(task, x, noise) : Number(noise > 0);
const made = () => {
  const split = { rows: 100, label };
  return madeDataset(binaryTasks, { train: { ...split, rows: 200 }, validation: split, test: split });
};
const settings = (monitor: string, epochs = 8, patience: number | null = null) =>
  `epochs: ${epochs}, earlyStopping: { monitor: "${monitor}", patience: ${patience} }`;

test('a task’s own best epoch is what selecting by this task alone would have given', async () => {
  const { dataset, reads } = made();
  const experiment = experimentOf(ple, binaryTasks, settings('mean'));
  const joint = await trained(experiment, dataset);
  const readTest = reads.test;
  const result = resultOf(experiment, setUp(experiment, dataset, compiled), joint, joint.records);
  const epochs = new Set([joint.bestEpoch]);
  for (const { name } of binaryTasks) {
    const alone = await trained(experimentOf(ple, binaryTasks, settings(`task:${name}`)), dataset);
    const { validation, test } = splitMetrics(dataset, alone);
    expect(result.tasks[name]?.ownBest).toEqual({
      epoch: alone.bestEpoch,
      validation: validation[name],
      test: test[name],
    });
    epochs.add(alone.bestEpoch);
  }
  expect(epochs.size).toBeGreaterThan(1);
  expect(readTest).toBe(epochs.size); // each epoch's parameters were evaluated once
});
