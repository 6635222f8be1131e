import { beforeAll, describe, expect, it, test } from 'vitest';
import { randomFromSeed } from '../../support/random.js';
import { tf } from '../../support/tf.js';
import type { NoiseUnits } from '../model.js';
import { present } from '../run.fixture.js';
import { inBlocks } from './axes.js';
import { drawNoise, dropout } from './noise.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const [batch, members, width] = [512, 3, 40];
const units: NoiseUnits = { layer: [members, width], other: [1, 8] };

/** Ones after dropout, by row: [batch][unit]. */
function kept(rate: number, { seed = 1, step = 0, name = 'layer' } = {}): number[][] {
  const drawn = drawNoise(units, batch, randomFromSeed(seed), { first: step, steps: 1 });
  const noise = Object.fromEntries(
    Object.entries(drawn).map(([key, { shape, data }]) => [key, tf.tensor(data, shape.slice(1))]),
  );
  const [streams, features] = present(units[name]);
  const ones = inBlocks(tf.ones([batch, streams * features])); // [blocks, features, rows]
  const [blocks = 0, , rows = 0] = ones.shape;
  const left = dropout(ones.reshape([blocks, streams, features, rows]), rate, name, { training: true, noise });
  const byUnit = left
    .reshape([blocks, streams * features, rows])
    .transpose([0, 2, 1])
    .dataSync();
  const size = streams * features;
  return Array.from({ length: batch }, (_, row) => [...byUnit.slice(row * size, (row + 1) * size)]);
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('at a rate of 0.1', () => {
  const rate = 0.1;
  const rows = [0, 1, 2].flatMap((step) => kept(rate, { step }));
  const isKept = rows.map((row) => row.map((value) => Number(value !== 0)));

  it('keeps the right share, and the mean of what is kept', () => {
    // Six standard errors of this number of independent draws.
    const limit = 6 * Math.sqrt((rate * (1 - rate)) / isKept.flat().length);
    expect(Math.abs(mean(isKept.flat()) - (1 - rate))).toBeLessThan(limit);
    for (const value of new Set(rows.flat())) if (value !== 0) expect(value).toBeCloseTo(1 / (1 - rate), 3);
  });

  it('drops units, rows and steps independently', () => {
    const expectIndependent = (a: readonly number[], b: readonly number[]) => {
      const products = a.map((value, i) => (value - 1 + rate) * (present(b[i]) - 1 + rate));
      expect(Math.abs(mean(products) / (rate * (1 - rate)))).toBeLessThan(6 / Math.sqrt(a.length));
    };
    const unit = (u: number) => isKept.map((row) => present(row[u]));
    for (const other of [1, 7, width, 2 * width + 3]) expectIndependent(unit(0), unit(other));
    for (const distance of [1, 256, batch])
      expectIndependent(isKept.slice(distance).flat(), isKept.slice(0, -distance).flat());
  });
});

test('what is dropped differs between seeds and layers', () => {
  const [layer, other] = [kept(0.5), kept(0.5, { name: 'other' })];
  expect(kept(0.5, { seed: 2 })).not.toEqual(layer);
  expect(layer.map((row) => row.slice(0, 8))).not.toEqual(other);
});

test('a step draws the same wherever its chunk begins', () => {
  const random = randomFromSeed(3);
  const all = drawNoise(units, 5, random, { first: 0, steps: 6 });
  const last = drawNoise(units, 5, random, { first: 4, steps: 2 });
  for (const [name, { data }] of Object.entries(last))
    expect(data).toEqual(present(all[name]).data.slice(-data.length));
});

test('a layer draws the same whatever other layers there are', () => {
  const draw = (of: NoiseUnits) => drawNoise(of, 5, randomFromSeed(3), { first: 2, steps: 1 });
  expect(draw({ layer: present(units.layer) }).layer).toEqual(draw(units).layer);
});
