import type { Random } from '../../support/random.js';

/** Users, items, or the values of a context: their frequencies and hidden factors. */
export interface Population {
  readonly size: number;
  /** They sum to 1. */
  readonly probabilities: Float64Array;
  /** A member. */
  draw(random: Random): number;
  /** Hidden factors. They are uncorrelated, with mean 0 and variance 1 over draws. [members, width], row-major */
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

/** @param weights Positive, with any sum: how often each member occurs. @param factors are overwritten. */
export function whitePopulation(weights: Float64Array, factors: Float64Array, width: number): Population {
  const size = weights.length;
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const probabilities = weights.map((weight) => weight / total);
  const upTo = new Float64Array(size); // of this member or an earlier one
  for (const [i, probability] of probabilities.entries()) upTo[i] = (upTo[i - 1] ?? 0) + probability;
  whiten(factors, width, probabilities);
  const draw = (random: Random) => Math.min(size - 1, countUpTo(upTo, random.uniform()));
  return { size, probabilities, draw, factors, width };
}

/** Zipf's law: member i has the weight (i + 1)^-exponent. */
export function zipfWeights(count: number, exponent: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => (i + 1) ** -exponent);
}

/**
 * Whitens the factors: subtracts from each its mean and its projection on the previous factors, and scales it to
 * variance 1. All moments are weighted by these probabilities (Gram-Schmidt, each step twice against rounding).
 */
function whiten(factors: Float64Array, width: number, probabilities: Float64Array): void {
  const product = (a: number, b: number | null) => {
    let sum = 0;
    for (let i = 0, at = 0; i < probabilities.length; i++, at += width) {
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
export function seen({ size, factors, width }: Population, factor: number, random: Random): Float64Array {
  return Float64Array.from({ length: size }, (_, i) => {
    const value = factors[i * width + (factor % width)] ?? 0;
    return Math.sqrt(seenShare) * value + Math.sqrt(1 - seenShare) * random.normal();
  });
}

/** Groups of about equal size, by rank of the values: 0 … groups - 1. */
export function ranked(values: Float64Array, groups: number): Int32Array {
  const sorted = values.toSorted(); // a sort of indexes, by a comparison, takes much longer
  const least = Float64Array.from({ length: groups - 1 }, (_, g) => {
    return sorted[Math.ceil(((g + 1) * values.length) / groups)] ?? Number.POSITIVE_INFINITY;
  }); // of the groups after the first
  return Int32Array.from(values, (value) => countUpTo(least, value));
}

/** How many of ascending numbers are not above the value. */
function countUpTo(ascending: Float64Array, value: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] ?? 0) <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}
