import { countNotAbove } from '../../support/arrays.js';
import { ConfigError } from '../../support/errors.js';
import { must } from '../../support/must.js';
import type { Random } from '../../support/random.js';
import { correlatedVectors, correlationMatrix, orthonormalized } from '../synthetic/synthetic-process.js';

interface FunnelOptions {
  readonly users: number;
  readonly items: number;
  readonly zipf: { readonly users: number; readonly items: number };
  readonly factors: number;
  readonly correlation: number | readonly (readonly number[])[];
  readonly rates: Rates;
  readonly autoplay: { readonly play: number; readonly relation: number } | null;
  readonly strength: number;
  readonly noise: number;
}

/** Who sees what, and where: an impression has a member of each of these populations, in this order. */
export const populationNames = ['user', 'item', 'hour', 'network', 'position'] as const;
export type PopulationName = (typeof populationNames)[number];
const networkIndex = populationNames.indexOf('network');

/** How responses depend on x. Each is in the order of `responses`. */
interface Relation {
  /** Unit vectors. Zeros for a response that does not depend on x. [responses, 3 factors + 3] */
  readonly weights: readonly Float64Array[];
  /** In log-odds. */
  readonly intercepts: readonly number[];
}

/** Everything that a simulated feed is drawn from, except the rows. */
export interface FunnelProcess {
  /** In the order of `populationNames`. */
  readonly populations: readonly Population[];
  /** Cosines of the weight vectors without autoplay, in the order of `responses`. */
  readonly correlation: readonly (readonly number[])[];
  /** By network. */
  readonly relations: readonly Relation[];
  /** A play is a valid view if its VCR is above it. */
  readonly threshold: number;
  readonly strength: number;
  /** Variance of the noise that is added to the log-odds of VCR. */
  readonly noise: number;
  /** Draws an impression: five uniform numbers, whatever the options. */
  draw(random: Random, impression: Int32Array): void;
  /** Writes w.x for every response to `target`, with w of the impression's network. */
  score(impression: Int32Array, target: Float64Array): void;
}

/** More in the evening than at night. */
const hourWeights = Float64Array.from(
  { length: 24 },
  (_, hour) => 1 + 0.8 * Math.cos((2 * Math.PI * (hour - 20)) / 24),
);
/** Wi-Fi, mobile, slow. */
const networkWeights = Float64Array.of(0.6, 0.3, 0.1);
const wifi = 0;
/** Positions on a page, equally frequent. */
const positionCount = 10;

/**
 * A response's log-odds are intercept + strength w.x. Here x are a user's factors a, an item's factors b, their
 * products a_j b_j, and one factor each of hour, network and position. Over impressions x is white with mean 0, so the
 * cosine of two w is the correlation of their w.x.
 *
 * With `autoplay`, plays on Wi-Fi start by themselves, whatever x is, and VCR has its own vector there. `relation` is
 * its component along VCR's vector elsewhere. The rest is orthogonal to all vectors.
 * @throws ConfigError for options that no process has.
 */
export function drawFunnel(options: FunnelOptions, random: Random): FunnelProcess {
  const { strength, noise, autoplay } = options;
  const populations = drawPopulations(options, random);
  const correlation = correlationMatrix(options.correlation, responses.length);
  const weights = drawWeights(correlation, options, random.stream('weights'));
  const impressions = {
    populations,
    strength,
    noise,
    score: scorer(populations, weights),
    draw(random: Random, impression: Int32Array) {
      for (const [p, population] of populations.entries()) impression[p] = population.draw(random);
    },
  };
  const share = populations[networkIndex]?.probabilities[wifi] ?? 0;
  const sample = drawSample(impressions, autoplay !== null, random.stream('rates'));
  const { intercepts, threshold } = solveRates(sample, options.rates, autoplay && { share, play: autoplay.play });
  const wifiIntercepts = autoplay ? replaced(intercepts, { play: logOdds(autoplay.play) }) : intercepts;
  const relations = weights.map((vectors, network) => {
    return { weights: vectors, intercepts: network === wifi ? wifiIntercepts : intercepts };
  });
  return { ...impressions, correlation, relations, threshold };
}

