import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inputsSchema, taskSchema } from '../../config/parts.js';
import { randomFromSeed } from '../../support/random.js';
import { readBatches } from '../batches/batches.js';
import type { SourceBlock } from '../dataset.js';
import { encode } from '../encode/encode.js';
import { type PreparedColumn, usualBlockRows } from './prepared-columns.js';
import { preparedEntry } from './prepared-entry.js';
import { preparedSource, sourceWriter } from './prepared-source.js';

const [width, rows, batchSize] = [1030, 4400, 64];
const windowBytes = 2 ** 22; // a sixteenth of a run's
const columns = Array.from({ length: width }, (_, c) => ({ name: `x${c}`, kind: 'numeric' as const }));
const numbers: readonly PreparedColumn[] = columns.map(({ name }) => ({ name, kind: 'float32' }));

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ple-wide-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Of a table whose rows are sorted by label: batches of an epoch in which all labels are equal, and all batches. */
async function oneClassBatches(blockRows: number): Promise<readonly [number, number]> {
  const at = { folder, name: 'sorted', key: blockRows };
  const entry = await preparedEntry(at, { note: () => undefined }, async (writer) => {
    const task = { name: 'y', type: 'binary' } as const;
    const source = await sourceWriter(writer, { columns, tasks: [task], masks: false, blockRows });
    const block: SourceBlock = { rows, columns: columns.map(() => new Float32Array(rows)), labels: [sortedLabels()] };
    for (const split of ['train', 'validation', 'test'] as const)
      await source.append(split, split === 'train' ? block : { ...block, rows: 1 });
    return source.finish({ checksum: 'sorted', values: columns.map(() => undefined) });
  });
  const inputs = inputsSchema.parse({});
  const dataset = await encode(await preparedSource(entry), inputs, [taskSchema.parse({ name: 'y', type: 'binary' })]);
  const reader = readBatches(dataset, 'train', { batchSize, windowBytes, order: randomFromSeed(1).stream('order') });
  let found = 0;
  for (let chunk = await reader.take(1); chunk; chunk = await reader.take(1)) {
    const labels = chunk.arrays.labels.data.subarray(0, chunk.rows[0]);
    found += Number(new Set(labels).size === 1);
  }
  return [found, reader.steps];
}

function sortedLabels(): Float32Array {
  return Float32Array.from({ length: rows }, (_, row) => Number(row >= rows / 2));
}

test('a window of wide rows has many blocks, so that batches of a table sorted by label have both classes', async () => {
  const [found, steps] = await oneClassBatches(usualBlockRows(numbers, windowBytes / 16));
  expect(found).toBe(0);
  const [ofOneBlock] = await oneClassBatches(Math.floor(windowBytes / (4 * width))); // a window has one block
  expect(ofOneBlock).toBeGreaterThan(0.6 * steps);
});

test('a table that is prepared has such blocks', async () => {
  const at = { folder, name: 'empty', key: 1 };
  const entry = await preparedEntry(at, { note: () => undefined }, async (writer) => {
    await writer.table('rows', numbers);
    return null;
  });
  expect(entry.table('rows').blockRows).toBe(usualBlockRows(numbers));
});

test.each([
  [1, 16_384],
  [64, 16_384],
  [65, 16_131],
  [1030, 1018],
  [2 ** 21, 1],
])('a block of %d numbers a row has %d rows', (count, expected) => {
  const some = Array.from({ length: count }, (): PreparedColumn => ({ name: 'x', kind: 'float32' }));
  expect(usualBlockRows(some)).toBe(expected);
});
