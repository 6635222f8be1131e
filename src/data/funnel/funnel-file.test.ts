import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tableFromIPC } from 'apache-arrow';
import { parse } from 'csv-parse/sync';
import { parquetReadObjects } from 'hyparquet';
import { afterAll, expect, test } from 'vitest';
import { listOf, type Source, type SourceBlock, singleOf } from '../dataset.js';
import { table } from '../table/table-loader.js';
import { funnel } from './funnel.js';
import { funnelFile } from './funnel-file.js';

const folder = mkdtempSync(join(tmpdir(), 'ple-funnel-'));
afterAll(() => rmSync(folder, { recursive: true }));

const options = { rows: 1500, users: 50, items: 40, seed: 3, rates: { CTR: 0.3, SHR: 0.2 } };
const write = async (name: string, settings: object = {}) =>
  (await (await funnelFile.prepare({ ...options, ...settings }, join(folder, name)))(() => undefined)).manifest;
const tasks = ['CTR', 'VTR', 'VCR', 'SHR', 'CMR'];

function cellsOf(name: string): Record<string, string>[] {
  return parse(readFileSync(join(folder, name)), { columns: true });
}

test('a CSV has the rows that the loader trains on; labels outside their sample space are empty; the same options make the same bytes', async () => {
  await write('rows.csv');
  await write('again.csv');
  expect(readFileSync(join(folder, 'again.csv')).equals(readFileSync(join(folder, 'rows.csv')))).toBe(true);
  const cells = cellsOf('rows.csv');
  const source = await funnel.open(
    { loader: 'funnel', ...options, rows: { train: 1500, validation: 1, test: 1 } },
    { seed: 9, note: () => undefined },
  );
  expect(Object.keys(cells[0] ?? {})).toEqual([...source.columns, ...source.tasks].map(({ name }) => name));
  const block = await source.splits.train.read(1); // rows 512 to 1023
  for (const row of [0, 100, 511]) {
    const values = [
      ...block.columns.map((column) => singleOf(column)[row]),
      ...block.labels.map((label) => label[row]),
    ];
    const read = Object.values(cells[512 + row] ?? {}).map((text) =>
      text === '' ? Number.NaN : Math.fround(Number(text)),
    );
    expect(read).toEqual(values);
  }
  const inside = (task: string) => cells.map((cell) => cell[task] !== '');
  expect(inside('CTR')).not.toContain(false);
  expect(inside('VTR')).not.toContain(false);
  expect(inside('SHR')).toEqual(cells.map(({ CTR }) => CTR === '1'));
  expect(inside('VCR')).toContain(false);
});

test('the formats hold the same numbers, NaN for an empty cell', async () => {
  for (const ending of ['csv', 'parquet', 'arrow']) await write(`same.${ending}`, { rows: 300 });
  const csv = cellsOf('same.csv').map((cells) =>
    Object.fromEntries(
      Object.entries(cells).map(([key, text]) => [key, text === '' ? Number.NaN : Math.fround(Number(text))]),
    ),
  );
  const bytes = readFileSync(join(folder, 'same.parquet'));
  expect(await parquetReadObjects({ file: new Uint8Array(bytes).buffer })).toEqual(csv);
  const arrow = tableFromIPC(readFileSync(join(folder, 'same.arrow')));
  expect(arrow.toArray().map((row) => row?.toJSON())).toEqual(csv);
});

