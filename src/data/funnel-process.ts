import { ConfigError } from '../support/errors.js';
import type { Random } from '../support/random.js';
import { correlatedVectors, correlationMatrix } from './correlated-vectors.js';
import { drawPopulation, type Population, whitePopulation } from './funnel-population.js';
import { type Rates, responses, solveIntercepts, taskNames } from './funnel-rates.js';
import { zipfWeights } from './weighted-choice.js';

interface FunnelOptions {
  readonly users: number;
  readonly items: number;
  readonly zipf: { readonly users: number; readonly items: number };
  readonly factors: number;
  readonly correlation: number | readonly (readonly number[])[];
  readonly rates: Rates;
  readonly strength: number;
  readonly noise: number;
}

interface Populations {
  readonly users: Population;
  readonly items: Population;
  readonly hours: Population;
  readonly networks: Population;
  readonly positions: Population;
}

/** What a simulated feed is drawn from: everything but the rows. */
export interface FunnelProcess extends Populations {
  /** Cosines of the tasks' weight vectors, in the order of `taskNames`. */
  readonly correlation: readonly (readonly number[])[];
  /** A unit vector per response, over x. [responses, 3 factors + 3] */
  readonly weights: readonly Float64Array[];
  /** Per response, in log-odds. */
  readonly intercepts: readonly number[];
  readonly strength: number;
  /** Variance of what is added to the log-odds of VCR. */
  readonly noise: number;
  /** Writes w.x for every response to `target`. */
  score(impression: Impression, target: Float64Array): void;
}

/** Who sees what, and where: indexes of the populations. */
export interface Impression {
  user: number;
  item: number;
  hour: number;
  network: number;
  position: number;
}

/**
 * A response's log-odds are intercept + strength w.x, where x are a user's factors a, an item's factors b, their products a_j b_j, and one
 * factor each of hour, network and position. Over impressions x has mean 0 and is white, so that the cosine of two tasks' w is the
 * correlation of their w.x. The vector of `play` is orthogonal to those of the tasks.
 * @throws ConfigError for options that no process has.
 */
export function drawFunnel(options: FunnelOptions, random: Random): FunnelProcess {
  const { factors, strength, noise } = options;
  checkOptions(options);
  const users = drawPopulation(zipfWeights(options.users, options.zipf.users), factors, random.stream('users'));
  const items = drawPopulation(zipfWeights(options.items, options.zipf.items), factors, random.stream('items'));
  const hours = drawPopulation(hourWeights, 1, random.stream('hours'));
  const networks = drawPopulation(networkWeights, 1, random.stream('networks'));
  const ranks = Float64Array.from({ length: positionCount }, (_, i) => i);
  const positions = whitePopulation(new Float64Array(positionCount).fill(1), ranks, 1);

  const correlation = correlationMatrix(options.correlation, taskNames.length);
  const withPlay = [[1, ...correlation.map(() => 0)], ...correlation.map((row) => [0, ...row])];
  const weights = correlatedVectors(withPlay, { dimension: 3 * factors + 3, norm: 1 }, random.stream('weights'));

  const parts = { users, items, hours, networks, positions, correlation, weights, strength, noise };
  const process = { ...parts, score: scorer(parts) };
  return { ...process, intercepts: solveIntercepts(sampleLogits(process, random.stream('rates')), options.rates) };
}

/** Draws five uniform numbers, whatever the options. */
export function drawImpression(process: Populations, random: Random, into: Impression): void {
  into.user = process.users.choice.draw(random);
  into.item = process.items.choice.draw(random);
  into.hour = process.hours.choice.draw(random);
  into.network = process.networks.choice.draw(random);
  into.position = process.positions.choice.draw(random);
}

/** Impressions that the rates are met on: others meet them to about one part in a hundred. */
const sampleRows = 2 ** 17;

/** Log-odds without intercepts. [responses][sampleRows] */
function sampleLogits(process: Omit<FunnelProcess, 'intercepts'>, random: Random): Float64Array[] {
  const { strength, noise, score } = process;
  const logits = responses.map(() => new Float64Array(sampleRows));
  const impression: Impression = { user: 0, item: 0, hour: 0, network: 0, position: 0 };
  const scores = new Float64Array(responses.length);
  for (let row = 0; row < sampleRows; row++) {
    drawImpression(process, random, impression);
    score(impression, scores);
    const noisy = Math.sqrt(noise) * random.normal();
    for (let k = 0; k < logits.length; k++) {
      const target = logits[k];
      if (target) target[row] = strength * (scores[k] ?? 0) + (responses[k] === 'VCR' ? noisy : 0);
    }
  }
  return logits;
}

function checkOptions({ users, items, factors, rates }: FunnelOptions): void {
  for (const [name, count] of [
    ['users', users],
    ['items', items],
  ] as const) {
    if (count > factors) continue;
    throw new ConfigError(`dataset.${name}: ${factors} factors need more than ${factors} ${name}, not ${count}.`);
  }
  for (const name of ['CTR', 'VTR'] as const) {
    if (rates[name] < rates.play) continue;
    throw new ConfigError(
      `dataset.rates.${name}: what is not played is not ${name === 'CTR' ? 'clicked' : 'viewed'}: it is below rates.play (${rates.play}), not ${rates[name]}.`,
    );
  }
}

/** More in the evening than at night. */
const hourWeights = Float64Array.from(
  { length: 24 },
  (_, hour) => 1 + 0.8 * Math.cos((2 * Math.PI * (hour - 20)) / 24),
);
/** Wi-Fi, mobile, slow. */
const networkWeights = Float64Array.of(0.6, 0.3, 0.1);
/** Places of a page, equally often. */
const positionCount = 10;

/** w.x by parts that depend on one member each, and the products. */
function scorer({
  users,
  items,
  hours,
  networks,
  positions,
  weights,
}: Populations & Pick<FunnelProcess, 'weights'>): FunnelProcess['score'] {
  const factors = users.width;
  const count = weights.length;
  const ofUsers = projected(users, weights, 0);
  const ofItems = projected(items, weights, factors);
  const ofHours = projected(hours, weights, 3 * factors);
  const ofNetworks = projected(networks, weights, 3 * factors + 1);
  const ofPositions = projected(positions, weights, 3 * factors + 2);
  const products = weights.map((weight) => weight.subarray(2 * factors, 3 * factors));
  return ({ user, item, hour, network, position }, target) => {
    for (let k = 0; k < count; k++) {
      let sum =
        (ofUsers[user * count + k] ?? 0) +
        (ofItems[item * count + k] ?? 0) +
        (ofHours[hour * count + k] ?? 0) +
        (ofNetworks[network * count + k] ?? 0) +
        (ofPositions[position * count + k] ?? 0);
      const product = products[k];
      for (let j = 0; j < factors; j++) {
        sum +=
          (product?.[j] ?? 0) * (users.factors[user * factors + j] ?? 0) * (items.factors[item * factors + j] ?? 0);
      }
      target[k] = sum;
    }
  };
}

/** The part of w.x that a population's own factors have, from place `from` of x. [members, responses] */
function projected({ factors, width }: Population, weights: readonly Float64Array[], from: number): Float64Array {
  const count = weights.length;
  const members = factors.length / width;
  const result = new Float64Array(members * count);
  for (let i = 0; i < members; i++) {
    for (const [k, weight] of weights.entries()) {
      let sum = 0;
      for (let j = 0; j < width; j++) sum += (weight[from + j] ?? 0) * (factors[i * width + j] ?? 0);
      result[i * count + k] = sum;
    }
  }
  return result;
}
