import { expect, test } from 'vitest';
import type { Comparison, ModelSearch, SearchCandidate } from '../comparison/comparison.js';
import { drawAll } from './charts/draw-charts.js';
import { searches } from './charts/search.js';
import { comparisonTable } from './comparison-table.js';
import { reportFixture } from './report.fixture.js';
import { bestFound, lastScore, searchedInWords, searchTable } from './search.js';

/** A candidate with a score of each task at the end of each of its rungs; null: it failed. */
const candidate = (
  rate: number,
  cost: number,
  rungs: readonly (readonly (number | null)[])[],
  { tasks = ['a', 'b'], chosenFor = [] }: { tasks?: readonly string[]; chosenFor?: readonly string[] } = {},
): SearchCandidate => ({
  values: { 'train.optimizer.learningRate': rate, 'model.tower': rate > 0.05 ? [8] : [4] },
  ...{ cost, chosenFor },
  rungs: rungs.map(([a = null, b = null], rung) => ({
    ...{ tasks, spent: cost * (rung === 0 ? 1 : 2) },
    runs: [{ seed: 7, path: 'run', epochs: rung === 0 ? 1 : 3, trained: a !== null, scores: { a, b } }],
  })),
});
const together: ModelSearch = {
  ...{ label: 'm', axis: {}, groups: [['a', 'b']], rungs: [1, 3] },
  candidates: [
    candidate(0.1, 2, [[0.6, 0.4]]),
    candidate(
      0.2,
      2,
      [
        [0.5, 0.7],
        [0.7, 0.7],
      ],
      { chosenFor: ['a', 'b'] },
    ),
    candidate(0.3, 2, [[null, null]]),
    candidate(0.01, 2, [
      [0.9, 0.2],
      [0.8, 0.3],
    ]),
  ],
};
const apart: ModelSearch = {
  ...{ label: 'single-task', axis: {}, groups: [['a'], ['b']], rungs: [1, 3] },
  candidates: [
    candidate(
      0.1,
      1,
      [
        [0.5, 0.6],
        [0.66, 0.9],
      ],
      { tasks: ['a'], chosenFor: ['a'] },
    ),
    candidate(
      0.2,
      1,
      [
        [0.4, 0.7],
        [0.99, 0.72],
      ],
      { tasks: ['b'], chosenFor: ['b'] },
    ),
  ],
};

test('the best found grows rung by rung with what was spent, by the mean over tasks', () => {
  expect(bestFound(together).map(({ spent, best }) => [spent, best])).toEqual([
    [2, 0.5],
    [4, 0.6],
    [6, 0.6],
    [8, 0.6],
    [12, 0.7],
    [16, 0.7],
  ]);
  expect(together.candidates.map((one) => lastScore(together, one))).toEqual([0.5, 0.7, null, 0.55]);
});

const withSearch = async (...models: readonly ModelSearch[]): Promise<Comparison> => {
  const { comparison } = await reportFixture({
    models: [
      { label: 'single-task', type: 'single-task' },
      { label: 'm', type: 'mmoe' },
    ],
    rows: 100,
    seeds: 3,
    epochs: 2,
  });
  return { ...comparison, search: { type: 'halving', budget: null, seeds: [7], models } };
};

test('the table and the page show the searches, and nothing where there are none', async () => {
  const comparison = await withSearch(apart, together);
  expect(searchTable(comparison, {}).trimEnd().split('\n')).toEqual([
    expect.stringMatching(/^searched +tried +spent +best +chosen$/),
    expect.stringMatching(
      /^single-task +2 +6\.0 +0\.6900 +learningRate 0\.1 tower \[8\] \(a\); learningRate 0\.2 tower \[8\] \(b\)$/,
    ),
    expect.stringMatching(/^m +4 +16\.0 +0\.7000 +learningRate 0\.2 tower \[8\]$/),
  ]);
  expect(comparisonTable(comparison, { colour: false, wide: true, columns: 80 })).toContain('searched');
  const sections = await drawAll(searches(comparison));
  expect(sections.map(({ id, charts }) => [id, charts.flatMap(({ panels }) => panels).length])).toEqual([
    ['search', 1],
  ]);
  const [found] = sections.map(({ charts }) => charts.flatMap(({ panels }) => panels).join());
  expect(found?.match(/data-tip="/g)).toHaveLength(5); // a dot for each candidate with a score
  expect(found).toContain('data-tip="single-task: 0.69000 after 6.00 epochs');
  expect(found).toContain('data-tip="m: 0.55000 after 16.0 epochs');
  expect(sections[0]?.charts[0]?.remarks).toEqual(['m: 1 of 4 candidates have no score, since a run failed.']);
  const { search: _, ...without } = comparison;
  expect(searches(without)).toEqual([]);
  expect(searchTable(without, {})).toBe('');
});

test('over the best trials of the baseline, what ranks is the gain of the worst task', async () => {
  const reference = { a: 0.66, b: 0.72 };
  const [worst, baseline] = [together, apart].map((search) => ({ ...search, reference }));
  if (!worst || !baseline) throw new Error('Two searches.');
  // Gains at the last rung: (-.06, -.32), (.04, -.02), none, (.14, -.42).
  const last = worst.candidates.map((one) => lastScore(worst, one)?.toFixed(2));
  expect(last).toEqual(['-0.32', '-0.02', undefined, '-0.42']);
  // In the first rung: (-.16, -.02) of the second candidate, (.24, -.52) of the fourth.
  expect(bestFound(worst).map(({ best }) => best?.toFixed(2))).toEqual([
    '-0.32',
    '-0.16',
    '-0.16',
    '-0.16',
    '-0.02',
    '-0.02',
  ]);
  expect(bestFound(baseline).map(({ best }) => best?.toFixed(2))).toEqual([undefined, '-0.16', '-0.02', '0.00']);
  const comparison = await withSearch(baseline, worst);
  const ranked = 'gain of the worst task over single-task on validation';
  expect(searchedInWords(comparison, {})).toEqual([
    `Search: 2 to 4 combinations in each of 2 searches, 6 runs. The best ${ranked} chooses.`,
  ]);
  const [found] = await drawAll(searches(comparison));
  expect(found?.note).toContain(`The line is the best ${ranked} that each`);
});
