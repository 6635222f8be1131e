import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import type { Comparison } from '../comparison/comparison.js';
import { randomFromSeed } from '../support/random.js';
import { type Finished, folderOfFile, pleHere, succeeded } from './command.fixture.js';
import { runsIn } from './compare.fixture.js';

/**
 * Each of the two settings trains one task, so that each task chooses another. Every run takes a fraction of a second.
 */
const config = (name: string, tasks: readonly string[], settings: string) => `name: ${name}
dataset: { loader: table, path: rows.csv, tasks: { y1: { regression: true }, y2: { regression: true } } }
tasks: [${tasks.map((task) => `{ name: ${task}, type: regression, standardize: true }`).join(', ')}]
train: { epochs: 2, batchSize: 32, optimizer: { type: sgd, learningRate: 0.05 } }
engine: { device: cpu, threads: 1 }
compare:
  models:
    - { type: single-task, levels: [[8]], tower: [4], tune: { loss.weights: ${settings} } }
    ${tasks.length > 1 ? '- { type: hard-sharing, levels: [[8]], tower: [4], tune: { model.tower: [[6]] } }' : ''}
  seeds: 2
  tuneSeed: [50, 51]
`;
const both = config('both', ['y1', 'y2'], '[{ y2: { initial: 1e-6 } }, { y1: { initial: 1e-6 } }]');

const folder = folderOfFile();
let first: Finished;
const at = (...path: string[]) => join(folder, ...path);
const compare = (name: string, ...words: string[]) =>
  pleHere(['compare', '--config', `${name}.yaml`, '--jobs', '2', ...words], { cwd: folder });

beforeAll(async () => {
  const random = randomFromSeed(1).stream('rows');
  const rows = Array.from({ length: 400 }, () => {
    const [a, b, c] = [random.normal(), random.normal(), random.normal()];
    return [a, b, c, Math.sin(a) + b, a * c - b].join(',');
  });
  writeFileSync(at('rows.csv'), ['a,b,c,y1,y2', ...rows].join('\n'));
  writeFileSync(at('both.yaml'), both);
  first = await succeeded(compare('both'));
});

const stored = (): Comparison => JSON.parse(readFileSync(at('runs/both/comparison.json'), 'utf8'));
const resultIn = (path: string | undefined) =>
  JSON.parse(readFileSync(at('runs/both', path ?? '', 'result.json'), 'utf8'));

test('a model of independent networks is put together from the run that each task chose', () => {
  expect(runsIn(at('runs/both/tuning'))).toHaveLength(4); // two settings under two seeds; the other model has no choice
  expect(runsIn(at('runs/both')).map((name) => name.slice(0, -9))).toEqual([
    'hard-sharing-seed-1',
    'hard-sharing-seed-2',
    'single-task-y1-seed-1',
    'single-task-y1-seed-2',
    'single-task-y2-seed-1',
    'single-task-y2-seed-2',
  ]);
  const [alone, shared] = stored().rows;
  expect(alone).toMatchObject({
    searched: 2,
    tunedByTask: {
      y1: { 'loss.weights': { y2: { initial: 1e-6 } } },
      y2: { 'loss.weights': { y1: { initial: 1e-6 } } },
    },
  });
  expect(shared).toMatchObject({ searched: 1, tuned: { 'model.tower': [6] } });
  for (const task of ['y1', 'y2']) {
    const [first, second] = alone?.runs.map(({ parts }) => resultIn(parts?.[task]).tasks[task].test.mse) ?? [];
    expect(alone?.tasks[task]?.mean).toBe((first + second) / 2);
  }
});

test('tells what each task chose', () => {
  expect(first.stderr).toMatch(/^single-task for y1: tuned: weights \{"y2":\{"initial":0\.000001\}\}$/m);
  expect(first.stderr).toMatch(/^single-task for y2: tuned: weights \{"y1":\{"initial":0\.000001\}\}$/m);
  expect(first.stderr).toMatch(/^\d\/6 single-task seed 1 for y2 {2}y2 mse [\d.]+ {2}[\d.]+ s$/m);
});

test('equals, bit for bit, a comparison of one task alone with the same search', async () => {
  writeFileSync(at('y1.yaml'), config('y1', ['y1'], '[{}, { y1: { initial: 1e-6 } }]'));
  const { stdout } = await succeeded(compare('y1', '--json'));
  const [alone] = JSON.parse(stdout).rows;
  const [together] = stored().rows;
  expect(alone.tuned).toEqual({ 'loss.weights': {} });
  const { oneEpoch: _, ...ofTask } = alone.tasks['y1']; // parts that are put together have no epoch for all
  expect(together?.tasks['y1']).toEqual({ ...ofTask, oneEpoch: null });
});

test('a choice at an edge of a grid extends it; a single-task model whose tasks choose together has one setting', async () => {
  // Two epochs at these rates learn the more, the higher the rate is.
  const words = [
    'compare.models=[{ type: single-task }, { type: single-task, label: one rate, together: true }]',
    'compare.tune={ train.optimizer.learningRate: [0.001, 0.002] }',
    'compare.tuneSeed=50',
    'name=edge',
  ];
  const { stdout } = await succeeded(compare('both', '--json', ...words));
  const { rows, search }: Comparison = JSON.parse(stdout);
  const rates = search?.models.map(({ candidates }) =>
    candidates.map(({ values }) => values['train.optimizer.learningRate']),
  );
  expect(rates).toEqual(Array(2).fill([0.001, 0.002, 0.004, 0.008]));
  expect(search?.models.map(({ groups }) => groups)).toEqual([[['y1'], ['y2']], [['y1', 'y2']]]);
  expect(rows.map(({ searched, tuned }) => [searched, tuned])).toEqual(
    Array(2).fill([4, { 'train.optimizer.learningRate': 0.008 }]),
  );
  expect(runsIn(at('runs/edge/tuning'))).toHaveLength(4); // both models have the same runs
  const fixed = await succeeded(
    compare('both', '--json', ...words, 'compare.search={ type: grid, extend: 0 }', 'name=fixed'),
  );
  expect(JSON.parse(fixed.stdout).rows[0].tuned).toEqual({ 'train.optimizer.learningRate': 0.002 });
});
