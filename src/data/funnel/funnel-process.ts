import { ConfigError } from '../../support/errors.js';
import { must } from '../../support/must.js';
import type { Random } from '../../support/random.js';
import { correlatedVectors, correlationMatrix } from '../synthetic/correlated-vectors.js';
import { drawPopulation, type Population, whitePopulation } from './funnel-population.js';
import { logOdds, type Rates, type Response, responses, solveRates } from './funnel-rates.js';
import { zipfWeights } from './weighted-choice.js';

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

interface Populations {
  readonly users: Population;
  readonly items: Population;
  readonly hours: Population;
  readonly networks: Population;
  readonly positions: Population;
}

/** How responses depend on x. Each is in the order of `responses`. */
interface Relation {
  /** Unit vectors. Zeros for a response that does not depend on x. [responses, 3 factors + 3] */
  readonly weights: readonly Float64Array[];
  /** In log-odds. */
  readonly intercepts: readonly number[];
}

/** Everything that a simulated feed is drawn from, except the rows. */
export interface FunnelProcess extends Populations {
  /** Cosines of the weight vectors without autoplay, in the order of `responses`. */
  readonly correlation: readonly (readonly number[])[];
  /** By network. */
  readonly relations: readonly Relation[];
  /** A play is a valid view if its VCR is above it. */
  readonly threshold: number;
  readonly strength: number;
  /** Variance of the noise that is added to the log-odds of VCR. */
  readonly noise: number;
  /** Writes w.x for every response to `target`, with w of the impression's network. */
  score(impression: Impression, target: Float64Array): void;
}

/** Who sees what, and where: indexes into the populations. */
export interface Impression {
  user: number;
  item: number;
  hour: number;
  network: number;
  position: number;
}

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
  const { factors, strength, noise, autoplay } = options;
  checkSizes(options);
  const users = drawPopulation(zipfWeights(options.users, options.zipf.users), factors, random.stream('users'));
  const items = drawPopulation(zipfWeights(options.items, options.zipf.items), factors, random.stream('items'));
  const hours = drawPopulation(hourWeights, 1, random.stream('hours'));
  const networks = drawPopulation(networkWeights, 1, random.stream('networks'));
  const ranks = Float64Array.from({ length: positionCount }, (_, i) => i);
  const positions = whitePopulation(new Float64Array(positionCount).fill(1), ranks, 1);

  const correlation = correlationMatrix(options.correlation, responses.length);
  const vectors = { dimension: 3 * factors + 3, norm: 1 };
  const weights = correlatedVectors(
    withSecond(correlation, 'VCR', autoplay?.relation ?? 1),
    vectors,
    random.stream('weights'),
  );
  const elsewhere = weights.slice(0, responses.length);
  const onWifi = autoplay
    ? replaced(elsewhere, { VCR: weights.at(-1), play: new Float64Array(vectors.dimension) })
    : elsewhere;
  const byNetwork = <Value>(ofWifi: Value, ofOthers: Value) =>
    Array.from(networkWeights, (_, network) => (network === wifi ? ofWifi : ofOthers));

  const populations = { users, items, hours, networks, positions };
  const score = scorer(populations, byNetwork(onWifi, elsewhere));
  const started = autoplay && { share: networks.choice.probabilities[wifi] ?? 0, play: autoplay.play };
  const sample = drawSample({ ...populations, score, strength, noise }, autoplay !== null, random.stream('rates'));
  const { intercepts, threshold } = solveRates(sample, options.rates, started);
  const relations = byNetwork(
    { weights: onWifi, intercepts: autoplay ? replaced(intercepts, { play: logOdds(autoplay.play) }) : intercepts },
    { weights: elsewhere, intercepts },
  );
  return { ...populations, correlation, relations, threshold, strength, noise, score };
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

/** Draws five uniform numbers, whatever the options. */
export function drawImpression(process: Populations, random: Random, into: Impression): void {
  into.user = process.users.choice.draw(random);
  into.item = process.items.choice.draw(random);
  into.hour = process.hours.choice.draw(random);
  into.network = process.networks.choice.draw(random);
  into.position = process.positions.choice.draw(random);
}

/** Number of impressions on which the rates are solved. Other samples meet them to about one part in a hundred. */
const sampleRows = 2 ** 17;

function drawSample(
  { strength, noise, ...process }: Populations & Pick<FunnelProcess, 'score' | 'strength' | 'noise'>,
  autoplay: boolean,
  random: Random,
) {
  const logits = responses.map(() => new Float64Array(sampleRows));
  const autoplayed = new Uint8Array(sampleRows);
  const impression: Impression = { user: 0, item: 0, hour: 0, network: 0, position: 0 };
  const scores = new Float64Array(responses.length);
  for (let row = 0; row < sampleRows; row++) {
    drawImpression(process, random, impression);
    process.score(impression, scores);
    const noisy = Math.sqrt(noise) * random.normal();
    for (let k = 0; k < logits.length; k++) {
      const target = logits[k];
      if (target) target[row] = strength * (scores[k] ?? 0) + (responses[k] === 'VCR' ? noisy : 0);
    }
    autoplayed[row] = autoplay && impression.network === wifi ? 1 : 0;
  }
  return { logits, autoplayed };
}

function checkSizes({ users, items, factors }: FunnelOptions): void {
  for (const [name, count] of [
    ['users', users],
    ['items', items],
  ] as const) {
    if (count > factors) continue;
    throw new ConfigError(`dataset.${name}: ${factors} factors need more than ${factors} ${name}, not ${count}.`);
  }
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

/** @param weights [networks][responses] */
function scorer(
  { users, items, hours, networks, positions }: Populations,
  weights: readonly (readonly Float64Array[])[],
): FunnelProcess['score'] {
  const { width } = users;
  return ({ user, item, hour, network, position }, target) => {
    for (let k = 0; k < target.length; k++) {
      const vector = must(weights[network]?.[k], 'weights');
      let sum =
        product(vector, 0, users, user) +
        product(vector, width, items, item) +
        product(vector, 3 * width, hours, hour) +
        product(vector, 3 * width + 1, networks, network) +
        product(vector, 3 * width + 2, positions, position);
      for (let j = 0; j < width; j++)
        sum += (vector[2 * width + j] ?? 0) * factor(users, user, j) * factor(items, item, j);
      target[k] = sum;
    }
  };
}

function factor({ factors, width }: Population, member: number, j: number): number {
  return factors[member * width + j] ?? 0;
}

/** The contribution to w.x of a member's factors, which start at index `from` of x. */
function product(vector: Float64Array, from: number, population: Population, member: number): number {
  let sum = 0;
  for (let j = 0; j < population.width; j++) sum += (vector[from + j] ?? 0) * factor(population, member, j);
  return sum;
}
