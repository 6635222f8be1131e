import { ConfigError } from '../../support/errors.js';
import { must } from '../../support/must.js';
import type { Random } from '../../support/random.js';
import { correlatedVectors, correlationMatrix } from '../synthetic/correlated-vectors.js';
import { drawPopulation, type Population, whitePopulation, zipfWeights } from './funnel-population.js';
import { logOdds, type Rates, type Response, responses, solveRates } from './funnel-rates.js';

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
export const parts = ['user', 'item', 'hour', 'network', 'position'] as const;
export type Part = (typeof parts)[number];
const networkPart = parts.indexOf('network');

/** How responses depend on x. Each is in the order of `responses`. */
interface Relation {
  /** Unit vectors. Zeros for a response that does not depend on x. [responses, 3 factors + 3] */
  readonly weights: readonly Float64Array[];
  /** In log-odds. */
  readonly intercepts: readonly number[];
}

/** Everything that a simulated feed is drawn from, except the rows. */
export interface FunnelProcess {
  /** In the order of `parts`. */
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
  draw(random: Random, into: Int32Array): void;
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
  const { factors, strength, noise, autoplay, zipf } = options;
  for (const name of ['users', 'items'] as const)
    if (options[name] <= factors)
      throw new ConfigError(
        `dataset.${name}: ${factors} factors need more than ${factors} ${name}, not ${options[name]}.`,
      );
  const ranks = Float64Array.from({ length: positionCount }, (_, i) => i);
  const populations = [
    drawPopulation(zipfWeights(options.users, zipf.users), factors, random.stream('users')),
    drawPopulation(zipfWeights(options.items, zipf.items), factors, random.stream('items')),
    drawPopulation(hourWeights, 1, random.stream('hours')),
    drawPopulation(networkWeights, 1, random.stream('networks')),
    whitePopulation(new Float64Array(positionCount).fill(1), ranks, 1),
  ];
  const correlation = correlationMatrix(options.correlation, responses.length);
  const vectors = { dimension: 3 * factors + 3, norm: 1 };
  const second = withSecond(correlation, 'VCR', autoplay?.relation ?? 1);
  const weights = correlatedVectors(second, vectors, random.stream('weights'));
  const elsewhere = weights.slice(0, responses.length);
  const onWifi = autoplay
    ? replaced(elsewhere, { VCR: weights.at(-1), play: new Float64Array(vectors.dimension) })
    : elsewhere;
  const byNetwork = <Value>(ofWifi: Value, ofOthers: Value) =>
    Array.from(networkWeights, (_, network) => (network === wifi ? ofWifi : ofOthers));
  const drawn = {
    ...{ populations, strength, noise, score: scorer(populations, byNetwork(onWifi, elsewhere)) },
    draw(random: Random, into: Int32Array) {
      for (let part = 0; part < populations.length; part++) into[part] = populations[part]?.draw(random) ?? 0;
    },
  };
  const started = autoplay && { share: populations[networkPart]?.probabilities[wifi] ?? 0, play: autoplay.play };
  const sample = drawSample(drawn, autoplay !== null, random.stream('rates'));
  const { intercepts, threshold } = solveRates(sample, options.rates, started);
  const relations = byNetwork(
    { weights: onWifi, intercepts: autoplay ? replaced(intercepts, { play: logOdds(autoplay.play) }) : intercepts },
    { weights: elsewhere, intercepts },
  );
  return { ...drawn, correlation, relations, threshold };
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
  const impression = new Int32Array(parts.length);
  const scores = new Float64Array(responses.length);
  for (let row = 0; row < sampleRows; row++) {
    draw(random, impression);
    score(impression, scores);
    const noisy = Math.sqrt(noise) * random.normal();
    for (const [k, target] of logits.entries())
      target[row] = strength * (scores[k] ?? 0) + (responses[k] === 'VCR' ? noisy : 0);
    autoplayed[row] = Number(autoplay && impression[networkPart] === wifi);
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
  const places = [0, width, 3 * width, 3 * width + 1, 3 * width + 2]; // in x, of each population's factors
  return (impression, target) => {
    const vectors = must(weights[impression[networkPart] ?? 0], 'weights of the network');
    const [a, b] = [(impression[0] ?? 0) * width, (impression[1] ?? 0) * width];
    for (let k = 0; k < target.length; k++) {
      const vector = must(vectors[k], 'weights');
      let sum = 0;
      for (let part = 0; part < places.length; part++) {
        const { factors, width } = must(populations[part], 'population');
        const [from, at] = [places[part] ?? 0, (impression[part] ?? 0) * width];
        let product = 0;
        for (let j = 0; j < width; j++) product += (vector[from + j] ?? 0) * (factors[at + j] ?? 0);
        sum += product;
      }
      for (let j = 0; j < width; j++)
        sum += (vector[2 * width + j] ?? 0) * (users.factors[a + j] ?? 0) * (items.factors[b + j] ?? 0);
      target[k] = sum;
    }
  };
}
