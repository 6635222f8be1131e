import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tableFromIPC } from 'apache-arrow';
import { parse } from 'csv-parse/sync';
import { parquetReadObjects } from 'hyparquet';
import { afterAll, expect, test } from 'vitest';
import { singleOf } from '../dataset.js';
import { synthetic } from './synthetic.js';
import { syntheticFile } from './synthetic-file.js';

const folder = mkdtempSync(join(tmpdir(), 'ple-synth-'));
afterAll(() => rmSync(folder, { recursive: true }));

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
  (await (await syntheticFile.prepare({ ...base, ...options }, join(folder, name)))(() => undefined)).manifest;

/** The rows of a CSV file as numbers, by an independent reader. */
function rowsOf(name: string): Record<string, number>[] {
  const records: Record<string, string>[] = parse(readFileSync(join(folder, name)), { columns: true });
  return records.map((record) => Object.fromEntries(Object.entries(record).map(([key, text]) => [key, Number(text)])));
}

test.each<[number, number | number[][]]>([
  [2, -1],
  [
    3,
    [
      [1, 0.6, -0.2],
      [0.6, 1, 0.3],
      [-0.2, 0.3, 1],
    ],
  ],
])('labels of %d tasks with the cosines %j follow from the manifest by the formula', async (tasks, correlation) => {
  const { weights, alpha, beta, cosine } = await write('formula.csv', { noise: 0, tasks, correlation, scale: 2 });
  const product = (a: readonly number[], b: readonly number[]) =>
    a.reduce((sum, x, i) => sum + x * (b[i] ?? Number.NaN), 0);
  for (const [k, row] of cosine.entries()) {
    for (const [l, p] of row.entries()) {
      expect(p).toBe(Array.isArray(correlation) ? correlation[k]?.[l] : k === l ? 1 : correlation);
      expect(product(weights[k] ?? [], weights[l] ?? [])).toBeCloseTo(2 ** 2 * p, 12);
    }
  }
  const rows = rowsOf('formula.csv');
  expect(rows.length).toBe(1000);
  expect(weights.length).toBe(tasks);
  for (const row of rows.slice(0, 200)) {
    const x = Array.from({ length: base.dimension }, (_, i) => row[`x${i + 1}`] ?? Number.NaN);
    for (const [k, weight] of weights.entries()) {
      const z = product(weight, x);
      const sines = alpha.reduce((sum, a, i) => sum + Math.sin(a * z + (beta[i] ?? Number.NaN)), 0);
      expect(row[`y${k + 1}`]).toBeCloseTo(z + sines, 5);
    }
  }
});

test.each([-0.5, 0.75])('the measured correlation is the expected one: %s', async (correlation) => {
  const { expected, measured, cosine } = await write('correlation.arrow', { correlation, rows: 20_000 });
  expect(cosine[0]?.[1]).toBe(correlation);
  const asked = expected.pearson[0]?.[1] ?? Number.NaN;
  expect(Math.abs((measured.pearson[0]?.[1] ?? Number.NaN) - asked)).toBeLessThan(5 / Math.sqrt(20_000));
  expect(Math.abs((measured.variance[0] ?? 0) / expected.variance - 1)).toBeLessThan(0.1);
});

test('rows are those that the loader trains on', async () => {
  await write('loader.arrow');
  const { positiveRate: _, rows, ...constants } = base;
  const options = { loader: 'synthetic', ...constants, rows: { train: rows, validation: 5, test: 5 } };
  const source = await synthetic.open(options, { seed: 99, note: () => undefined });
  const block = await source.splits.train.read(1);
  const table = tableFromIPC(readFileSync(join(folder, 'loader.arrow')));
  const from = source.splits.train.blockRows;
  expect([...(table.getChild('x3')?.toArray() ?? [])].slice(from, from + 10)).toEqual(
    [...singleOf(block.columns[2] ?? new Float32Array())].slice(0, 10),
  );
  expect([...(table.getChild('y2')?.toArray() ?? [])].slice(from, from + 10)).toEqual(
    [...(block.labels[1] ?? [])].slice(0, 10),
  );
});

test('the formats hold the same numbers', async () => {
  for (const ending of ['csv', 'parquet', 'arrow']) await write(`same.${ending}`, { rows: 700 });
  const csv = rowsOf('same.csv').map((row) =>
    Object.fromEntries(Object.entries(row).map(([key, x]) => [key, Math.fround(x)])),
  );
  const bytes = readFileSync(join(folder, 'same.parquet'));
  expect(await parquetReadObjects({ file: new Uint8Array(bytes).buffer })).toEqual(csv);
  const arrow = tableFromIPC(readFileSync(join(folder, 'same.arrow')));
  expect(arrow.toArray().map((row) => row?.toJSON())).toEqual(csv);
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
  await expect(write('no.csv', { correlation: -0.9, tasks: 3 })).rejects.toThrow('cannot all have a correlation below');
  await expect(write('no.csv', { correlation: 2 })).rejects.toThrow('Too big');
  await expect(write('no.tsv')).rejects.toThrow('.csv, .parquet, .arrow');
  expect(readdirSync(folder).filter((name) => name.startsWith('no.'))).toEqual([]);
});
