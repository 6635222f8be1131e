import { type BinarySample, forEachTie } from './binary-sample.js';

/** A pair of rows counts with the product of their weights (Yao, Li and Graubard 2015). Null if there are not both classes. */
export function areaUnderCurve(sample: BinarySample): number | null {
  if (sample.positives.length === 0 || sample.negatives.length === 0) return null;
  let [ordered, reversed] = [0, 0]; // without weights multiples of 1/2: exact up to 2^52 pairs
  forEachTie(sample, ({ positives, negatives, positivesBelow, negativesBelow }) => {
    ordered += positives * (negativesBelow + negatives / 2);
    reversed += negatives * (positivesBelow + positives / 2);
  });
  return ordered / (ordered + reversed); // of a right order exactly 1, whatever the weights
}
