import { expect, test } from 'vitest';
import { randomFromSeed } from './random.js';

const count = 500_000;
const draws = new Float64Array(count);
randomFromSeed(5).fillNormal(draws);

/** Abramowitz and Stegun 26.2.17, exact to 7.5e-8. */
function distribution(x: number): number {
  if (x < 0) return 1 - distribution(-x);
  const t = 1 / (1 + 0.2316419 * x);
  const series = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return 1 - (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)) * series;
}

test('normals have the moments of N(0, 1) within sampling error', () => {
  const moment = (power: number) => draws.reduce((sum, x) => sum + x ** power, 0) / count;
  const fiveErrors = (variance: number) => 5 * Math.sqrt(variance / count);
  expect(Math.abs(moment(1))).toBeLessThan(fiveErrors(1));
  expect(Math.abs(moment(2) - 1)).toBeLessThan(fiveErrors(2));
  expect(Math.abs(moment(3))).toBeLessThan(fiveErrors(15));
  expect(Math.abs(moment(4) - 3)).toBeLessThan(fiveErrors(96));
});

test('normals have the distribution of N(0, 1), in the tail too', () => {
  const edges = Array.from({ length: 81 }, (_, i) => -4 + i / 10);
  const counts = new Float64Array(edges.length + 1);
  for (const x of draws) {
    const interval = Math.min(81, Math.max(0, Math.floor((x + 4) * 10 + 1)));
    counts[interval] = (counts[interval] ?? 0) + 1;
  }
  let statistic = 0;
  for (let i = 0; i <= edges.length; i++) {
    const low = i === 0 ? 0 : distribution(edges[i - 1] ?? 0);
    const high = i === edges.length ? 1 : distribution(edges[i] ?? 0);
    const expected = count * (high - low);
    statistic += ((counts[i] ?? 0) - expected) ** 2 / expected;
  }
  expect(statistic).toBeLessThan(81 + 5 * Math.sqrt(2 * 81)); // chi-squared with 81 degrees of freedom
  expect(draws.reduce((most, x) => Math.max(most, x), 0)).toBeGreaterThan(4.2);
});

test('consecutive normals are uncorrelated', () => {
  for (const lag of [1, 2, 3]) {
    let sum = 0;
    for (let i = lag; i < count; i++) sum += (draws[i] ?? 0) * (draws[i - lag] ?? 0);
    expect(Math.abs(sum / count)).toBeLessThan(5 / Math.sqrt(count));
  }
});
