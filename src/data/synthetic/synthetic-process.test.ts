import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../support/errors.js';
import { randomFromSeed } from '../../support/random.js';
import { drawProcess, type ProcessOptions } from './synthetic-process.js';

const draw = (options: Partial<ProcessOptions>, seed = 1) =>
  drawProcess({ dimension: 20, tasks: 2, correlation: 0.5, sines: 10, scale: 1, ...options }, randomFromSeed(seed));

function dot(a: Float64Array | undefined, b: Float64Array | undefined): number {
  let sum = 0;
  for (const [i, value] of (a ?? []).entries()) sum += value * (b?.[i] ?? Number.NaN);
  return sum;
}

describe('weights', () => {
  test('pitfall 32: w2 = c (p u1 + sqrt(1 - p^2) u2) with u1 and u2 of the same draw for every p', () => {
    const [one, two] = [draw({ correlation: 0 }), draw({ correlation: 0.6, scale: 2 })];
    const [u1, u2] = one.weights;
    expect(two.weights[0]).toEqual(u1?.map((value) => 2 * value));
    for (const [i, value] of (two.weights[1] ?? []).entries()) {
      expect(value).toBeCloseTo(2 * (0.6 * (u1?.[i] ?? 0) + 0.8 * (u2?.[i] ?? 0)), 12);
    }
  });

  test('pitfall 32: have norm c and the wanted cosines, of a singular matrix too', () => {
    const given = [
      [1, 0.1, -0.4],
      [0.1, 1, 0.7],
      [-0.4, 0.7, 1],
    ];
    for (const correlation of [-0.5, given]) {
      const { weights, correlation: matrix } = draw({ tasks: 3, correlation, dimension: 3, scale: 3 });
      for (const [k, row] of matrix.entries())
        for (const [l, wanted] of row.entries()) expect(dot(weights[k], weights[l])).toBeCloseTo(9 * wanted, 9);
    }
  });

  test.each<[Partial<ProcessOptions>, RegExp]>([
    [{ tasks: 4, correlation: -0.4 }, /at least -1/],
    [{ dimension: 1 }, /2 tasks need at least 2 dimensions/],
    [
      {
        correlation: [
          [1, 0.5],
          [0.4, 1],
        ],
      },
      /a symmetric matrix/,
    ],
  ])('%j is a config error', (options, message) => {
    expect(() => draw(options)).toThrow(ConfigError);
    expect(() => draw(options)).toThrow(message);
  });
});

test('pitfall 32: alpha and beta come from the seed, are normal, and know nothing of each other', () => {
  const process = draw({ sines: 20_000 });
  expect(draw({ sines: 20_000 })).toEqual(process);
  expect(draw({ sines: 20_000 }, 2).alpha).not.toEqual(process.alpha);
  for (const values of [process.alpha, process.beta]) {
    const moment = (power: number) => values.reduce((sum, value) => sum + value ** power, 0) / values.length;
    expect(Math.abs(moment(1))).toBeLessThan(5 / Math.sqrt(20_000));
    expect(Math.abs(moment(2) - 1)).toBeLessThan(5 * Math.sqrt(2 / 20_000));
    expect(Math.abs(moment(4) - 3)).toBeLessThan(5 * Math.sqrt(96 / 20_000)); // a uniform distribution has 1.8
  }
  expect(Math.abs(dot(process.alpha, process.beta)) / 20_000).toBeLessThan(5 / Math.sqrt(20_000));
});