test('the manifest has what the rows were drawn from, and the rates and correlations that came out', async () => {
  const manifest = await write('manifest.csv');
  expect(JSON.parse(readFileSync(join(folder, 'manifest.csv.manifest.json'), 'utf8'))).toEqual(manifest);
  expect(manifest).toMatchObject({
    kind: 'funnel',
    simulation: true,
    rows: 1500,
    users: 50,
    seed: 3,
    strength: 1.5,
    tasks,
  });
  expect(manifest.rates.asked).toEqual({ play: 0.75, CTR: 0.3, VTR: 0.3, VCR: 0.4, SHR: 0.2, CMR: 0.03 });
  const cells = cellsOf('manifest.csv');
  const values = (task: string) => cells.flatMap((cell) => (cell[task] === '' ? [] : [Number(cell[task])]));
  const mean = (numbers: readonly number[]) => numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
  for (const task of tasks) expect(manifest.rates.measured[task]).toBeCloseTo(mean(values(task)), 6);
  for (const [k, task] of tasks.entries()) {
    const [own, average] = [values(task), mean(values(task))];
    expect(manifest.measured.mean[k]).toBeCloseTo(average, 6);
    expect(manifest.measured.variance[k]).toBeCloseTo(mean(own.map((value) => (value - average) ** 2)), 6);
  }
  expect(manifest.rates.measured.play).toBe(values('VCR').length / 1500);
  for (const [network, { weights, intercepts, rates }] of manifest.networks.entries()) {
    const own = cells.filter((cell) => Number(cell.network) === network);
    for (const task of ['VTR', 'VCR', 'SHR']) {
      const found = own.flatMap((cell) => (cell[task] === '' ? [] : [Number(cell[task])]));
      expect(rates[task]).toBeCloseTo(mean(found), 6);
    }
    expect(rates.play).toBe(own.filter(({ VCR }) => VCR !== '').length / own.length);
    expect(Object.keys(intercepts)).toEqual(['CTR', 'play', 'VCR', 'SHR', 'CMR']);
    expect(Object.values(weights).map((vector) => vector.length)).toEqual([15, 15, 15, 15, 15]);
  }
  expect(manifest.autoplay).toEqual({ play: 0.9, relation: 0 });
  for (const { VTR, VCR } of cells) expect(VTR).toBe(VCR !== '' && Number(VCR) > manifest.threshold ? '1' : '0');

  const plays = cells.filter(({ VCR }) => VCR !== '').map(({ VTR, VCR }) => [Number(VTR), Number(VCR)] as const);
  const [view, completion] = [mean(plays.map(([v]) => v)), mean(plays.map(([, c]) => c))];
  const moment = (f: (v: number, c: number) => number) => mean(plays.map(([v, c]) => f(v - view, c - completion)));
  const pearson = moment((v, c) => v * c) / Math.sqrt(moment((v) => v * v) * moment((_, c) => c * c));
  expect(manifest.measured.rows[1]?.[2]).toBe(plays.length);
  expect(manifest.measured.pearson[1]?.[2]).toBeCloseTo(pearson, 8);
  expect(manifest.measured.pearson[2]?.[1]).toBe(manifest.measured.pearson[1]?.[2]);
  expect(manifest.measured.pearson[2]?.[2]).toBe(1);
  // Of clicks alone CTR does not vary.
  expect(manifest.measured.pearson[0]?.[3]).toBeNull();
});

test('what cannot be made leaves no file', async () => {
  await expect(write('no.csv', { rates: { play: 0.1 } })).rejects.toThrow(
    'rates.CTR: what is not played is not clicked',
  );
  await expect(write('no.csv', { histories: 3 })).rejects.toThrow('Unrecognized key');
  await expect(write('no.tsv')).rejects.toThrow('.csv, .parquet, .arrow');
  expect(readdirSync(folder).filter((name) => name.startsWith('no.'))).toEqual([]);
});

test('lists: the table loader reads from a CSV what the funnel loader trains on', async () => {
  const settings = { ...options, rows: 900, history: 4 };
  await write('lists.csv', settings);
  const made = await funnel.open(
    { loader: 'funnel', ...settings, rows: { train: 900, validation: 1, test: 1 } },
    { seed: 0, note: () => undefined },
  );
  const read = await table.open(
    {
      ...{ loader: table.name, path: join(folder, 'lists.csv'), cache: join(folder, 'cache') },
      tasks: { CTR: {} },
      columns: { history: { kind: 'list' } },
      split: { column: 'position', validation: 9, test: 10 },
    },
    { seed: 0, note: () => undefined },
  );
  const historiesOf = async (source: Source, where: (row: number, block: SourceBlock) => boolean) => {
    const c = source.columns.findIndex(({ name }) => name === 'history');
    const column = source.columns[c];
    expect(column?.kind).toBe('list');
    const { train } = source.splits;
    const lists: string[][] = [];
    const numbers: number[] = [];
    for (let b = 0; b * train.blockRows < train.rows; b++) {
      const block = await train.read(b);
      numbers.push(...((await train.numbers?.(b)) ?? []));
      const values = block.columns[c];
      if (!values) throw new Error('no column');
      const { offsets, indexes } = listOf(values);
      for (let row = 0; row < block.rows; row++)
        if (where(row, block))
          lists.push(
            [...indexes.subarray(offsets[row], offsets[row + 1])].map((i) => column?.dictionary?.[i] ?? String(i)),
          );
    }
    const order = [...lists.keys()].sort((one, other) => (numbers[one] ?? one) - (numbers[other] ?? other));
    return order.map((row) => lists[row] ?? []); // of the files
  };
  const position = made.columns.findIndex(({ name }) => name === 'position');
  const expected = await historiesOf(made, (row, { columns }) => {
    const values = columns[position];
    return values !== undefined && (singleOf(values)[row] ?? 0) < 9;
  });
  expect(expected.length).toBeGreaterThan(600);
  expect(new Set(expected.map((list) => list.length)).size).toBeGreaterThan(1);
  expect(await historiesOf(read, () => true)).toEqual(expected);
});