/** In the order of `populationNames`. @throws ConfigError for more factors than members. */
function drawPopulations({ factors, zipf, ...counts }: FunnelOptions, random: Random): readonly Population[] {
  for (const name of ['users', 'items'] as const)
    if (counts[name] <= factors)
      throw new ConfigError(
        `dataset.${name}: ${factors} factors need more than ${factors} ${name}, not ${counts[name]}.`,
      );
  const ranks = Float64Array.from({ length: positionCount }, (_, i) => i);
  return [
    drawPopulation(zipfWeights(counts.users, zipf.users), factors, random.stream('users')),
    drawPopulation(zipfWeights(counts.items, zipf.items), factors, random.stream('items')),
    drawPopulation(hourWeights, 1, random.stream('hours')),
    drawPopulation(networkWeights, 1, random.stream('networks')),
    whitePopulation(new Float64Array(positionCount).fill(1), ranks, 1),
  ];
}

/** The weight vectors of each network. With autoplay, those of VCR and of play are others on Wi-Fi. */
function drawWeights(
  correlation: readonly (readonly number[])[],
  { factors, autoplay }: FunnelOptions,
  random: Random,
): readonly (readonly Float64Array[])[] {
  const dimension = 3 * factors + 3;
  const cosines = withSecond(correlation, 'VCR', autoplay?.relation ?? 1);
  const weights = correlatedVectors(cosines, { dimension, norm: 1 }, random);
  const elsewhere = weights.slice(0, responses.length);
  const onWifi = replaced(elsewhere, { VCR: weights.at(-1), play: new Float64Array(dimension) });
  return Array.from(networkWeights, (_, network) => (autoplay && network === wifi ? onWifi : elsewhere));
}

/**
 * Adds a vector to the matrix. Its cosine with the vector of `response` is `cosine`, and it is otherwise orthogonal to
 * the others.
 */
function withSecond(matrix: readonly (readonly number[])[], response: Response, cosine: number): number[][] {
  const column = matrix[responses.indexOf(response)]?.map((value) => cosine * value) ?? [];
  return [...matrix.map((row, k) => [...row, column[k] ?? 0]), [...column, 1]];
}

/** Values in the order of `responses`, some of them replaced. */
function replaced<Value>(
  values: readonly Value[],
  others: Partial<Record<Response, NoInfer<Value> | undefined>>,
): Value[] {
  return values.map((value, k) => others[responses[k] ?? 'play'] ?? value);
}

/** Number of impressions on which the rates are solved. Other samples meet them to about one part in a hundred. */
const sampleRows = 2 ** 17;

function drawSample(
  { strength, noise, draw, score }: Pick<FunnelProcess, 'strength' | 'noise' | 'draw' | 'score'>,
  autoplay: boolean,
  random: Random,
) {
  const logits = responses.map(() => new Float64Array(sampleRows));
  const autoplayed = new Uint8Array(sampleRows);
  const impression = new Int32Array(populationNames.length);
  const scores = new Float64Array(responses.length);
  for (let row = 0; row < sampleRows; row++) {
    draw(random, impression);
    score(impression, scores);
    const noisy = Math.sqrt(noise) * random.normal();
    for (const [k, target] of logits.entries())
      target[row] = strength * (scores[k] ?? 0) + (responses[k] === 'VCR' ? noisy : 0);
    autoplayed[row] = Number(autoplay && impression[networkIndex] === wifi);
  }
  return { logits, autoplayed };
}

/** @param weights [networks][responses] */
function scorer(
  populations: readonly Population[],
  weights: readonly (readonly Float64Array[])[],
): FunnelProcess['score'] {
  const [users, items] = populations;
  if (!users || !items) throw new Error('There are users and items');
  const { width } = users;
  const offsets = [0, width, 3 * width, 3 * width + 1, 3 * width + 2]; // in x, of each population's factors
  return (impression, target) => {
    const vectors = must(weights[impression[networkIndex] ?? 0], 'weights of the network');
    const [a, b] = [(impression[0] ?? 0) * width, (impression[1] ?? 0) * width];
    for (let k = 0; k < target.length; k++) {
      const vector = must(vectors[k], 'weights');
      let sum = 0;
      for (let p = 0; p < offsets.length; p++) {
        const { factors, width } = must(populations[p], 'population');
        const [offset, first] = [offsets[p] ?? 0, (impression[p] ?? 0) * width];
        let product = 0;
        for (let j = 0; j < width; j++) product += (vector[offset + j] ?? 0) * (factors[first + j] ?? 0);
        sum += product;
      }
      for (let j = 0; j < width; j++)
        sum += (vector[2 * width + j] ?? 0) * (users.factors[a + j] ?? 0) * (items.factors[b + j] ?? 0);
      target[k] = sum;
    }
  };
}

