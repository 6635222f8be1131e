import { expect, test } from 'vitest';
import { parse, whole } from '../config/comparison.fixture.js';
import type { Look } from './comparison.js';
import { familyError, lookAt, ofOtherPlans, plannedLooks } from './looks.js';
import { spendingLevels } from './statistics/alpha-spending.js';

const withSeeds = (seeds: string) => parse(whole, [`compare.seeds=${seeds}`]);
const taken = (config: ReturnType<typeof parse>, others: readonly Look[] = []): Look[] =>
  plannedLooks(config, others).map((look) => ({ ...look, undecided: 1 }));

test('one look tests at .05, however many gains there are', () => {
  expect(plannedLooks(withSeeds('[2, 5]'), [])).toEqual([
    { seeds: 2, of: [2, 5], plan: [2], level: 0.05, planned: true },
  ]);
});

test('several looks spend .05 in all, of every gain its share', () => {
  const looks = plannedLooks(withSeeds('{ first: 5, step: 10, most: 30 }'), []);
  expect(looks.map(({ seeds, of, planned }) => [seeds, of.length, planned])).toEqual([
    [5, 5, true],
    [15, 15, true],
    [25, 25, true],
    [30, 30, true],
  ]);
  const gains = 2 * 2; // two models beside the baseline, two tasks
  const levels = spendingLevels([5 / 30, 15 / 30, 25 / 30, 1], 0.05 / gains);
  expect(looks.map(({ level }) => level)).toEqual(levels.map((level) => gains * level));
});

test('every other plan that looked at other seeds or fewer halves the level', () => {
  const first = taken(withSeeds('3'));
  const second = taken(withSeeds('6'), first);
  expect(second).toMatchObject([{ seeds: 6, level: 0.025, planned: false }]);
  expect(taken(withSeeds('9'), [...first, ...second])).toMatchObject([{ level: 0.0125, planned: false }]);
  expect(familyError([...first, ...second])).toBeCloseTo(0.05 + 0.025, 12);
  // other seeds are another chance, fewer of the same are not, nor is one and the same plan
  expect(taken(withSeeds('[11, 12, 13]'), first)).toMatchObject([{ level: 0.025 }]);
  expect(taken(withSeeds('2'), first)).toMatchObject([{ level: 0.05, planned: true }]);
  expect(ofOtherPlans(first, withSeeds('3'))).toEqual([]);
  expect(ofOtherPlans(first, withSeeds('2'))).toEqual(first);
});

test('a plan after another pays once, from the look on that has more seeds', () => {
  const plan = taken(withSeeds('{ first: 3, step: 3, most: 9 }'));
  expect(taken(withSeeds('9'), plan.slice(0, 2))).toMatchObject([{ level: 0.025, planned: false }]);
  const alone = withSeeds('{ first: 3, step: 1, most: 5 }');
  const [a, b, c] = taken(alone);
  expect(taken(alone, taken(withSeeds('3')))).toMatchObject([
    { seeds: 3, level: a?.level, planned: true }, // the same seeds again
    { seeds: 4, level: (b?.level ?? 0) / 2, planned: false },
    { seeds: 5, level: (c?.level ?? 0) / 2, planned: false },
  ]);
  expect(ofOtherPlans(plan, withSeeds('{ first: 3, step: 3, most: 9 }'))).toEqual([]);
});

test('the report of several comparisons is a look at all of their seeds', () => {
  const first = taken(withSeeds('3'));
  expect(lookAt([1, 2, 3], first)).toBe(first[0]);
  expect(lookAt([1, 2, 3, 7], first)).toMatchObject({ seeds: 4, level: 0.025, planned: false });
  expect(lookAt([1, 2], [])).toMatchObject({ level: 0.05, planned: true });
});
