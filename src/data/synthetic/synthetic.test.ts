import { describe, expect, test } from 'vitest';
import { inputsSchema } from '../../config/parts.js';
import { readBatches } from '../batches/batches.js';
import { type Source, type SplitName, singleOf } from '../dataset.js';
import { encode } from '../encode/encode.js';
import { drawSynthetic, synthetic, syntheticOptions } from './synthetic.js';
import { labelCorrelation, labelVariance, response } from './synthetic-process.js';

const options = (settings: object = {}) =>
  syntheticOptions.parse({
    loader: 'synthetic',
    rows: { train: 2000, validation: 100, test: 100 },
    dimension: 8,
    ...settings,
  });

const open = (settings: object = {}, seed = 1) => synthetic.open(options(settings), { seed, note: () => undefined });

/** [column or task, row] */
async function contents(source: Source, name: SplitName = 'train') {
  const split = source.splits[name];
  const columns: number[][] = source.columns.map(() => []);
  const labels: number[][] = source.tasks.map(() => []);
  for (let b = 0; b * split.blockRows < split.rows; b++) {
    const block = await split.read(b);
    for (const [c, values] of block.columns.entries()) columns[c]?.push(...singleOf(values));
    for (const [t, values] of block.labels.entries()) labels[t]?.push(...values);
  }
  return { columns, labels };
}

const moment = (values: readonly number[], power: number) =>
  values.reduce((sum, value) => sum + value ** power, 0) / values.length;

function correlation(a: readonly number[], b: readonly number[]): number {
  const [ma, mb] = [moment(a, 1), moment(b, 1)];
  const covariance = a.reduce((sum, value, i) => sum + (value - ma) * ((b[i] ?? 0) - mb), 0) / a.length;
  return covariance / Math.sqrt((moment(a, 2) - ma * ma) * (moment(b, 2) - mb * mb));
}

describe('rows', () => {
  test('pitfall 32: without noise every label is w.x plus the sum of sines of w.x', async () => {
    const settings = { noise: 0, scale: 2, tasks: 3, correlation: 0.2 };
    const { columns, labels } = await contents(await open(settings));
    const { weights, alpha, beta } = drawSynthetic(options(settings), 0).process;
    expect(labels[0]).toHaveLength(2000);
    for (const [k, values] of labels.entries()) {
      for (const [row, label] of values.entries()) {
        const z = columns.reduce((sum, column, i) => sum + (column[row] ?? 0) * (weights[k]?.[i] ?? 0), 0);
        expect(label).toBeCloseTo(response({ alpha, beta }, z), 5);
      }
    }
  });

  test('pitfall 32: the noise is a variance, and independent between tasks', async () => {
    const rows = { train: 100_000, validation: 1, test: 1 };
    const [loud, still] = [await open({ rows, noise: 0.25 }), await open({ rows, noise: 0 })];
    const [with_, without] = [await contents(loud), await contents(still)];
    const noise = with_.labels.map((values, k) => values.map((label, row) => label - (without.labels[k]?.[row] ?? 0)));
    for (const values of noise) {
      expect(Math.abs(moment(values, 1))).toBeLessThan(5 * Math.sqrt(0.25 / 100_000));
      expect(Math.abs(moment(values, 2) - 0.25)).toBeLessThan(5 * 0.25 * Math.sqrt(2 / 100_000));
    }
    expect(Math.abs(correlation(noise[0] ?? [], noise[1] ?? []))).toBeLessThan(5 / Math.sqrt(100_000));
    expect(syntheticOptions.parse({ loader: 'synthetic', rows }).noise).toBe(0.01);
  });

  test('pitfall 32: features are standard normal, not uniform, and independent', async () => {
    const { columns } = await contents(await open({ rows: { train: 50_000, validation: 1, test: 1 }, dimension: 4 }));
    for (const [c, values] of columns.entries()) {
      expect(Math.abs(moment(values, 1))).toBeLessThan(5 / Math.sqrt(50_000));
      expect(Math.abs(moment(values, 2) - 1)).toBeLessThan(5 * Math.sqrt(2 / 50_000));
      expect(Math.abs(moment(values, 4) - 3)).toBeLessThan(5 * Math.sqrt(96 / 50_000));
      for (const other of columns.slice(c + 1)) {
        expect(Math.abs(correlation(values, other))).toBeLessThan(5 / Math.sqrt(50_000));
      }
    }
  });

  test.each([-0.5, 0.2, 1])('pitfall 32: the labels correlate as the closed form says for p = %d', async (p) => {
    const rows = { train: 100_000, validation: 1, test: 1 };
    const settings = { rows, correlation: p, dimension: 3 };
    const { labels } = await contents(await open(settings));
    const { process } = drawSynthetic(options(settings), 0);
    const [a, b] = [labels[0] ?? [], labels[1] ?? []];
    // errors of blocks of 1000 rows, as the labels are not normal
    const blocks = Array.from({ length: 100 }, (_, i) =>
      correlation(a.slice(1000 * i, 1000 * i + 1000), b.slice(1000 * i, 1000 * i + 1000)),
    );
    const error = Math.sqrt((moment(blocks, 2) - moment(blocks, 1) ** 2) / 100);
    expect(Math.abs(correlation(a, b) - labelCorrelation(process, p))).toBeLessThan(5 * error + 1e-4);
    const variance = moment(a, 2) - moment(a, 1) ** 2;
    expect(Math.abs(variance / labelVariance(process) - 1)).toBeLessThan(0.05);
  });
});

