import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { expect, test } from 'vitest';
import { folderOfFile } from '../../support/folder.fixture.js';
import { asSingle } from '../dataset.js';
import { funnel } from './funnel.js';
import { funnelFile } from './funnel-file.js';

const folder = folderOfFile();

const options = { rows: 1500, users: 50, items: 40, seed: 3, rates: { CTR: 0.3, SHR: 0.2 } };
const write = async (name: string, settings: object = {}) =>
  (await funnelFile.prepare({ ...options, ...settings }, join(folder, name))(() => undefined)).manifest;
const tasks = ['CTR', 'VTR', 'VCR', 'SHR', 'CMR'];

function readCells(name: string): Record<string, string>[] {
  return parse(readFileSync(join(folder, name)), { columns: true });
}

test('a CSV has the rows that the loader trains on; labels outside their sample space are empty', async () => {
  await write('rows.csv');
  const cells = readCells('rows.csv');
  const source = await funnel.open(
    { loader: 'funnel', ...options, rows: { train: 1500, validation: 1, test: 1 } },
    { seed: 9, note: () => undefined },
  );
  expect(Object.keys(cells[0] ?? {})).toEqual([...source.columns, ...source.tasks].map(({ name }) => name));
  const block = await source.splits.train.read(1); // rows 512 to 1023
  for (const row of [0, 100, 511]) {
    const values = [
      ...block.columns.map((column) => asSingle(column)[row]),
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

test('the manifest has what the rows were drawn from, and the rates and correlations that came out', async () => {
  const manifest = await write('manifest.csv');
  expect(JSON.parse(readFileSync(join(folder, 'manifest.csv.manifest.json'), 'utf8'))).toEqual(manifest);
  expect(manifest).toMatchObject({ kind: 'funnel', simulation: true, rows: 1500, users: 50, seed: 3, tasks });
  expect(manifest.rates.asked).toEqual({ play: 0.75, CTR: 0.3, VTR: 0.3, VCR: 0.4, SHR: 0.2, CMR: 0.03 });
  const cells = readCells('manifest.csv');
  const values = (task: string) => cells.flatMap((cell) => (cell[task] === '' ? [] : [Number(cell[task])]));
  const mean = (numbers: readonly number[]) => numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
  for (const task of tasks) expect(manifest.rates.measured[task]).toBeCloseTo(mean(values(task)), 6);
  expect(manifest.rates.measured.play).toBe(values('VCR').length / 1500);
  for (const { VTR, VCR } of cells) expect(VTR).toBe(VCR !== '' && Number(VCR) > manifest.threshold ? '1' : '0');
  // Of clicks alone CTR does not vary.
  expect(manifest.measured.pearson[0]?.[3]).toBeNull();
});
