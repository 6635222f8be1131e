import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { folderOfFile } from '../support/folder.fixture.js';
import { loaders } from './catalogue.js';
import { correlation, mean, moment, readColumns } from './moments.fixture.js';
import { synthesisKinds } from './synthesize.js';

const folder = folderOfFile();
const quiet = () => undefined;
const synthetic = { rows: 1000, dimension: 6, sines: 3, seed: 4 };
const funnel = { rows: 1500, users: 50, items: 40, seed: 3, rates: { CTR: 0.3, SHR: 0.2 } };
const write = async (kind: string, options: object, name: string) =>
  (await synthesisKinds.get(kind).prepare(options, join(folder, name))(quiet)).manifest;
const writeSynthetic = (name: string, options: object = {}) => write('synthetic', { ...synthetic, ...options }, name);

const numbers = z.array(z.number());
const measured = z.object({
  pearson: z.array(z.array(z.number().nullable())),
  variance: z.array(z.number().nullable()),
});
const drawnFrom = z.object({
  weights: z.array(numbers),
  alpha: numbers,
  beta: numbers,
  cosine: z.array(numbers),
  measured,
});
const cameOut = z.object({ rates: z.unknown(), threshold: z.number(), measured });

/** A CSV's columns by an independent reader; an empty cell is NaN. */
function readCsv(name: string) {
  const text = z
    .array(z.record(z.string(), z.string()))
    .parse(parse(readFileSync(join(folder, name)), { columns: true }));
  const column = (name: string) => text.map((row) => Number(row[name] || Number.NaN));
  return { names: Object.keys(text[0] ?? {}), column };
}

test.each([
  ['synthetic.csv', 'synthetic', synthetic],
  ['synthetic.parquet', 'synthetic', synthetic],
  ['funnel.csv', 'funnel', funnel],
])(
  '%s: rows are those that the loader trains on, and the same options make the same bytes',
  async (name, kind, options) => {
    const written = async () => {
      const manifest = await write(kind, options, name);
      const [bytes, stored] = [name, `${name}.manifest.json`].map((name) => readFileSync(join(folder, name)));
      expect(JSON.parse(String(stored))).toEqual(manifest);
      return [bytes, stored];
    };
    expect(await written()).toEqual(await written());
    if (name.endsWith('.parquet')) return;
    const given = { loader: kind, ...options, rows: { train: options.rows, validation: 5, test: 5 } };
    const source = await loaders.get(kind).open(given, { seed: 9, note: quiet });
    const { names, column } = readCsv(name);
    const { columns, labels } = await readColumns(source);
    expect(names).toEqual([...source.columns, ...source.tasks].map(({ name }) => name));
    expect(names.map((name) => column(name).map(Math.fround))).toEqual([...columns, ...labels]);
  },
);

test('pitfall 32: labels follow from the manifest by the formula, which has the correlation and the variance that came out', async () => {
  const manifest = await writeSynthetic('formula.csv', { noise: 0, correlation: -1, scale: 2 });
  const { weights, alpha, beta, cosine, measured } = drawnFrom.parse(manifest);
  const product = (a: readonly number[] = [], b: readonly number[] = []) =>
    a.reduce((sum, x, i) => sum + x * (b[i] ?? Number.NaN), 0);
  expect([cosine, product(weights[0], weights[1])]).toEqual([
    [
      [1, -1],
      [-1, 1],
    ],
    expect.closeTo(-(2 ** 2), 12),
  ]);
  const { names, column } = readCsv('formula.csv');
  const x = names.slice(0, synthetic.dimension).map(column);
  const [a = [], b = []] = ['y1', 'y2'].map(column);
  for (const [k, values] of [a, b].entries())
    for (const [row, value] of values.entries()) {
      const z = product(
        weights[k],
        x.map((values) => values[row] ?? Number.NaN),
      );
      expect(value).toBeCloseTo(
        alpha.reduce((sum, a, i) => sum + Math.sin(a * z + (beta[i] ?? Number.NaN)), z),
        5,
      );
    }
  expect(a).toHaveLength(1000);
  expect(measured.pearson[0]?.[1]).toBeCloseTo(correlation(a, b), 6);
  expect(measured.variance[1]).toBeCloseTo(moment(b, 2) - mean(b) ** 2, 4);
});

test('with `expected` a file has each label without its noise, beside the same rows', async () => {
  await writeSynthetic('noisy.csv', { noise: 0.25 });
  await writeSynthetic('both.csv', { noise: 0.25, expected: true });
  await writeSynthetic('still.csv', { noise: 0 });
  const [noisy, both, still] = [readCsv('noisy.csv'), readCsv('both.csv'), readCsv('still.csv')];
  expect(both.names).toEqual([...noisy.names, 'y1.expected', 'y2.expected']);
  expect(noisy.names.map(both.column)).toEqual(noisy.names.map(noisy.column));
  expect(both.column('y2.expected')).toEqual(still.column('y2'));
});

test('the manifest of a funnel has what the rows were drawn from, and the rates and correlations that came out', async () => {
  const manifest = await write('funnel', funnel, 'rates.csv');
  const tasks = ['CTR', 'VTR', 'VCR', 'SHR', 'CMR'];
  expect(manifest).toMatchObject({ kind: 'funnel', simulation: true, rows: 1500, users: 50, seed: 3, tasks });
  const { column } = readCsv('rates.csv');
  const inside = (task: string) => column(task).filter((value) => !Number.isNaN(value));
  const found = Object.fromEntries(tasks.map((task) => [task, expect.closeTo(mean(inside(task)), 6)]));
  const asked = { play: 0.75, CTR: 0.3, VTR: 0.3, VCR: 0.4, SHR: 0.2, CMR: 0.03 };
  const { rates, threshold, measured } = cameOut.parse(manifest);
  expect(rates).toEqual({ asked, measured: { play: inside('VCR').length / 1500, ...found } });
  expect(column('VTR')).toEqual(column('VCR').map((value) => Number(value > threshold)));
  // Of clicks alone CTR does not vary.
  expect(measured.pearson[0]?.[3]).toBeNull();
});

test('what cannot be made leaves no file', async () => {
  await expect(writeSynthetic('no.csv', { correlation: -0.9, tasks: 3 })).rejects.toThrow('at least -1 / (K - 1)');
  await expect(writeSynthetic('no.tsv')).rejects.toThrow('it is one of .csv, .parquet.');
  expect(readdirSync(folder).filter((name) => name.startsWith('no.'))).toEqual([]);
});
