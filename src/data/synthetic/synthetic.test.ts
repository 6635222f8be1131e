import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../support/errors.js';
import type { Source } from '../dataset.js';
import { correlation, dot, mean, moment, readColumns } from '../moments.fixture.js';
import { drawSynthetic, synthetic, syntheticOptions } from './synthetic.js';

const options = (settings: object = {}) =>
  syntheticOptions.parse({
    loader: 'synthetic',
    rows: { train: 2000, validation: 100, test: 100 },
    dimension: 8,
    ...settings,
  });
const open = (settings: object = {}) => synthetic.open(options(settings), { seed: 1, note: () => undefined });
const draw = (settings: object = {}, seed = 1) => drawSynthetic(options({ dimension: 20, ...settings }), seed);
const train = (rows: number) => ({ rows: { train: rows, validation: 1, test: 1 } });

/** A uniform distribution has a fourth moment of 1.8 variances squared. */
function expectNormal(values: ArrayLike<number>, variance = 1): void {
  const [all, near] = [Array.from(values), 5 / Math.sqrt(values.length)];
  expect(Math.abs(moment(all, 1))).toBeLessThan(near * Math.sqrt(variance));
  expect(Math.abs(moment(all, 2) / variance - 1)).toBeLessThan(near * Math.sqrt(2));
  expect(Math.abs(moment(all, 4) / variance ** 2 - 3)).toBeLessThan(near * Math.sqrt(96));
}

const expectIndependent = (...all: readonly ArrayLike<number>[]) => {
  for (const [k, a] of all.entries())
    for (const b of all.slice(k + 1))
      expect(Math.abs(correlation(Array.from(a), Array.from(b)))).toBeLessThan(5 / Math.sqrt(a.length));
};

describe('pitfall 32', () => {
  test('w2 = c (p u1 + sqrt(1 - p^2) u2) with u1 and u2 of the same draw for every p', () => {
    const [one, two] = [draw({ correlation: 0 }), draw({ correlation: 0.6, scale: 2 })];
    const [u1, u2] = one.weights;
    expect(two.weights[0]).toEqual(u1?.map((value) => 2 * value));
    for (const [i, value] of (two.weights[1] ?? []).entries())
      expect(value).toBeCloseTo(2 * (0.6 * (u1?.[i] ?? 0) + 0.8 * (u2?.[i] ?? 0)), 12);
  });

  test('weights have norm c and the wanted cosines, of a singular matrix too', () => {
    const given = [
      [1, 0.1, -0.4],
      [0.1, 1, 0.7],
      [-0.4, 0.7, 1],
    ];
    for (const correlation of [-0.5, given]) {
      const { weights, cosine } = draw({ tasks: 3, correlation, dimension: 3, scale: 3 });
      for (const [k, row] of cosine.entries())
        for (const [l, wanted] of row.entries()) expect(dot(weights[k], weights[l])).toBeCloseTo(9 * wanted, 9);
    }
  });

  test('alpha and beta come from the seed, are normal, and know nothing of each other', () => {
    const { alpha, beta } = draw({ sines: 1000 });
    expect(draw({ sines: 1000 })).toMatchObject({ alpha, beta });
    expect(draw({ sines: 1000 }, 2).alpha).not.toEqual(alpha);
    for (const values of [alpha, beta]) expectNormal(values);
    expectIndependent(alpha, beta);
  });

  test('features are standard normal, and independent', async () => {
    const { columns } = await readColumns(await open({ ...train(50_000), dimension: 4 }));
    for (const values of columns) expectNormal(values);
    expectIndependent(...columns);
  });

  test('the noise is a variance, and independent between tasks; labels of the test split have none', async () => {
    const rows = { train: 40_000, validation: 600, test: 600 };
    const [loud, still] = [await open({ rows, noise: 0.25 }), await open({ rows, noise: 0 })];
    const noise = async (split: 'train' | 'validation' | 'test') => {
      const [a, b] = [(await readColumns(loud, split)).labels, (await readColumns(still, split)).labels];
      return a.map((values, k) => values.map((label, row) => label - (b[k]?.[row] ?? Number.NaN)));
    };
    for (const values of await noise('train')) expectNormal(values, 0.25);
    expectIndependent(...(await noise('train')));
    expect((await noise('validation')).flat()).not.toContain(0);
    expect(new Set((await noise('test')).flat())).toEqual(new Set([0]));
    expect(options().noise).toBe(0.01);

    const noiseless = await open({ rows, noise: 0.25, noiseless: 'validation' });
    const labels = async (source: Source, split: 'train' | 'validation') => (await readColumns(source, split)).labels;
    expect(await labels(noiseless, 'validation')).toEqual(await labels(still, 'validation'));
    expect(await labels(noiseless, 'train')).toEqual(await labels(loud, 'train'));
  });
});

