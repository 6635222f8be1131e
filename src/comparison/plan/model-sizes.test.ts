import { expect, test } from 'vitest';
import { binaryTasks } from '../../models/tasks.fixture.js';
import { largestFirst, modelSizes } from '../execute/measure.js';
import { plannedRuns, smallConfig } from './planned-runs.fixture.js';

const config = smallConfig(`
  models:
    - { type: single-task, levels: [[2]], tower: [2] }
    - { label: wide, type: hard-sharing, levels: [[20]], tower: [2] }
    - { label: narrow, type: hard-sharing, levels: [[3]], tower: [2] }
  seeds: [7, 3]
`);
const runs = plannedRuns(config);
const readShape = async () => ({
  kind: 'shape' as const,
  model: { tasks: binaryTasks('y1', 'y2'), categorical: [], numeric: Array.from({ length: 10 }, (_, i) => `x${i}`) },
  rows: { train: 64, validation: 64, test: 64 },
  grouped: false,
});

test("a model's size counts its weights and biases", async () => {
  const sizes = await modelSizes(runs, readShape);
  // Towers: (2 or 20 or 3) x 2 + 2, then 2 + 1, for each of two tasks.
  expect(Object.fromEntries(Array.from(sizes, ([label, { size }]) => [label, size]))).toEqual({
    'single-task': 2 * (10 * 2 + 2 + (2 * 2 + 2) + 3),
    wide: 10 * 20 + 20 + 2 * (20 * 2 + 2 + 3),
    narrow: 10 * 3 + 3 + 2 * (3 * 2 + 2 + 3),
  });
});

test('seeds keep their order; within one the largest model is first', async () => {
  const ordered = await largestFirst(runs, readShape);
  expect(ordered.map(({ label, seed }) => `${label} ${seed}`)).toEqual([
    'wide 7',
    'single-task 7',
    'narrow 7',
    'wide 3',
    'single-task 3',
    'narrow 3',
  ]);
});
