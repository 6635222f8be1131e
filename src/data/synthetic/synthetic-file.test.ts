import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { expect, test } from 'vitest';
import { folderOfFile } from '../../support/folder.fixture.js';
import { correlation, mean, readColumns } from '../moments.fixture.js';
import { synthetic, syntheticOptions } from './synthetic.js';
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
};
const write = async (name: string, options: object = {}) =>
  (await syntheticFile.prepare({ ...base, ...options }, join(folder, name))(() => undefined)).manifest;

/** The rows of a CSV file as numbers, by an independent reader. */
function readRows(name: string): Record<string, number>[] {
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
  const rows = readRows('formula.csv');
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
  await write('loader.csv');
  const { rows, ...constants } = base;
  const options = syntheticOptions.parse({
    loader: 'synthetic',
    ...constants,
    rows: { train: rows, validation: 5, test: 5 },
  });
  const { columns, labels } = await readColumns(await synthetic.open(options, { seed: 99, note: () => undefined }));
  const written = readRows('loader.csv');
  const column = (name: string) => written.map((row) => Math.fround(row[name] ?? Number.NaN));
  expect(column('x3')).toEqual([...(columns[2] ?? [])]);
  expect(column('y2')).toEqual([...(labels[1] ?? [])]);
});

test('with `expected` a file has each label without its noise, beside the same rows', async () => {
  await write('noisy.csv', { noise: 0.25 });
  await write('both.csv', { noise: 0.25, expected: true });
  await write('still.csv', { noise: 0 });
  const [noisy, both, still] = ['noisy.csv', 'both.csv', 'still.csv'].map(readRows);
  expect(both?.map(({ 'y1.expected': _, 'y2.expected': __, ...row }) => row)).toEqual(noisy);
  expect(both?.map((row) => row['y2.expected'])).toEqual(still?.map(({ y2 }) => y2));
});

test('the same options make the same bytes', async () => {
  for (const ending of ['csv', 'parquet']) {
    const bytes = () =>
      [`twice.${ending}`, `twice.${ending}.manifest.json`].map((name) => readFileSync(join(folder, name)));
    await write(`twice.${ending}`, { rows: 200 });
    const first = bytes();
    await write(`twice.${ending}`, { rows: 200 });
    expect(bytes()).toEqual(first);
  }
});

test('pitfall 32: the manifest has the correlation and the variance that came out', async () => {
  const { measured } = await write('measured.csv');
  const rows = readRows('measured.csv');
  const [a = [], b = []] = ['y1', 'y2'].map((name) => rows.map((row) => row[name] ?? Number.NaN));
  expect(measured.pearson[0]?.[1]).toBeCloseTo(correlation(a, b), 6);
  expect(measured.variance[1]).toBeCloseTo(mean(b.map((value) => (value - mean(b)) ** 2)), 4);
});

test('what cannot be made leaves no file', async () => {
  await expect(write('no.csv', { correlation: -0.9, tasks: 3 })).rejects.toThrow('at least -1 / (K - 1)');
  await expect(write('no.tsv')).rejects.toThrow('it is one of .csv, .parquet.');
  expect(readdirSync(folder).filter((name) => name.startsWith('no.'))).toEqual([]);
});