/** Users, items, or the values of a context: their frequencies and hidden factors. */
interface Population {
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
function drawPopulation(weights: Float64Array, width: number, random: Random): Population {
  const factors = new Float64Array(weights.length * width);
  random.fillNormal(factors);
  return whitePopulation(weights, factors, width);
}

/** @param weights Positive, with any sum: how often each member occurs. @param factors are overwritten. */
function whitePopulation(weights: Float64Array, factors: Float64Array, width: number): Population {
  const size = weights.length;
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const probabilities = weights.map((weight) => weight / total);
  const upTo = new Float64Array(size); // of this member or an earlier one
  for (const [i, probability] of probabilities.entries()) upTo[i] = (upTo[i - 1] ?? 0) + probability;
  whiten(factors, width, probabilities);
  const draw = (random: Random) => Math.min(size - 1, countNotAbove(upTo, random.uniform()));
  return { size, probabilities, draw, factors, width };
}

/** Zipf's law: member i has the weight (i + 1)^-exponent. */
function zipfWeights(count: number, exponent: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => (i + 1) ** -exponent);
}

/**
 * Whitens the factors: subtracts from each its mean and its projection on the previous factors, and scales it to
 * variance 1. All moments are weighted by these probabilities.
 */
function whiten(factors: Float64Array, width: number, probabilities: Float64Array): void {
  const one = new Float64Array(probabilities.length).fill(1);
  const columns = Array.from({ length: width }, (_, j) => one.map((_, i) => factors[i * width + j] ?? 0));
  for (const [j, column] of orthonormalized(columns, [one], probabilities).entries())
    for (const [i, value] of column.entries()) factors[i * width + j] = value;
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
  return Int32Array.from(values, (value) => countNotAbove(least, value));
}

/**
 * The responses drawn for an impression, in the order of all weight vectors. `play` is not a task, but the sample space
 * of one.
 */
export const responses = ['CTR', 'play', 'VCR', 'SHR', 'CMR'] as const;
type Response = (typeof responses)[number];
/** VTR (valid view) is not drawn. It is a play whose VCR is above a threshold. */
export const taskNames = ['CTR', 'VTR', 'VCR', 'SHR', 'CMR'] as const;

/**
 * Rates of play, CTR (played and clicked) and VTR (valid view) over impressions; mean of VCR (watched part) over plays;
 * rates of SHR (share) and CMR (comment) over clicks.
 */
type Rates = Readonly<Record<Response | (typeof taskNames)[number], number>>;

/** Plays that start by themselves: the share of these impressions, and the share of them that is played. */
interface Autoplay {
  readonly share: number;
  readonly play: number;
}

/** A sample of impressions. */
interface Sample {
  /** Log-odds without intercepts. [responses][rows] */
  readonly logits: readonly Float64Array[];
  /** 1 if plays start by themselves, else 0. */
  readonly autoplayed: Uint8Array;
}

/**
 * Solves for the intercepts, in the order of `responses`, and VCR's threshold, so that every rate holds over its own
 * sample space. Play's intercept applies to impressions without autoplay.
 * @throws ConfigError for rates that are impossible together.
 */
