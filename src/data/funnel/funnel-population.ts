import type { Random } from '../../support/random.js';
import { type WeightedChoice, weightedChoice } from './weighted-choice.js';

/** Users, items, or the values of a context: their frequencies and hidden factors. */
export interface Population {
  readonly choice: WeightedChoice;
  /** Hidden factors. They are uncorrelated, with mean 0 and variance 1 over draws. [members, factors], row-major */
  readonly factors: Float64Array;
  /** Number of factors per member. */
  readonly width: number;
}

/** Members with normal factors, whitened. There must be more members than factors. */
export function drawPopulation(weights: Float64Array, width: number, random: Random): Population {
  const factors = new Float64Array(weights.length * width);
  random.fillNormal(factors);
  return whitePopulation(weights, factors, width);
}

export function whitePopulation(weights: Float64Array, factors: Float64Array, width: number): Population {
  const choice = weightedChoice(weights);
  whiten(factors, width, choice.probabilities);
  return { choice, factors, width };
}

/**
 * Whitens the factors: subtracts from each its mean and its projection on the previous factors, and scales it to
 * variance 1. All moments are weighted by these probabilities (Gram-Schmidt, each step twice against rounding).
 */
function whiten(factors: Float64Array, width: number, probabilities: Float64Array): void {
  const members = probabilities.length;
  const product = (a: number, b: number | null) => {
    let sum = 0;
    for (let i = 0, at = 0; i < members; i++, at += width) {
      sum += (probabilities[i] ?? 0) * (factors[at + a] ?? 0) * (b === null ? 1 : (factors[at + b] ?? 0));
    }
    return sum;
  };
  for (let j = 0; j < width; j++) {
    const before = [null, ...Array.from({ length: j }, (_, k) => k)];
    for (const k of [...before, ...before]) {
      const shared = product(j, k);
      for (let at = 0; at < factors.length; at += width) {
        factors[at + j] = (factors[at + j] ?? 0) - shared * (k === null ? 1 : (factors[at + k] ?? 0));
      }
    }
    const deviation = Math.sqrt(product(j, j));
    for (let at = j; at < factors.length; at += width) factors[at] = (factors[at] ?? 0) / deviation;
  }
}

/** The share of a factor in the variance of its observed value. The rest is noise of each member. */
const seenShare = 0.64;

/** The feature's observed value of a factor: sqrt(0.64) factor + sqrt(0.36) noise, member by member. */
export function seen({ factors, width }: Population, factor: number, random: Random): Float64Array {
  return Float64Array.from(
    { length: factors.length / width },
    (_, i) =>
      Math.sqrt(seenShare) * (factors[i * width + (factor % width)] ?? 0) + Math.sqrt(1 - seenShare) * random.normal(),
  );
}

/** Groups of about equal size, by rank of the values (of equal ones by place): 0 … groups - 1. */
export function ranked(values: Float64Array, groups: number): Int32Array {
  const { length } = values;
  const groupOf = (rank: number) => Math.floor((rank * groups) / length);
  const sorted = values.toSorted(); // a sort of indexes, by a comparison, takes much longer
  const least = new Float64Array(groups - 1); // of the groups after the first
  const next = new Map<number, number>(); // the rank of the next of equal values that are in several groups
  for (let group = 1; group < groups; group++) {
    const start = Math.ceil((group * length) / groups);
    const value = sorted[start] ?? Number.POSITIVE_INFINITY;
    least[group - 1] = value;
    if (sorted[start - 1] === value && !next.has(value)) next.set(value, firstPlace(sorted, value));
  }
  return Int32Array.from(values, (value) => {
    const rank = next.size > 0 ? next.get(value) : undefined;
    if (rank === undefined) return upTo(least, value);
    next.set(value, rank + 1);
    return groupOf(rank);
  });
}

/** Of ascending numbers, the first place of one of them. */
function firstPlace(sorted: Float64Array, value: number): number {
  let place = upTo(sorted, value) - 1;
  while (place > 0 && sorted[place - 1] === value) place--;
  return place;
}

/** How many of ascending numbers are not above the value. */
function upTo(sorted: Float64Array, value: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? 0) <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}
