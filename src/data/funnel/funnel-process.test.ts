import { describe, expect, test } from 'vitest';
import { randomFromSeed } from '../../support/random.js';
import { type FunnelLoaderOptions, funnelOptions } from './funnel.js';
import { drawFunnel, type FunnelProcess, type Impression } from './funnel-process.js';
import { responses } from './funnel-rates.js';
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

const wifi = 0;
const dot = (a: ArrayLike<number> = [], b: ArrayLike<number> = []) =>
  Array.from(a).reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);

describe('w.x', () => {
  test('over impressions has variance 1 and, of two responses, the correlation of the matrix: CTR, play, VCR, SHR, CMR', () => {
    const correlation = [
      [1, 0.5, -0.5, 0, 0],
      [0.5, 1, -0.8, 0, 0],
      [-0.5, -0.8, 1, 0, 0],
      [0, 0, 0, 1, 0.9],
      [0, 0, 0, 0.9, 1],
    ];
    expect(responses).toEqual(['CTR', 'play', 'VCR', 'SHR', 'CMR']);
    const process = draw({ correlation, autoplay: null });
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
      for (const [l, moment] of row.entries()) expect(moment).toBeCloseTo(correlation[k]?.[l] ?? Number.NaN, 10);
    }
  });

  test('is the product with x, by the vectors of the network', () => {
    const network = wifi;
    const process = draw({ factors: 3, correlation: 0.2 });
    const impression = { user: 4, item: 2, hour: 21, network, position: 7 };
    const a = [...process.users.factors.subarray(12, 15)];
    const b = [...process.items.factors.subarray(6, 9)];
    const contexts = [process.hours.factors[21], process.networks.factors[network], process.positions.factors[7]];
    const x = [...a, ...b, ...a.map((value, j) => value * (b[j] ?? 0)), ...contexts].map((value) => value ?? 0);
    const scores = new Float64Array(responses.length);
    process.score(impression, scores);
    const weights = process.relations[network]?.weights ?? [];
    expect(weights).toHaveLength(responses.length);
    for (const [k, weight] of weights.entries()) {
      expect(weight).toHaveLength(x.length);
      expect(scores[k]).toBeCloseTo(dot(x, weight), 12);
    }
  });
});

describe('autoplay', () => {
  const [play, completion] = [responses.indexOf('play'), responses.indexOf('VCR')];

  test('VCR has another vector on Wi-Fi, of the given cosine; the other responses have theirs', () => {
    const relation = 0.6;
    const { relations } = draw({ correlation: 0.4, autoplay: { play: 0.8, relation } });
    const [on, off] = [relations[wifi], relations[1]];
    expect(relations[2]).toEqual(off);
    expect(dot(on?.weights[completion], on?.weights[completion])).toBeCloseTo(1, 12);
    for (const [k, vector] of (off?.weights ?? []).entries()) {
      // What it has in common with the others it has through VCR's elsewhere.
      const cosine = k === completion ? relation : 0.4 * relation;
      expect(dot(on?.weights[completion], vector)).toBeCloseTo(cosine, 12);
      if (k === play) expect(on?.weights[k]?.every((value) => value === 0)).toBe(true);
      else if (k !== completion) expect(on?.weights[k]).toEqual(vector);
      if (k === play) expect(on?.intercepts[k]).toBeCloseTo(Math.log(0.8 / 0.2), 12);
      else expect(on?.intercepts[k]).toBe(off?.intercepts[k]);
    }
  });
});

test('what no process has is refused', () => {
  expect(() => draw({ rates: { CTR: 0.75, play: 0.75 } })).toThrow(
    'dataset.rates.CTR: what is not played is not clicked',
  );
  expect(() => draw({ rates: { play: 0.5 } })).toThrow(
    'dataset.rates.play: with autoplay.play 0.9 on Wi-Fi (0.6 of impressions) it must be between 0.54 and 0.94, not 0.5.',
  );
});

test('ids follow their law', () => {
  const choice = weightedChoice(zipfWeights(50, 1.2));
  const random = randomFromSeed(8);
  const counts = new Float64Array(50);
  const draws = 40_000;
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
