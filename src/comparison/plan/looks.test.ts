import { expect, test } from 'vitest';
import { parse, whole } from '../../config/comparison.fixture.js';
import type { Look } from '../comparison.js';
import { spendingLevels } from '../statistics/alpha-spending.js';
import { familyError, lookAt, ofOtherPlans, plannedLooks } from './looks.js';

const withSeeds = (seeds: string) => parse(whole, [`compare.seeds=${seeds}`]);
const taken = (config: ReturnType<typeof parse>, others: readonly Look[] = []): Look[] =>
  plannedLooks(config, others).map((look) => ({ ...look, undecided: 1 }));

test('several looks spend .05 in all, of every gain its share', () => {
  const looks = plannedLooks(withSeeds('{ first: 5, step: 10, most: 30 }'), []);
  expect(looks.map(({ seeds, of, alpha }) => [seeds, of.length, alpha])).toEqual([
    [5, 5, 0.05],
    [15, 15, 0.05],
    [25, 25, 0.05],
    [30, 30, 0.05],
  ]);
  const gains = 2 * 2; // two models and the baseline, two tasks
  const levels = spendingLevels([5 / 30, 15 / 30, 25 / 30, 1], 0.05 / gains);
  expect(looks.map(({ level }) => level)).toEqual(levels.map((level) => gains * level));
});

test('every other plan that was looked at before halves the level, whatever its seeds', () => {
  const first = taken(withSeeds('3'));
  const second = taken(withSeeds('6'), first);
  expect(second).toMatchObject([{ seeds: 6, level: 0.025 }]);
  const third = taken(withSeeds('4'), [...first, ...second]);
  expect(third).toMatchObject([{ level: 0.0125 }]);
  expect(familyError([...first, ...second, ...third])).toBeCloseTo(0.05 + 0.025 + 0.0125, 12);
  expect(familyError(first)).toBe(0.05);
});

test('a plan with too few seeds for a verdict spends nothing, unless errors are of the rows', () => {
  const two = taken(withSeeds('2'));
  expect(two).toMatchObject([{ alpha: 0, level: 0.05 }]);
  expect(taken(withSeeds('5'), two)).toMatchObject([{ alpha: 0.05, level: 0.05 }]);
  expect(familyError(two)).toBe(0);
  expect(taken(parse(whole, ['compare.seeds=2', 'compare.uncertainty=rows']))).toMatchObject([{ alpha: 0.05 }]);
});

test('a plan halves as one, and keeps its levels when it is taken again', () => {
  const plan = withSeeds('{ first: 3, step: 3, most: 9 }');
  const looks = taken(plan);
  const byHand = taken(withSeeds('9'), looks.slice(0, 2));
  expect(byHand).toMatchObject([{ level: 0.025 }]);
  expect(taken(plan, [...byHand, ...looks.slice(0, 2)])).toEqual(looks);
  const after = taken(plan, byHand);
  expect(after.map(({ level }) => level)).toEqual(
    spendingLevels([3 / 9, 6 / 9, 1], 0.0125 / 4).map((level) => 4 * level),
  );
  expect(taken(plan, [...byHand, ...after.slice(0, 1)])).toEqual(after);
  expect(ofOtherPlans([...looks, ...byHand], plan)).toEqual(byHand);
});

test('the report of several comparisons is a look at all of their seeds', () => {
  const first = taken(withSeeds('3'));
  expect(lookAt([1, 2, 3], first)).toBe(first[0]);
  expect(lookAt([1, 2, 3, 7], first)).toMatchObject({ seeds: 4, level: 0.025 });
  expect(lookAt([1, 2], [])).toMatchObject({ level: 0.05 });
  const [joined, other] = [
    lookAt([1, 2, 3, 4, 5, 6], [...first, ...taken(withSeeds('[4, 5, 6]'))]),
    taken(withSeeds('[4, 5, 6]')),
  ];
  expect(familyError([...first, ...other, joined])).toBeCloseTo(0.05 + 0.05 + 0.025, 12);
});
