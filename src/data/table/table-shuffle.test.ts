import { expect, test } from 'vitest';
import { inputsSchema, taskSchema } from '../../config/parts.js';
import { randomFromSeed } from '../../support/random.js';
import { readBatches } from '../batches/batches.js';
import { encode } from '../encode/encode.js';
import { file, open } from './table-loader.fixture.js';

const [rows, batchSize] = [60_000, 250];

/** The labels' mean in each batch of an epoch, whose windows have one block each. */
async function blockMeans(path: string): Promise<readonly number[]> {
  const source = await open({ path, tasks: { y: {} }, split: { fraction: { validation: 0.01, test: 0.01 } } });
  expect(source.splits.train.rows).toBeGreaterThan(2 * source.splits.train.blockRows);
  const dataset = await encode(source, inputsSchema.parse({}), [taskSchema.parse({ name: 'y', type: 'binary' })]);
  const reader = readBatches(dataset, 'train', { batchSize, windowBytes: 1, order: randomFromSeed(1).stream('order') });
  const means: number[] = [];
  for (let chunk = await reader.take(1); chunk; chunk = await reader.take(1)) {
    const labels = chunk.arrays.labels.data.subarray(0, chunk.rows[0]);
    means.push(labels.reduce((sum, label) => sum + label, 0) / labels.length);
  }
  return means.slice(0, -1); // the last one is short
}

test('of rows that are sorted by label, batches have the spread of rows in random order', {
  timeout: 60_000,
}, async () => {
  const line = (i: number, label: number) => `${(i * 7919) % 10_007},${label}\n`;
  const lines = Array.from({ length: rows }, (_, i) => line(i, Number(i >= 0.7 * rows)));
  const sorted = await blockMeans(await file(`x,y\n${lines.join('')}`));
  const deviation = Math.sqrt((0.3 * 0.7) / batchSize);
  expect(Math.max(...sorted.map((mean) => Math.abs(mean - 0.3)))).toBeLessThan(5 * deviation);
  const spread = Math.sqrt(sorted.reduce((sum, mean) => sum + (mean - 0.3) ** 2, 0) / sorted.length);
  expect(spread / deviation).toBeGreaterThan(0.85); // 235 batches: 3 deviations of the spread
  expect(spread / deviation).toBeLessThan(1.15);
});
