import { ConfigError } from '../../support/errors.js';
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

/**
 * Computes w.x from parts that each depend on one member, and from the products.
 * @param weights [networks][responses]
 */
function scorer(
  { users, items, hours, networks, positions }: Populations,
  weights: readonly (readonly Float64Array[])[],
): FunnelProcess['score'] {
  const factors = users.width;
  const vectors = [...new Set(weights.flat())]; // networks share most of them
  const places = weights.map((ofNetwork) => ofNetwork.map((vector) => vectors.indexOf(vector)));
  const count = vectors.length;
  const ofUsers = projected(users, vectors, 0);
  const ofItems = projected(items, vectors, factors);
  const ofHours = projected(hours, vectors, 3 * factors);
  const ofNetworks = projected(networks, vectors, 3 * factors + 1);
  const ofPositions = projected(positions, vectors, 3 * factors + 2);
  const products = vectors.map((vector) => vector.subarray(2 * factors, 3 * factors));
  return ({ user, item, hour, network, position }, target) => {
    const chosen = places[network];
    for (let k = 0; k < target.length; k++) {
      const v = chosen?.[k] ?? 0;
      let sum =
        (ofUsers[user * count + v] ?? 0) +
        (ofItems[item * count + v] ?? 0) +
        (ofHours[hour * count + v] ?? 0) +
        (ofNetworks[network * count + v] ?? 0) +
        (ofPositions[position * count + v] ?? 0);
      const product = products[v];
      for (let j = 0; j < factors; j++) {
        sum +=
          (product?.[j] ?? 0) * (users.factors[user * factors + j] ?? 0) * (items.factors[item * factors + j] ?? 0);
      }
      target[k] = sum;
    }
  };
}

/** The contribution to w.x of a population's own factors, which start at index `from` of x. [members, vectors] */
function projected({ factors, width }: Population, vectors: readonly Float64Array[], from: number): Float64Array {
  const count = vectors.length;
  const members = factors.length / width;
  const result = new Float64Array(members * count);
  for (let i = 0; i < members; i++) {
    for (const [k, vector] of vectors.entries()) {
      let sum = 0;
      for (let j = 0; j < width; j++) sum += (vector[from + j] ?? 0) * (factors[i * width + j] ?? 0);
      result[i * count + k] = sum;
    }
  }
  return result;
}