const inContext = {
  ...{ ...train(60_000), dimension: 10, tasks: 3, sines: 2, scale: 1.5, correlation: 0.5, noise: 0 },
  context: { values: 4, opposed: 0.3 },
};

test('a context turns the relation of two tasks: their correlation is rho + q s_j s_k, and labels have mean 0 and variance 1', async () => {
  const { labels, column } = await readColumns(await open(inContext));
  const context = column('context');
  const [first = [], ...others] = labels;
  for (const other of others) {
    const found = [...new Set(context)].map((c) => {
      const inside = (_: number, row: number) => context[row] === c;
      return correlation(first.filter(inside), other.filter(inside));
    });
    // s is -1 in two of the four
    expect(found.toSorted()).toEqual([0.2, 0.2, 0.8, 0.8].map((value) => expect.closeTo(value, 1.2)));
  }
  // No other column sees it: over all rows, tasks correlate by rho.
  expect(correlation(first, labels[1] ?? [])).toBeCloseTo(0.5, 1.4);
  for (const values of labels)
    expect([mean(values), moment(values, 2)]).toEqual([expect.closeTo(0, 1.2), expect.closeTo(1, 1.2)]);
});

test('tasks have noise of their own size, and labels for their share of rows', async () => {
  const labels = async (noise: readonly number[]) =>
    (await readColumns(await open({ ...inContext, noise, labelled: [1, 0.1, 1], ...train(20_000) }))).labels;
  const [still, loud] = [await labels([0, 0, 0]), await labels([0, 1, 4])];
  const noise = loud.map((values, k) =>
    values.map((value, row) => value - (still[k]?.[row] ?? 0)).filter((value) => !Number.isNaN(value)),
  );
  expect(noise.map(({ length }) => length)).toEqual([20_000, expect.closeTo(2000, -2.4), 20_000]);
  expect(new Set(noise[0])).toEqual(new Set([0]));
  expectNormal(noise[1] ?? [], 1);
  expectNormal(noise[2] ?? [], 4);
});

test.each<[object, string]>([
  [{ tasks: 4, correlation: -0.4 }, 'at least -1 / (K - 1)'],
  [{ dimension: 1 }, '2 tasks need at least 2 dimensions'],
  [
    {
      correlation: [
        [1, 0.5],
        [0.4, 1],
      ],
    },
    'a symmetric matrix',
  ],
  [{ ...inContext, correlation: 0.8 }, 'dataset.context.opposed: with correlation 0.8'],
  [{ ...inContext, correlation: -0.1 }, 'with dataset.context it is one number from 0 to 1'],
  [{ ...inContext, dimension: 9 }, '(tasks + 2) * sines = 10 dimensions, not 9'],
  [{ ...inContext, labelled: [1] }, 'dataset.labelled: it has 1 numbers, but there are 3 tasks'],
])('%j is a config error', async (settings, message) => {
  await expect(open(settings)).rejects.toThrow(ConfigError);
  await expect(open(settings)).rejects.toThrow(message);
});
