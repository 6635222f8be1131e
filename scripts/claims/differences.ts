// Paired differences over draws.
import type { Contrast } from '../../src/comparison/comparison.js';
import { type EstimateError, halfWidth, twoSidedP } from '../../src/comparison/statistics/behrens-fisher.js';
import { mean, standardDeviation } from '../../src/comparison/statistics/moments.js';
import { must } from '../../src/support/must.js';
import { signed } from './tables.js';

/** The means of a contrast's gains over tasks, by seed. */
export function seedGains(contrast: Contrast | undefined): readonly number[] {
  const [first, ...others] = Object.values(contrast?.tasks ?? {}).map(({ gains }) => gains);
  return (first ?? []).map(({ gain }, index) =>
    mean([gain, ...others.map((gains) => gains[index]?.gain ?? Number.NaN)]),
  );
}

export type Difference = ReturnType<typeof difference>;

export function errorOf(se: number, runs: number): EstimateError {
  return { estimated: [{ variance: se ** 2, degreesOfFreedom: runs - 1, runs, overlap: 0 }], known: 0 };
}

/** The mean of paired differences with its 95 % interval (Student's t). */
export function difference(values: readonly number[], digits: number) {
  const error = errorOf(standardDeviation(values) / Math.sqrt(values.length), values.length);
  const gain = mean(values);
  const [half, p] = values.every((value) => value === gain) ? [0, 1] : [halfWidth(0.05, error), twoSidedP(gain, error)];
  const words = `${signed(gain, digits)} [${signed(gain - half, digits)}, ${signed(gain + half, digits)}]`;
  return { gain, p, error, words: `${words}, p ${p < 0.001 ? '< .001' : p.toFixed(3)}` };
}

export function less(values: readonly number[], others: readonly number[]): readonly number[] {
  return values.map((value, index) => value - must(others[index], 'a pair'));
}
