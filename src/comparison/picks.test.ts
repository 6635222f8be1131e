import { expect, test } from 'vitest';
import type { ModelSearch } from './comparison.js';
import { pickEntries } from './picks.js';
import type { Entry } from './stored/entry.js';

const point = {};

/** Scores by setting and seed. Null: the run failed. */
type Settings = readonly (readonly (number | null)[])[];

/** @param chosen The setting that seeds 1, 2, … are judged at. */
function searched(label: string, settings: Settings, chosen: readonly number[]): ModelSearch {
  const candidates = settings.map((scores, setting) => {
    const runs = scores.map((score, index) => ({
      ...{ seed: index + 1, path: `${label}-${setting}-${index + 1}`, epochs: 1, trained: score !== null },
      scores: { y: score },
      chosenFor: chosen[index] === setting ? ['y'] : [],
    }));
    return { values: { rate: setting }, runs, chosenFor: chosen.includes(setting) ? ['y'] : [] };
  });
  return { label, point, groups: [['y']], candidates };
}

function pickOf(of: string[], models: readonly ModelSearch[]) {
  const seeds = models[0]?.candidates[0]?.runs.map(({ seed }) => seed) ?? [];
  const rows = models.map(({ label, candidates }): Entry => {
    const runs = candidates.flatMap((candidate) => candidate.runs.filter(({ chosenFor = [] }) => chosenFor.length > 0));
    return { label, type: label, point, runs: runs.map(({ seed, path }) => ({ seed, path, status: 'done' })) };
  });
  const config = { picks: [{ label: 'pick', of, path: [] }] };
  const [entry] = pickEntries(config, rows, { seeds, models });
  const [picked] = entry?.decided?.picked ?? [];
  return { ...picked, bySeed: Object.values(picked?.bySeed ?? {}), paths: entry?.runs.map(({ path }) => path) };
}

const one = (label: string, scores: readonly (number | null)[]) => searched(label, [scores], Array(9).fill(0));

test('a seed is judged with what is best for the others; all seeds choose what is served', () => {
  // Seed 1 alone prefers b, by much: it picks b for the others.
  const picked = pickOf(['a', 'b'], [one('a', [0, 1, 1]), one('b', [9, 0, 0])]);
  expect(picked.bySeed).toEqual(['a', 'b', 'b']);
  expect(picked.served).toBe('b');
  expect(picked.paths).toEqual(['b-0-1', 'b-0-2', 'b-0-3']);
});

test('a model has the values that the seed is judged at, under all other seeds; it serves those of its row', () => {
  // At its values of seed 1 model a has 8 and 8 under seeds 2 and 3; at those that these seeds are judged at, 0.
  const a = searched(
    'a',
    [
      [0, 8, 8],
      [9, 0, 0],
    ],
    [0, 1, 1],
  );
  const picked = pickOf(['b', 'a'], [one('b', [5, 5, 5]), a]);
  expect(picked.bySeed).toEqual(['a', 'b', 'b']);
  expect(picked.served).toBe('b');
});

test('of equal scores the first of the list is picked, and only models of the list are', () => {
  const models = [one('a', [1, 1]), one('b', [1, 1]), one('c', [7, 7])];
  expect(pickOf(['b', 'a'], models)).toMatchObject({ bySeed: ['b', 'b'], served: 'b' });
});

test('a failed run rules its model out for the other seeds; without any score nothing is picked', () => {
  const models = [one('a', [0, 0, 0]), one('b', [1, null, 1])];
  expect(pickOf(['a', 'b'], models)).toMatchObject({ bySeed: ['a', 'b', 'a'], served: 'a' });
  expect(pickOf(['b', 'a'], [one('a', [null, 0]), one('b', [null, 0])])).toMatchObject({
    ...{ bySeed: ['b', null], served: null, paths: [] },
  });
});
