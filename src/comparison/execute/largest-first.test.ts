import { expect, test } from 'vitest';
import { binaryTasks } from '../../models/tasks.fixture.js';
import { plannedRuns, smallConfig } from '../plan/planned-runs.fixture.js';
import { largestFirst } from './largest-first.js';

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
