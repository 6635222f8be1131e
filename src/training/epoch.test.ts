import { expect, test } from 'vitest';
import type { Program } from '../engine/engine.js';
import { float32, type HostArrays } from '../support/arrays.js';
import { type MadeSplit, madeDataset } from './dataset.fixture.js';
import { trainEpoch } from './epoch-steps.js';
import { type EpochSums, freshProgress } from './progress.js';
import { setUp } from './setup.js';
import { compiled, experimentOf } from './trainer.fixture.js';

const nothing = async () => undefined;
/** A program without a state. */
const programOf = (run: (chunk: HostArrays) => HostArrays): Program => ({
  run: async (chunk) => run(chunk),
  flops: null,
  readState: async () => ({}),
  writeState: nothing,
  release: nothing,
});
function setUpOn(split: MadeSplit) {
  const model = '{ type: single-task, levels: [[4]], tower: [] }';
  const experiment = experimentOf(model, [{ name: 'click', type: 'binary' }]);
  return setUp(experiment, madeDataset(experiment.tasks, split).dataset, compiled);
}

test('31: every epoch has all rows, in an order of its own', async () => {
  const setup = setUpOn({ rows: 300, label: () => 0 });
  const seen: number[] = [];
  const program = programOf(({ mask, numeric }) => {
    const [steps = 0] = mask?.shape ?? [];
    // The mask [S, 1, B] marks the real rows; the first of the two inputs [S, B, 2] identifies a row.
    for (const [row, real] of mask?.data.entries() ?? [])
      if (real === 1) seen.push(numeric?.data[2 * row] ?? Number.NaN);
    return { loss: float32([steps]), tasks: float32([steps, 1]) };
  });
  const orderOf = async (epoch: number) => {
    seen.length = 0;
    for await (const _ of trainEpoch(setup, program, { ...freshProgress(1, 1, 0), epoch }));
    return [...seen];
  };
  const [first, second] = [await orderOf(1), await orderOf(2)];
  expect(new Set(first).size).toBe(300);
  expect(second).not.toEqual(first);
  expect(second.toSorted()).toEqual(first.toSorted());
  expect(await orderOf(1)).toEqual(first);
});

test("a task's loss of an epoch is the mean over its rows, by their weights", async () => {
  const setup = setUpOn({ rows: 80, label: () => 0, weight: (row) => (row % 3) / 4 });
  const weights: number[] = []; // of each step
  const program = programOf(({ mask }) => {
    const [steps = 0, , batch = 0] = mask?.shape ?? [];
    const losses = new Float32Array(steps);
    for (let step = 0; step < steps; step++) {
      const ofRows = [...(mask?.data ?? [])].slice(step * batch, (step + 1) * batch);
      losses[step] = weights.push(ofRows.reduce((sum, weight) => sum + weight, 0));
    }
    return { loss: float32([steps], losses), tasks: float32([steps, 1], losses) };
  });
  let sums: EpochSums | undefined;
  for await (const { progress } of trainEpoch(setup, program, freshProgress(1, 1, 0))) sums = progress.sums;
  expect(weights).toHaveLength(3);
  expect(sums?.counts).toEqual([weights.reduce((sum, weight) => sum + weight, 0)]);
  expect(sums?.tasks).toEqual([weights.reduce((sum, weight, step) => sum + weight * (step + 1), 0)]);
});