function solveRates(
  { logits, autoplayed }: Sample,
  rates: Rates,
  autoplay: Autoplay | null,
): { readonly intercepts: readonly number[]; readonly threshold: number } {
  const responseLogits = (response: Response) => logits[responses.indexOf(response)] ?? new Float64Array();
  const byInterest = Float64Array.from(autoplayed, (flag) => 1 - flag);
  const play = intercept(responseLogits('play'), byInterest, playByInterest(rates, autoplay));
  const played = responseLogits('play').map((logit, row) =>
    autoplayed[row] && autoplay ? autoplay.play : expit(play + logit),
  );
  const click = intercept(responseLogits('CTR'), played, rates.CTR / rates.play);
  const clicked = responseLogits('CTR').map((logit, row) => (played[row] ?? 0) * expit(click + logit));
  const completion = intercept(responseLogits('VCR'), played, rates.VCR);
  const solved = {
    play,
    CTR: click,
    VCR: completion,
    SHR: intercept(responseLogits('SHR'), clicked, rates.SHR),
    CMR: intercept(responseLogits('CMR'), clicked, rates.CMR),
  };
  const watched = Float32Array.from(responseLogits('VCR'), (logit) => expit(completion + logit));
  return { intercepts: responses.map((response) => solved[response]), threshold: threshold(watched, played, rates) };
}

/** The rate of play that remains for impressions without autoplay. */
function playByInterest({ play, CTR, VTR }: Rates, autoplay: Autoplay | null): number {
  for (const [name, rate, done] of [
    ['CTR', CTR, 'clicked'],
    ['VTR', VTR, 'viewed'],
  ] as const) {
    if (rate < play) continue;
    throw new ConfigError(
      `dataset.rates.${name}: what is not played is not ${done}: it must be below rates.play (${play}), not ${rate}.`,
    );
  }
  if (!autoplay) return play;
  const { share, play: started } = autoplay;
  const left = (play - share * started) / (1 - share);
  if (left > 0 && left < 1) return left;
  const [on, least, most] = [share, share * started, share * started + 1 - share].map((value) =>
    Number(value.toFixed(4)),
  );
  throw new ConfigError(
    `dataset.rates.play: with autoplay.play ${started} on Wi-Fi (${on} of impressions) it must be between ${least} and ${most}, not ${play}.`,
  );
}

/**
 * The t that VCR exceeds in `rates.VTR / rates.play` of the plays, by bisection. VCR is compared in its stored form:
 * 32-bit floats.
 */
function threshold(watched: Float32Array, played: Float64Array, rates: Rates): number {
  const above = (t: number) => {
    let sum = 0;
    for (let row = 0; row < watched.length; row++) if ((watched[row] ?? 0) > t) sum += played[row] ?? 0;
    return sum;
  };
  const wanted = (rates.VTR / rates.play) * sum(played);
  let [low, high] = [0, 1];
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (above(middle) > wanted) low = middle;
    else high = middle;
  }
  if (above(high) > 0.9 * wanted) return high;
  // A 32-bit float is 1 from log-odds of about 17 on, so too many are equal.
  throw new ConfigError(
    `dataset.rates.VTR: too many plays are watched to the end for a rate of ${rates.VTR}; lower dataset.strength or dataset.noise.`,
  );
}

/**
 * The b at which the weighted mean of expit(b + logit) is `rate`: Newton's method, with bisection of the interval that
 * contains it.
 */
function intercept(logits: Float64Array, weights: Float64Array, rate: number): number {
  const total = sum(weights);
  let [low, high] = [-64, 64];
  let b = logOdds(rate);
  for (let step = 0; step < 200; step++) {
    let [mean, slope] = [0, 0];
    for (let row = 0; row < logits.length; row++) {
      const p = expit(b + (logits[row] ?? 0));
      mean += (weights[row] ?? 0) * p;
      slope += (weights[row] ?? 0) * p * (1 - p);
    }
    const miss = mean / total - rate;
    if (miss > 0) high = b;
    else low = b;
    const newton = b - miss / (slope / total);
    const next = newton > low && newton < high ? newton : (low + high) / 2;
    if (Math.abs(next - b) < 1e-12) return next;
    b = next;
  }
  return b;
}

export function expit(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/**
 * The mean of expit(x + s z) over z ~ N(0, 1), by the trapezoidal rule, whose error falls exponentially with the number
 * of points for such a function: it is below 1e-9 for s up to 10.
 */
export function meanExpit(x: number, s: number): number {
  const step = 1 / 16;
  let [sum, weights] = [0, 0];
  for (let z = -8; z <= 8; z += step) {
    const weight = Math.exp((-z * z) / 2);
    sum += weight * expit(x + s * z);
    weights += weight;
  }
  return sum / weights;
}

function logOdds(probability: number): number {
  return Math.log(probability / (1 - probability));
}

function sum(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}
