import { describe, expect, test } from 'vitest';
import type { Source } from '../dataset.js';
import { correlation, mean, readColumns } from '../moments.fixture.js';
import { readRows } from '../table/table-loader.fixture.js';
import { synthetic, syntheticOptions } from './synthetic.js';

const options = (settings: object = {}) =>
  syntheticOptions.parse({
    loader: 'synthetic',
    rows: { train: 2000, validation: 100, test: 100 },
    dimension: 8,
    ...settings,
  });

const open = (settings: object = {}, seed = 1) => synthetic.open(options(settings), { seed, note: () => undefined });

const moment = (values: readonly number[], power: number) => mean(values.map((value) => value ** power));

describe('rows', () => {
  test('pitfall 32: the noise is a variance, and independent between tasks', async () => {
    const rows = { train: 40_000, validation: 1, test: 1 };
    const [loud, still] = [await open({ rows, noise: 0.25 }), await open({ rows, noise: 0 })];
    const [with_, without] = [await readColumns(loud), await readColumns(still)];
    const noise = with_.labels.map((values, k) => values.map((label, row) => label - (without.labels[k]?.[row] ?? 0)));
    for (const values of noise) {
      expect(Math.abs(moment(values, 1))).toBeLessThan(5 * Math.sqrt(0.25 / 40_000));
      expect(Math.abs(moment(values, 2) - 0.25)).toBeLessThan(5 * 0.25 * Math.sqrt(2 / 40_000));
    }
    expect(Math.abs(correlation(noise[0] ?? [], noise[1] ?? []))).toBeLessThan(5 / Math.sqrt(40_000));
    expect(syntheticOptions.parse({ loader: 'synthetic', rows }).noise).toBe(0.01);
  });

  test('labels of the test split have no noise, those of the others have', async () => {
    const rows = { train: 600, validation: 600, test: 600 };
    const [loud, still] = [await open({ rows, noise: 0.25 }), await open({ rows, noise: 0 })];
    for (const split of ['train', 'validation', 'test'] as const) {
      const [with_, without] = [(await readColumns(loud, split)).labels, (await readColumns(still, split)).labels];
      if (split === 'test') expect(with_).toEqual(without);
      else expect(with_.flat().filter((label, row) => label === without.flat()[row])).toEqual([]);
    }
  });

  test('pitfall 32: features are standard normal, not uniform, and independent', async () => {
    const { columns } = await readColumns(
      await open({ rows: { train: 50_000, validation: 1, test: 1 }, dimension: 4 }),
    );
    for (const [c, values] of columns.entries()) {
      expect(Math.abs(moment(values, 1))).toBeLessThan(5 / Math.sqrt(50_000));
      expect(Math.abs(moment(values, 2) - 1)).toBeLessThan(5 * Math.sqrt(2 / 50_000));
      expect(Math.abs(moment(values, 4) - 3)).toBeLessThan(5 * Math.sqrt(96 / 50_000));
      for (const other of columns.slice(c + 1)) {
        expect(Math.abs(correlation(values, other))).toBeLessThan(5 / Math.sqrt(50_000));
      }
    }
  });
});

describe('a context', () => {
  const settings = {
    rows: { train: 60_000, validation: 1, test: 1 },
    dimension: 10,
    tasks: 3,
    sines: 2,
    scale: 1.5,
    correlation: 0.5,
    noise: 0,
    context: { values: 4, opposed: 0.3 },
  };

  test('turns the relation of two tasks: their correlation is rho + q s_j s_k, and labels have mean 0 and variance 1', async () => {
    const source = await open(settings);
    const { labels } = await readColumns(source);
    const context = (await readRows(source, 'train')).map((row) => row.context);
    const found = [1, 2].map((other) =>
      [0, 1, 2, 3].map((c) => {
        const inside = (_: number, row: number) => context[row] === `c${c + 1}`;
        return correlation((labels[0] ?? []).filter(inside), (labels[other] ?? []).filter(inside));
      }),
    );
    for (const ofTask of found) {
      const turned = ofTask.filter((value) => value < 0.5);
      expect(turned).toHaveLength(2);
      for (const value of ofTask) expect(Math.abs(value - (value < 0.5 ? 0.2 : 0.8))).toBeLessThan(0.03);
    }
    // No other column sees it: over all rows, tasks correlate by rho.
    expect(Math.abs(correlation(labels[0] ?? [], labels[1] ?? []) - 0.5)).toBeLessThan(0.02);
    for (const values of labels) {
      expect(Math.abs(moment(values, 1))).toBeLessThan(0.03);
      expect(Math.abs(moment(values, 2) - 1)).toBeLessThan(0.03);
    }
  });

  test('tasks have noise of their own size, and labels for their share of rows', async () => {
    const open2 = (noise: readonly number[]) =>
      open({ ...settings, noise, labelled: [1, 0.1, 1], rows: { train: 20_000, validation: 1, test: 1 } });
    const [still, loud] = [await readColumns(await open2([0, 0, 0])), await readColumns(await open2([0, 1, 4]))];
    const differences = loud.labels.map((values, k) =>
      values.flatMap((value, row) => (Number.isNaN(value) ? [] : value - (still.labels[k]?.[row] ?? 0))),
    );
    expect(differences.map(({ length }) => length)).toEqual([20_000, expect.closeTo(2000, -2.4), 20_000]);
    expect(differences.map((values) => moment(values, 2))).toEqual([0, expect.closeTo(1, 0), expect.closeTo(4, 0)]);
    expect(Math.abs(moment(differences[2] ?? [], 2) - 4)).toBeLessThan(0.2);
  });

  test.each([
    [{ correlation: 0.8 }, 'dataset.context.opposed: with correlation 0.8'],
    [{ dimension: 9 }, '(tasks + 2) * sines = 10 dimensions, not 9'],
    [{ labelled: [1] }, 'dataset.labelled: it has 1 numbers, but there are 3 tasks'],
  ])('refuses %j', async (change, message) => {
    await expect(open({ ...settings, ...change })).rejects.toThrow(message);
  });
});

describe('draws', () => {
  test('follow the run seed only if told to', async () => {
    expect((await open({}, 1)).checksum).toBe((await open({}, 2)).checksum);
    const [one, two] = [await open({ seed: 'run' }, 1), await open({ seed: 'run' }, 2)];
    expect(one.checksum).not.toBe(two.checksum);
    const labels = async (source: Source) => (await readColumns(source)).labels;
    expect(await labels(one)).not.toEqual(await labels(two));
    expect(await labels(one)).toEqual(await labels(await open({ seed: 1 })));
  });
});
