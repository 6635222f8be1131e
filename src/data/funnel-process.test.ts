import { describe, expect, test } from 'vitest';
import { randomFromSeed } from '../support/random.js';
import { type FunnelLoaderOptions, funnelOptions } from './funnel.js';
import { seen } from './funnel-population.js';
import { drawFunnel, type FunnelProcess, type Impression } from './funnel-process.js';
import { responses, solveIntercepts } from './funnel-rates.js';
import { weightedChoice, zipfWeights } from './weighted-choice.js';

const rows = { train: 1, validation: 1, test: 1 };
const options = (settings: Partial<FunnelLoaderOptions> | Record<string, unknown> = {}) =>
  funnelOptions.parse({ loader: 'funnel', rows, users: 9, items: 7, factors: 2, ...settings });
const draw = (settings: Record<string, unknown> = {}) => drawFunnel(options(settings), randomFromSeed(3));

/** Every impression that there can be, with its probability. */
function* everyImpression({ users, items, hours, networks, positions }: FunnelProcess) {
  const impression: Impression = { user: 0, item: 0, hour: 0, network: 0, position: 0 };
  const places = [users, items, hours, networks, positions].map(({ choice }) => choice.probabilities);
  const [u = [], i = [], h = [], n = [], p = []] = places;
  for (impression.user = 0; impression.user < u.length; impression.user++)
    for (impression.item = 0; impression.item < i.length; impression.item++)
      for (impression.hour = 0; impression.hour < h.length; impression.hour++)
        for (impression.network = 0; impression.network < n.length; impression.network++)
          for (impression.position = 0; impression.position < p.length; impression.position++) {
            const { user, item, hour, network, position } = impression;
            const probability =
              (u[user] ?? 0) * (i[item] ?? 0) * (h[hour] ?? 0) * (n[network] ?? 0) * (p[position] ?? 0);
            yield { impression, probability };
          }
}

describe('w.x', () => {
  test.each([-0.25, 0, 0.3, 1])('over impressions has variance 1 and, of two tasks, correlation %d', (correlation) => {
    const process = draw({ correlation });
    const scores = new Float64Array(responses.length);
    const moments = responses.map(() => responses.map(() => 0));
    const means = responses.map(() => 0);
    for (const { impression, probability } of everyImpression(process)) {
      process.score(impression, scores);
      for (const [k, row] of moments.entries()) {
        means[k] = (means[k] ?? 0) + probability * (scores[k] ?? 0);
        for (const l of row.keys()) row[l] = (row[l] ?? 0) + probability * (scores[k] ?? 0) * (scores[l] ?? 0);
      }
    }
    for (const [k, row] of moments.entries()) {
      expect(means[k]).toBeCloseTo(0, 10);
      for (const [l, moment] of row.entries()) {
        const expected = k === l ? 1 : k === 0 || l === 0 ? 0 : correlation; // 0 is play
        expect(moment).toBeCloseTo(expected, 10);
      }
    }
  });

  test('is the product with the factors of user and item, their products, and the contexts', () => {
    const process = draw({ factors: 3, correlation: 0.2 });
    const impression = { user: 4, item: 2, hour: 21, network: 1, position: 7 };
    const a = [...process.users.factors.subarray(12, 15)];
    const b = [...process.items.factors.subarray(6, 9)];
    const contexts = [process.hours.factors[21], process.networks.factors[1], process.positions.factors[7]];
    const x = [...a, ...b, ...a.map((value, j) => value * (b[j] ?? 0)), ...contexts];
    const scores = new Float64Array(responses.length);
    process.score(impression, scores);
    for (const [k, weight] of process.weights.entries()) {
      expect(weight).toHaveLength(x.length);
      expect(scores[k]).toBeCloseTo(
        x.reduce<number>((sum, value, i) => sum + (value ?? 0) * (weight[i] ?? 0), 0),
        12,
      );
    }
  });

  test('a matrix gives every pair a cosine of its own', () => {
    const correlation = [
      [1, 0.5, -0.5, 0, 0],
      [0.5, 1, -0.8, 0, 0],
      [-0.5, -0.8, 1, 0, 0],
      [0, 0, 0, 1, 0.9],
      [0, 0, 0, 0.9, 1],
    ];
    const { weights } = draw({ correlation });
    for (const [k, row] of correlation.entries()) {
      for (const [l, cosine] of row.entries()) {
        const [v, w] = [weights[k + 1] ?? new Float64Array(), weights[l + 1]];
        expect(v.reduce((sum, value, i) => sum + value * (w?.[i] ?? 0), 0)).toBeCloseTo(cosine, 12);
      }
    }
  });
});