describe('draws', () => {
  test('the same options give the same rows, in whatever order blocks are read', async () => {
    const [one, two] = [await open(), await open()];
    const last = Math.floor(1999 / one.splits.train.blockRows);
    expect(last).toBeGreaterThan(1);
    await two.splits.train.read(last);
    expect(await contents(two)).toEqual(await contents(one));
    expect(two.checksum).toBe(one.checksum);
  });

  test('splits, blocks and seeds differ', async () => {
    const source = await open({ rows: { train: 2000, validation: 2000, test: 2000 } });
    const first = async (name: SplitName, block: number) => [
      ...singleOf((await source.splits[name].read(block)).columns[0] ?? new Float32Array()),
    ];
    const firsts = [
      await first('train', 0),
      await first('train', 1),
      await first('validation', 0),
      await first('test', 0),
    ];
    expect(new Set(firsts.map(String)).size).toBe(4);
    const other = await open({ seed: 7 });
    expect(other.checksum).not.toBe((await open()).checksum);
    expect(await contents(other)).not.toEqual(await contents(await open()));
  });

  test('follow the run seed only if told to', async () => {
    expect((await open({}, 1)).checksum).toBe((await open({}, 2)).checksum);
    const [one, two] = [await open({ seed: 'run' }, 1), await open({ seed: 'run' }, 2)];
    expect(one.checksum).not.toBe(two.checksum);
    expect(await contents(one)).not.toEqual(await contents(two));
    expect(await contents(one)).toEqual(await contents(await open({ seed: 1 })));
  });
});

test('features need no pass: nothing is generated to encode, and batches have the rows as they are', async () => {
  const source = await open({ dimension: 5 });
  let reads = 0;
  const { train } = source.splits;
  const counted: Source = {
    ...source,
    splits: {
      ...source.splits,
      train: {
        ...train,
        read(index) {
          reads++;
          return train.read(index);
        },
      },
    },
  };
  const tasks = ['y2', 'y1'].map((name) => ({ name, type: 'regression' as const, standardize: false }));
  const dataset = await encode(counted, inputsSchema.parse({}), tasks);
  expect(reads).toBe(1);
  expect(dataset.numeric.map(({ name }) => name)).toEqual(['x1', 'x2', 'x3', 'x4', 'x5']);
  const chunk = await readBatches(dataset, 'train', { batchSize: 2000 }).take(1);
  const { columns, labels } = await contents(source);
  expect([...(chunk?.arrays.labels?.data ?? [])]).toEqual([...(labels[1] ?? []), ...(labels[0] ?? [])]);
  expect([...(chunk?.arrays.numeric?.data ?? [])]).toEqual(
    Array.from({ length: 10_000 }, (_, i) => columns[i % 5]?.[Math.floor(i / 5)]),
  );
});
