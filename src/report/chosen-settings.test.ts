import { expect, test } from 'vitest';
import type { Comparison, ModelSearch } from '../comparison/comparison.js';
import { must } from '../support/must.js';
import { chosenText, settingsBySeed } from './chosen-settings.js';
import { protocol } from './explain.js';
import { everyVerdict } from './report.fixture.js';
import { comparisonPoints } from './shown-gains.js';

const key = 'train.optimizer.learningRate';
/** @param chosen By rate: the tasks that each of the seeds 1, 2, … judges there. */
const fitted = (groups: ModelSearch['groups'], chosen: Readonly<Record<number, readonly string[]>>): ModelSearch => ({
  ...{ label: 'PLE', point: {}, groups },
  candidates: Object.entries(chosen).map(([rate, ofSeeds]) => ({
    values: { [key]: Number(rate) },
    chosenFor: [...new Set(ofSeeds.flatMap((tasks) => tasks.split(' ')))].filter((task) => task !== ''),
    runs: ofSeeds.map((tasks, index) => ({
      ...{ seed: index + 1, path: '', epochs: 1, trained: true, scores: {} },
      chosenFor: tasks.split(' ').filter((task) => task !== ''),
    })),
  })),
});
const both = [['income', 'never-married']];
const alike = 'income never-married';
const grid = { type: 'grid', seeds: [], crossFit: true, models: [] } as const;

test('by how many seeds each setting was chosen, most first; an end of the list is marked', () => {
  const joint = fitted(both, {
    0.002: ['', '', ''],
    0.004: ['', '', alike],
    0.008: [alike, alike, ''],
    0.016: ['', '', ''],
  });
  expect(chosenText(joint, grid)).toBe('learningRate 0.008 for 2 of 3 seeds, 0.004 for 1');
  const apart = fitted([['income'], ['never-married']], {
    0.1: ['income', 'income'],
    0.2: ['never-married', 'never-married'],
  });
  expect(chosenText(apart, grid)).toBe(
    'income: learningRate 0.1 (end of the list) for 2 of 2 seeds; never-married: learningRate 0.2 (end of the list) for 2 of 2 seeds',
  );
});

test('drawn values have no end of a list; one setting is no choice', () => {
  const drawn = fitted(both, { 0.1: [alike, ''], 0.2: ['', alike], 0.3: ['', ''] });
  expect(chosenText(drawn, { ...grid, type: 'random' })).toBe('learningRate 0.1 for 1 of 2 seeds, 0.2 for 1');
  const runs = must(drawn.candidates[0], 'candidate').runs.map((run) => ({ ...run, chosenFor: ['income'] }));
  const only: ModelSearch = { ...drawn, candidates: [{ values: {}, chosenFor: ['income'], runs }] };
  expect(chosenText(only, grid)).toBe('');
});

test('a line for each model that had a choice, and the settings by seed in gains.csv', () => {
  const models = [fitted(both, { 0.1: ['', alike], 0.2: [alike, ''], 0.3: ['', ''] })];
  const search = { type: 'grid', seeds: [1, 2], crossFit: true, models } as const;
  const comparison: Comparison = { ...everyVerdict, search };
  const point = must(comparisonPoints(comparison)[0], 'point');
  expect(protocol(comparison, point)).toEqual(
    expect.arrayContaining([
      'Search: 3 combinations in each of 1 search, 6 runs. Each seed is judged at the one whose mean validation score over the other seeds is best. Where seeds chose differently, errors of gains are larger.',
      'PLE: learningRate 0.1 (end of the list) for 1 of 2 seeds, 0.2 for 1.',
    ]),
  );
  const settings = point.gains.flatMap((gain) => (gain.model === 'PLE' ? settingsBySeed(gain, search) : []));
  expect(new Set(settings)).toEqual(new Set([`{"1":{"${key}":0.2},"2":{"${key}":0.1}}`, null]));
});
