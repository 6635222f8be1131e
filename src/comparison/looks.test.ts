import { expect, test } from 'vitest';
import { parse, whole } from '../config/comparison.fixture.js';
import { afterOthers, familyError, plannedLooks } from './looks.js';
import { spendingLevels } from './statistics/alpha-spending.js';

test('one look tests at .05, however many gains there are', () => {
  expect(plannedLooks(parse(whole))).toEqual([{ seeds: 2, most: 2, level: 0.05, planned: true }]);
});

test('several looks spend .05 in all, of every gain its share', () => {
  const looks = plannedLooks(parse(whole, ['compare.seeds={ first: 5, step: 10, most: 30 }']));
  expect(looks.map(({ seeds, most, planned }) => [seeds, most, planned])).toEqual([
    [5, 30, true],
    [15, 30, true],
    [25, 30, true],
    [30, 30, true],
  ]);
  const gains = 2 * 2; // two models beside the baseline, two tasks
  const levels = spendingLevels([5 / 30, 15 / 30, 25 / 30, 1], 0.05 / gains);
  expect(looks.map(({ level }) => level)).toEqual(levels.map((level) => gains * level));
  expect(familyError(looks, gains)).toBeCloseTo(0.05, 9);
});

test('a look that was not planned pays with half of its level for each one before it', () => {
  const earlier = { seeds: 5, most: 5, level: 0.05, planned: true, undecided: 3 };
  const look = { seeds: 10, most: 10, level: 0.05, planned: true };
  expect(afterOthers(look, [])).toBe(look);
  expect(afterOthers(look, [earlier])).toEqual({ ...look, level: 0.025, planned: false });
  expect(afterOthers(look, [earlier, earlier]).level).toBe(0.0125);
  // Two looks at .05 have .083 (Armitage, McPherson and Rowe 1969); the second at .025 adds less.
  expect(familyError([earlier, look], 1)).toBeCloseTo(0.083, 3);
  expect(familyError([earlier, afterOthers(look, [earlier])], 1)).toBeCloseTo(0.0643, 3);
});
