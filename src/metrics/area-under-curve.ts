import { type BinarySample, forEachTie } from './binary-sample.js';

/** Null if there are not both classes. */
export function areaUnderCurve(sample: BinarySample): number | null {
  const pairs = sample.positives.length * sample.negatives.length;
  if (pairs === 0) return null;
  let ordered = 0; // a multiple of 1/2: exact up to 2^52 pairs
  forEachTie(sample, ({ positives, negatives, negativesBelow }) => {
    ordered += positives * (negativesBelow + negatives / 2);
  });
  return ordered / pairs;
}