test('intercepts: play over impressions, CTR and VTR through play, VCR over plays, SHR and CMR over clicks', () => {
  const expit = (z: number) => 1 / (1 + Math.exp(-z));
  const logits = responses.map((_, k) => Float64Array.from({ length: 500 }, (_, row) => 2 * Math.sin(row * (k + 1.3))));
  const rates = { play: 0.7, CTR: 0.2, VTR: 0.6, VCR: 0.25, SHR: 0.01, CMR: 0.9 };
  const solved = solveIntercepts(logits, rates);
  const p = logits.map((values, k) => [...values].map((logit) => expit((solved[k] ?? 0) + logit)));
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [play = [], click = [], view = [], completion = [], share = [], comment = []] = p;
  const over = (space: readonly number[], values: readonly number[]) =>
    mean(values.map((value, row) => value * (space[row] ?? 0))) / mean(space);
  const clicked = click.map((value, row) => value * (play[row] ?? 0));
  expect(mean(play)).toBeCloseTo(0.7, 10);
  expect(mean(clicked)).toBeCloseTo(0.2, 10);
  expect(mean(view.map((value, row) => value * (play[row] ?? 0)))).toBeCloseTo(0.6, 10);
  expect(over(play, completion)).toBeCloseTo(0.25, 10);
  expect(over(clicked, share)).toBeCloseTo(0.01, 10);
  expect(over(clicked, comment)).toBeCloseTo(0.9, 10);
});

test('what no process has is refused', () => {
  expect(() => draw({ factors: 9 })).toThrow('dataset.users: 9 factors need more than 9 users, not 9');
  expect(() => draw({ rates: { CTR: 0.6, play: 0.6 } })).toThrow(
    'dataset.rates.CTR: what is not played is not clicked: it is below rates.play (0.6), not 0.6.',
  );
  expect(() => draw({ correlation: -0.3 })).toThrow('5 tasks cannot all have a correlation below -0.25');
});

test('ids follow their law', () => {
  const choice = weightedChoice(zipfWeights(50, 1.2));
  const random = randomFromSeed(8);
  const counts = new Float64Array(50);
  const draws = 100_000;
  for (let i = 0; i < draws; i++) {
    const index = choice.draw(random);
    counts[index] = (counts[index] ?? 0) + 1;
  }
  const total = Array.from({ length: 50 }, (_, r) => (r + 1) ** -1.2).reduce((sum, weight) => sum + weight, 0);
  for (const [rank, count] of counts.entries()) {
    const expected = (draws * (rank + 1) ** -1.2) / total;
    expect(Math.abs(count - expected)).toBeLessThan(5 * Math.sqrt(expected));
  }
});

test('features show 0.64 of the variance of a factor', () => {
  const { users } = draw({ users: 20_000, zipf: { users: 0 } });
  const view = seen(users, 1, randomFromSeed(5));
  const factor = Float64Array.from(view, (_, i) => users.factors[2 * i + 1] ?? 0);
  const product = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
  const r = product(view, factor) / Math.sqrt(product(view, view) * product(factor, factor));
  expect(Math.abs(r - 0.8)).toBeLessThan(5 / Math.sqrt(20_000));
});
