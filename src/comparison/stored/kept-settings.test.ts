import { expect, test } from 'vitest';
import { keptRuns, keptSettings } from './kept-settings.js';

const point = {};

/** A setting with scores by seed, of one or several tasks. */
function candidate(rate: number, scores: Readonly<Record<string, readonly (number | null)[]>>) {
  const seeds = Object.values(scores)[0] ?? [];
  const runs = seeds.map((_, seed) => ({
    ...{ seed, path: `rate-${rate}-seed-${seed}`, epochs: 1, trained: true },
    scores: Object.fromEntries(Object.entries(scores).map(([task, ofTask]) => [task, ofTask[seed] ?? null])),
  }));
  return { values: { rate }, runs, chosenFor: [] };
}

const best = [0.8, 0.81, 0.79, 0.82, 0.8];
const less = (by: readonly number[]) => best.map((score, seed) => score - (by[seed] ?? 0));
/** Worse with a p-value of 2e-7, and of .14, by scipy.stats.ttest_rel. */
const [worse, near] = [less([0.02, 0.021, 0.019, 0.02, 0.02]), less([0, 0.004, -0.002, 0.006, 0.001])];

const rates = (kept: ReturnType<typeof keptSettings>) =>
  kept.map(({ candidates }) => candidates.map(({ values }) => values['rate']));

test('a setting that validation shows to be worse than the best is left out, and one without all scores', () => {
  const candidates = [
    candidate(1, { y: near }),
    candidate(2, { y: best }),
    candidate(3, { y: worse }),
    candidate(4, { y: [0.9, 0.9, null, 0.9, 0.9] }),
  ];
  expect(rates(keptSettings({ label: 'm', point, groups: [['y']], candidates }))).toEqual([[1, 2]]);
});

test('a setting of which a run collapsed is left out, unless its mean is the best', () => {
  const collapsed = best.with(2, 0.6); // .19 below all of the best, whose range is .03; p is .19 by scipy.stats.ttest_rel
  const low = best.with(2, 0.65);
  const settings = (of: readonly number[]) => [candidate(1, { y: best }), candidate(2, { y: of })];
  const keptOf = (of: readonly number[]) =>
    rates(keptSettings({ label: 'm', point, groups: [['y']], candidates: settings(of) }));
  expect(keptOf(collapsed)).toEqual([[1]]);
  expect(keptOf(low)).toEqual([[1, 2]]);
  expect(keptOf(collapsed.map((score) => score + 0.1))).toEqual([[1, 2]]);
});

test('tasks that choose together are judged by their mean score, others each by its own', () => {
  const candidates = [candidate(1, { y: best, z: worse }), candidate(2, { y: worse, z: best })];
  const model = { label: 'm', point, candidates };
  expect(rates(keptSettings({ ...model, groups: [['y', 'z']] }))).toEqual([[1, 2]]);
  expect(rates(keptSettings({ ...model, groups: [['y'], ['z']] }))).toEqual([[1], [2]]);
});

test('runs are named for a cross-fitted search alone; those that are gone are missing', () => {
  const candidates = [candidate(1, { y: best }), candidate(2, { y: worse })];
  const search = { type: 'grid', seeds: [0, 1, 2, 3, 4], models: [{ label: 'm', point, groups: [['y']], candidates }] };
  const named = { label: 'm', point };
  const none = () => undefined;
  expect(keptRuns({ ...search, type: 'grid' }, named, none)).toBeUndefined();
  expect(keptRuns({ ...search, type: 'grid', crossFit: true }, { ...named, label: 'other' }, none)).toBeUndefined();
  expect(keptRuns({ ...search, type: 'grid', crossFit: true }, named, none)).toEqual([
    {
      tasks: ['y'],
      settings: [best.map((_, seed) => ({ seed, path: `rate-1-seed-${seed}`, status: 'missing' }))],
    },
  ]);
});
