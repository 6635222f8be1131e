import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parquetReadObjects } from 'hyparquet';
import { expect } from 'vitest';
import { writeTable } from '../data/write/write-file.js';
import { openEngine, thisMachine } from '../engine/devices/devices.js';
import { smallOptions } from '../models/run.fixture.js';
import { folderOfFile } from '../support/folder.fixture.js';
import { readRun } from '../training/finished-run.js';
import { trainedOnMixed, writeMixedTable } from './mixed-table.fixture.js';
import { encodedRows, predictions, type Scale } from './score-rows.js';
import { readTrainedRun } from './trained-run.js';

const context = { seed: 0, note: () => undefined };

/** A folder with the mixed table, deleted after the file's tests. */
export function mixedFolder(): string {
  const folder = folderOfFile();
  writeMixedTable(folder);
  return folder;
}

/** The names of the columns of the table's test rows, and these as lines. */
export function testLines(folder: string): { readonly names: readonly string[]; readonly lines: readonly string[] } {
  const [header = '', ...lines] = readFileSync(join(folder, 'test.csv'), 'utf8').trimEnd().split('\n');
  return { names: header.split(','), lines };
}

export const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
export const mean = (values: readonly number[]) => sum(values) / values.length;

export async function opened(path: string, data: string, keep: readonly string[] = [], labels = true) {
  const run = await readTrainedRun(path);
  const { engine } = await openEngine(run.experiment.engine, thisMachine());
  const rows = await encodedRows(run, [data], { keep, dialect: {}, labels }, context);
  return { run, engine, rows };
}

export async function predicted(path: string, data: string, out: string, scale: Scale, keep: readonly string[] = []) {
  const { run, engine, rows } = await opened(path, data, keep, false);
  const { columns, blocks } = predictions(run, rows.dataset, engine, scale, () => undefined);
  await writeTable(out, columns, blocks, { kept: keep.length > 0 ? rows.file : undefined });
  await rows.release();
}

/** Trains a model on the mixed table; new rows must get the bits of the run's own test predictions. */
export async function expectOwnBits(folder: string, type: string, overrides?: readonly string[]): Promise<void> {
  const model = { type, ...smallOptions(type, 'click', 'buy'), ...(type === 'pepnet' ? { prior: ['city'] } : {}) };
  const tasks = '[{ name: click, type: binary }, { name: buy, type: binary }]';
  await expectSameBits(await trainedOnMixed(folder, tasks, JSON.stringify(model), '', overrides));
}

/** New rows must get the bits of a run's own test predictions. */
export async function expectSameBits(path: string): Promise<void> {
  const folder = join(path, '../..');
  const out = join(folder, 'out.parquet');
  await predicted(path, join(folder, 'inputs.csv'), out, 'logit');
  const rows = await parquetReadObjects({ file: new Uint8Array(readFileSync(out)).buffer });
  const expected = (await readRun(path)?.predictions()) ?? [];
  expect(expected.length).toBeGreaterThan(1);
  for (const { task, scores } of expected) {
    const columns = (task.classes ?? ['']).map((name) => [task.name, 'logit', name].filter(Boolean).join('.'));
    const found = columns.flatMap((column) => rows.map((row) => Number(row[column])));
    expect(found).toHaveLength(203 * columns.length);
    expect(Float32Array.from(found)).toEqual(scores.logits);
  }
}
