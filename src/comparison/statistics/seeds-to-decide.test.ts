import { expect, it } from 'vitest';
import { addErrors } from './gain-error.js';
import { testFamily } from './gain-family.js';
import { seedsToDecide, type Undecided } from './seeds-to-decide.js';

const base: Undecided = {
  gain: 1,
  seeds: { variance: 0.25, degreesOfFreedom: 4 },
  pairs: 5,
  rows: null,
  margin: null,
  level: { difference: 0.05 / 4, equivalence: 0.05 / 4 },
};

/** Whether so many seeds decide a gain among `open` undecided ones, by the test itself. */
function decides({ gain, seeds, pairs, rows, margin }: Undecided, number: number, open: number): boolean {
  const own = {
    variance: (seeds.variance * pairs) / number,
    degreesOfFreedom: (seeds.degreesOfFreedom * (number - 1)) / (pairs - 1),
  };
  const member = { gain, margin, error: rows ? addErrors(own, rows) : own };
  const [test] = testFamily(Array(open).fill(member), 0.05); // of equal p-values the first adjusted one counts all
  return (test?.pHolm ?? 1) < 0.05 || (test?.pEquivalent ?? 1) < 0.05;
}

it('is the first number of seeds that the test itself decides at', () => {
  for (const undecided of [
    base,
    { ...base, gain: 0.4 },
    { ...base, gain: 0.05, margin: 0.6 },
    { ...base, gain: -0.7, rows: { variance: 0.02, degreesOfFreedom: Number.POSITIVE_INFINITY } },
  ]) {
    const found = seedsToDecide(undecided);
    if (found === null) throw new Error('It can be decided.');
    expect(decides(undecided, found, 4)).toBe(true);
    expect(decides(undecided, found - 1, 4)).toBe(false);
  }
});

it('is null where the test rows alone leave it open, and beyond a thousand', () => {
  expect(seedsToDecide({ ...base, rows: { variance: 1, degreesOfFreedom: Number.POSITIVE_INFINITY } })).toBeNull();
  expect(seedsToDecide({ ...base, gain: 0.001 })).toBeNull();
});
