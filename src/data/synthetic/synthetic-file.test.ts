import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { tableFromIPC } from 'apache-arrow';
import { parse } from 'csv-parse/sync';
import { expect, test } from 'vitest';
import { folderOfFile } from '../../support/folder.fixture.js';
import { singleOf } from '../dataset.js';
import { synthetic } from './synthetic.js';
import { syntheticFile } from './synthetic-file.js';

const folder = folderOfFile();

const base = {
  rows: 1000,
  dimension: 6,
  tasks: 2,
  correlation: 0.5,
  sines: 3,
  noise: 0.01,
  scale: 1,
  seed: 4,
  positiveRate: null,
};
const write = async (name: string, options: object = {}) =>
  (await syntheticFile.prepare({ ...base, ...options }, join(folder, name))(() => undefined)).manifest;

/** The rows of a CSV file as numbers, by an independent reader. */
function rowsOf(name: string): Record<string, number>[] {
  const records: Record<string, string>[] = parse(readFileSync(join(folder, name)), { columns: true });
  return records.map((record) => Object.fromEntries(Object.entries(record).map(([key, text]) => [key, Number(text)])));
}

test('pitfall 32: labels follow from the manifest by the formula', async () => {
  const { weights, alpha, beta, cosine } = await write('formula.csv', { noise: 0, correlation: -1, scale: 2 });
  const product = (a: readonly number[], b: readonly number[]) =>
    a.reduce((sum, x, i) => sum + x * (b[i] ?? Number.NaN), 0);
  expect(cosine).toEqual([
    [1, -1],
    [-1, 1],
  ]);
  expect(product(weights[0] ?? [], weights[1] ?? [])).toBeCloseTo(-(2 ** 2), 12);
  const rows = rowsOf('formula.csv');
  expect(rows.length).toBe(1000);
  for (const row of rows.slice(0, 200)) {
    const x = Array.from({ length: base.dimension }, (_, i) => row[`x${i + 1}`] ?? Number.NaN);
    for (const [k, weight] of weights.entries()) {
      const z = product(weight, x);
      const sines = alpha.reduce((sum, a, i) => sum + Math.sin(a * z + (beta[i] ?? Number.NaN)), 0);
      expect(row[`y${k + 1}`]).toBeCloseTo(z + sines, 5);
    }
  }
});

test('rows are those that the loader trains on', async () => {
  await write('loader.arrow');
  const { positiveRate: _, rows, ...constants } = base;
  const options = { loader: 'synthetic', ...constants, rows: { train: rows, validation: 5, test: 5 } };
  const source = await synthetic.open(options, { seed: 99, note: () => undefined });
  const block = await source.splits.train.read(1);
  const table = tableFromIPC(readFileSync(join(folder, 'loader.arrow')));
  const from = source.splits.train.blockRows;
  const written = (name: string) =>
    table
      .getChild(name)
      ?.toArray()
      .slice(from, from + 10);
  expect(written('x3')).toEqual(singleOf(block.columns[2] ?? new Float32Array()).slice(0, 10));
  expect(written('y2')).toEqual(block.labels[1]?.slice(0, 10));
});

test('the same options make the same bytes', async () => {
  for (const ending of ['csv', 'parquet', 'arrow']) {
    const bytes = () =>
      [`twice.${ending}`, `twice.${ending}.manifest.json`].map((name) => readFileSync(join(folder, name)));
    await write(`twice.${ending}`, { rows: 200 });
    const first = bytes();
    await write(`twice.${ending}`, { rows: 200 });
    expect(bytes()).toEqual(first);
  }
});

test('thresholds at a quantile give the positive rate', async () => {
  const { binary, measured } = await write('binary.csv', { positiveRate: 0.1, tasks: 3, correlation: 0.9 });
  const rows = rowsOf('binary.csv');
  for (const k of [1, 2, 3]) {
    const labels = rows.map((row) => row[`y${k}`] ?? Number.NaN);
    expect(new Set(labels)).toEqual(new Set([0, 1]));
    expect(labels.filter((label) => label === 1).length).toBe(100);
  }
  expect(binary?.measured.mean).toEqual([0.1, 0.1, 0.1]);
  expect(measured.variance).toEqual((await write('continuous.csv', { tasks: 3, correlation: 0.9 })).measured.variance);
});

test('what cannot be made leaves no file', async () => {
  await expect(write('no.csv', { correlation: -0.9, tasks: 3 })).rejects.toThrow('at least -1 / (K - 1)');
  await expect(write('no.tsv')).rejects.toThrow('.csv, .parquet, .arrow');
  expect(readdirSync(folder).filter((name) => name.startsWith('no.'))).toEqual([]);
});
