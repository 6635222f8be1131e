import type { Random } from '../../support/random.js';

/** Draws an index with given probabilities. */
export interface WeightedChoice {
  /** They sum to 1. */
  readonly probabilities: Float64Array;
  draw(random: Random): number;
}

/** @param weights Positive, with any sum. */
export function weightedChoice(weights: Float64Array): WeightedChoice {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const probabilities = weights.map((weight) => weight / total);
  const upTo = new Float64Array(weights.length); // the probability of this index or an earlier one
  let sum = 0;
  for (let i = 0; i < weights.length; i++) {
    sum += probabilities[i] ?? 0;
    upTo[i] = sum;
  }
  return {
    probabilities,
    draw(random) {
      const place = random.uniform();
      let low = 0;
      let high = upTo.length - 1;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (place < (upTo[middle] ?? 1)) high = middle;
        else low = middle + 1;
      }
      return low;
    },
  };
}

/** Zipf's law: index i has the weight (i + 1)^-exponent. */
export function zipfWeights(count: number, exponent: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => (i + 1) ** -exponent);
}
