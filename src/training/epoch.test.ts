import { expect, test } from 'vitest';
import type { Program } from '../engine/engine.js';
import { float32, type HostArrays } from '../support/arrays.js';
import { type MadeSplit, madeDataset } from './dataset.fixture.js';
import { trainEpoch } from './epoch-steps.js';
import { type EpochSums, freshProgress } from './progress/progress.js';
import { nothingSelected } from './progress/selection.js';
import { setUp, type TrainingSetup } from './setup.js';
import { compiled, smallExperiment } from './trainer.fixture.js';
import { trainingRows } from './training-rows.js';

const nothing = async () => undefined;
/** A program without a state. */
const programOn = (run: (chunk: HostArrays) => HostArrays): Program => ({
  run: async (chunk) => run(chunk),
  flops: null,
  readState: async () => ({}),
  writeState: nothing,
  release: nothing,
});
function setUpOn(split: MadeSplit, names = ['click'], model = '') {
  const tasks = names.map((name) => ({ name, type: 'binary' }) as const);
  const experiment = smallExperiment(`{ type: single-task, levels: [[4]], tower: []${model} }`, tasks);
  return setUp(experiment, madeDataset(experiment.tasks, split).dataset, compiled);
}

const fresh = ({ selection }: TrainingSetup) => freshProgress(nothingSelected(selection));

test('31: every epoch has all rows, in an order of its own', async () => {
  const setup = setUpOn({ rows: 300, label: () => 0 });
  const seen: number[] = [];
  const program = programOn(({ mask, numeric }) => {
    const [steps = 0] = mask?.shape ?? [];
    // The mask [S, 1, B] marks the real rows; the first of the two inputs [S, B, 2] identifies a row.
    for (const [row, real] of mask?.data.entries() ?? [])
      if (real === 1) seen.push(numeric?.data[2 * row] ?? Number.NaN);
    return { loss: float32([steps]), tasks: float32([steps, 1]) };
  });
  const rowOrder = async (epoch: number) => {
    seen.length = 0;
    for await (const _ of trainEpoch(setup, program, trainingRows(setup), { ...fresh(setup), epoch }));
    return [...seen];
  };
  const [first, second] = [await rowOrder(1), await rowOrder(2)];
  expect(new Set(first).size).toBe(300);
  expect(second).not.toEqual(first);
  expect(second.toSorted()).toEqual(first.toSorted());
  expect(await rowOrder(1)).toEqual(first);
});

test("a task's loss of an epoch is the mean over its rows, by their weights", async () => {
  const weights = {
    weight: (row: number) => (row % 3) / 4,
    mask: (task: number, [a]: readonly number[]) => task === 0 || Number(a) > 0,
  };
  const setup = setUpOn({ rows: 160, label: () => 0, ...weights }, ['click', 'share']);
  const [sums, counts] = [
    [0, 0],
    [0, 0],
  ];
  let loss = 0;
  const program = programOn(({ mask }) => {
    const [steps = 0, tasks = 0, batch = 0] = mask?.shape ?? [];
    const losses = new Float32Array(steps * tasks).map((_, at) => {
      const weight = [...(mask?.data ?? [])].slice(at * batch, (at + 1) * batch).reduce((sum, one) => sum + one, 0);
      loss += 1;
      sums[at % tasks] = (sums[at % tasks] ?? 0) + weight * loss;
      counts[at % tasks] = (counts[at % tasks] ?? 0) + weight;
      return loss;
    });
    return { loss: float32([steps]), tasks: float32([steps, tasks], losses) };
  });
  let found: EpochSums | undefined;
  for await (const { progress } of trainEpoch(setup, program, trainingRows(setup), fresh(setup))) found = progress.sums;
  expect(loss).toBe(2 * 5);
  expect(found).toMatchObject({ tasks: sums, counts });
  expect(counts[1]).toBeLessThan(counts[0] ?? 0);
});

test('every step has noise of its own', async () => {
  const setup = setUpOn({ rows: 160, label: () => 0 }, ['click'], ', dropout: 0.5');
  const noise: string[] = [];
  const program = programOn((chunk) => {
    const [steps = 0] = chunk.mask?.shape ?? [];
    const drawn = Object.keys(setup.model.noise).map((name) => [...(chunk[`noise/${name}`]?.data ?? [])]);
    for (let step = 0; step < steps; step++)
      noise.push(drawn.map((all) => all.slice((step * all.length) / steps, ((step + 1) * all.length) / steps)).join());
    return { loss: float32([steps]), tasks: float32([steps, 1]) };
  });
  let last = fresh(setup);
  const take = trainingRows(setup);
  for (const epoch of [1, 2])
    for await (const { progress } of trainEpoch(setup, program, take, { ...last, epoch, step: 0 })) last = progress;
  expect(new Set(noise).size).toBe(10);
});
