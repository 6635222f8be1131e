import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from '../../support/folder.fixture.js';
import { type Source, type SplitName, splitNames } from '../dataset.js';
import type { LoaderContext } from '../loader.js';
import { table } from './table-loader.js';

let folder: string | undefined;
let made = 0;

/** The running test's own; it goes when the test ends. */
function testFolder(): string {
  if (folder !== undefined) return folder;
  folder = temporaryFolder();
  onTestFinished(() => {
    folder = undefined;
  });
  return folder;
}

/** Writes a file into a folder of its own. */
export async function file(content: string | Uint8Array, name = 'data.csv'): Promise<string> {
  const own = join(testFolder(), `f${made++}`);
  await mkdir(own);
  await writeFile(join(own, name), content);
  return join(own, name);
}

/** A table, with the binary task `y` unless others are given. */
export async function open(
  settings: object,
  notes: string[] = [],
  context: Partial<LoaderContext> = {},
): Promise<Source> {
  const options = { loader: 'table', cache: join(testFolder(), 'cache'), tasks: { y: {} }, ...settings };
  return table.open(options, { seed: 1, note: (message) => notes.push(message), ...context });
}

/**
 * Every row of some splits, or of all, in the order of the files: columns as text, number or list, labels and masks by
 * name, and the weight if there are weights.
 */
export async function readRows(source: Source, ...names: readonly SplitName[]) {
  const rows: Record<string, unknown>[] = [];
  const numbers: number[] = [];
  const splits = (names.length > 0 ? names : splitNames).map((name) => source.splits[name]);
  const blocks = splits.flatMap((split) =>
    Array.from({ length: Math.ceil(split.rows / split.blockRows) }, (_, b) => [split, b] as const),
  );
  for (const [split, b] of blocks) {
    const block = await split.read(b);
    numbers.push(...((await split.numbers?.(b)) ?? []));
    for (let row = 0; row < block.rows; row++) {
      const found: Record<string, unknown> = {};
      for (const [c, column] of source.columns.entries()) {
        const values = block.columns[c];
        const text = (index: number) => column.dictionary?.[index] ?? index;
        if (!values) continue;
        if (!('begins' in values)) {
          found[column.name] = column.kind === 'numeric' ? values[row] : text(values[row] ?? -1);
          continue;
        }
        const [begin, end] = [values.begins[row] ?? 0, values.ends[row] ?? 0];
        found[column.name] = Array.from(values.indexes.subarray(begin, end), (index, i) =>
          values.weights ? [text(index), values.weights[begin + i]] : text(index),
        );
      }
      for (const [t, task] of source.tasks.entries()) {
        const inside = !Number.isNaN(block.labels[t]?.[row]);
        found[`y:${task.name}`] = inside ? block.labels[t]?.[row] : 'outside';
        if (block.labelWeights?.[t]) found[`weight:${task.name}`] = block.labelWeights[t][row];
      }
      if (block.weights) found.weight = block.weights[row];
      rows.push(found);
    }
  }
  const order = [...rows.keys()].sort((a, b) => (numbers[a] ?? a) - (numbers[b] ?? b));
  return order.map((row) => rows[row] ?? {});
}
export const folds = { column: 'fold', validation: 'v', test: 't' };

/** So many lines. */
export const lines = (count: number, line: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => `${line(i)}\n`).join('');
