import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { inputsSchema, taskSchema } from '../../config/parts.js';
import { randomFromSeed } from '../../support/random.js';
import { readBatches } from '../batches/batches.js';
import { splitNames } from '../dataset.js';
import { encode } from '../encode/encode.js';
import { file, open, readRows } from './table-loader.fixture.js';

const lines = (count: number) =>
  Array.from(
    { length: count },
    (_, i) => `u${i % 37},${i / 2},${'a|b|c|'.repeat(i % 3)}z,${i % 2},${i % 5 === 0 ? '' : i},${i % 7}\n`,
  );
const settings = {
  tasks: { y: {}, z: { regression: true } }, // z has a mask
  columns: { tags: { kind: 'list' } },
  weight: 'w',
  split: { fraction: { validation: 0.2, test: 0.3 } },
};
const rows = 1500;
const numbered = (count: number, first: number) =>
  Array.from({ length: count }, (_, i) => `${first + i},${i % 2}\n`).join('');

test('splitSeed: run draws the rows and their weights that a number draws, from one prepared table for all seeds', async () => {
  const path = await file(`user,x,tags,y,z,w\n${lines(rows).join('')}`);
  const cache = join(dirname(path), 'cache');
  const opened = async (splitSeed: number | 'run', seed: number) => {
    const source = await open({ path, cache, ...settings, splitSeed }, [], { seed });
    const splits = await Promise.all(splitNames.map((name) => readRows(source, name)));
    return { source, splits };
  };
  const [one, two] = [await opened('run', 1), await opened('run', 2)];
  expect(readdirSync(cache).filter((name) => name.startsWith('table-'))).toHaveLength(1);
  expect(one.source.splits.test.rows + one.source.splits.validation.rows + one.source.splits.train.rows).toBe(rows);
  expect(two.splits[2]).not.toEqual(one.splits[2]);
  expect(two.source.checksum).not.toBe(one.source.checksum);

  const fixed = await opened(2, 1);
  const plain = (split: readonly Record<string, unknown>[] = []) =>
    split.map((row) => ({ ...row, tags: [row['tags']].flat(2).filter((tag) => tag !== 1) })); // weights of 1 or none
  for (const [s, split] of fixed.splits.entries()) expect(plain(two.splits[s])).toEqual(plain(split));
  expect(two.source.tasks).toEqual(fixed.source.tasks);
  expect(two.source.columns).toEqual(one.source.columns);
});

test('a test file of its own is the same for all seeds, and so is the checksum', async () => {
  const path = await file(`user,x,tags,y,z,w\n${lines(200).join('')}`);
  const own = await file('user,x,tags,y,z,w\nu1,2,z,1,3,1\n');
  const opened = (seed: number) =>
    open({ path, test: own, ...settings, split: undefined, splitSeed: 'run' }, [], { seed });
  const [one, two] = [await opened(1), await opened(2)];
  expect(await readRows(two, 'validation')).not.toEqual(await readRows(one, 'validation'));
  expect(await readRows(two, 'test')).toEqual(await readRows(one, 'test'));
  expect((await readRows(one, 'test')).length).toBe(1);
  expect(two.checksum).toBe(one.checksum);
});

test('of: test draws this part of the test file for validation, by a number or by the run’s seed; training stays', async () => {
  const [path, own] = [await file(`n,y\n${numbered(40, 0)}`), await file(`n,y\n${numbered(21, 100)}`)];
  const opened = async (splitSeed: number | 'run', seed: number) => {
    const split = { fraction: { validation: 1 / 3 }, of: 'test' };
    const source = await open({ path, test: own, columns: { n: 'numeric' }, split, splitSeed }, [], {
      seed,
    });
    const [train, validation, test] = await Promise.all(
      splitNames.map(async (name) => (await readRows(source, name)).map((row) => Number(row.n))),
    );
    return { train, validation, test, checksum: source.checksum };
  };
  const [first, one, two] = [await opened(0, 1), await opened('run', 1), await opened('run', 2)];
  expect([first.train?.length, first.validation?.length, first.test?.length]).toEqual([40, 7, 14]);
  const all = [...(first.validation ?? []), ...(first.test ?? [])].toSorted((a, b) => a - b);
  expect(all).toEqual(Array.from({ length: 21 }, (_, i) => 100 + i));
  expect(await opened(0, 2)).toEqual(first);
  expect(one.validation).toEqual((await opened(1, 9)).validation);
  expect(two.validation).not.toEqual(one.validation);
  expect(new Set([first, one, two].map(({ checksum }) => checksum)).size).toBe(3);
});

test('of: test without a test file, of groups, or beside files of validation, is refused', async () => {
  const path = await file('x,y\n1,1\n');
  const split = { fraction: { validation: 0.5 }, of: 'test' };
  const [test, validation] = [await file('x,y\n1,1\n'), await file('x,y\n1,1\n')];
  for (const more of [
    { split },
    { split: { ...split, group: 'x' }, test },
    { split: { fraction: {}, of: 'test' }, test, validation },
  ])
    await expect(open({ path, ...more })).rejects.toThrow(
      /'of: test' draws the rows of validation, neither groups nor strata, from the files of dataset\.test/,
    );
});

test('a seed that would draw nothing is refused', async () => {
  const path = await file('x,when,y\n1,1,0\n');
  await expect(open({ path, splitSeed: 'run', split: { time: 'when' } })).rejects.toThrow(
    "'splitSeed: run' draws single rows",
  );
});

const [sortedRows, batchSize] = [60_000, 250];

/** The labels' mean in each batch of an epoch, whose windows have one block each. */
async function blockMeans(path: string): Promise<readonly number[]> {
  const source = await open({ path, split: { fraction: { validation: 0.01, test: 0.01 } } });
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
  const lines = Array.from({ length: sortedRows }, (_, i) => line(i, Number(i >= 0.7 * sortedRows)));
  const sorted = await blockMeans(await file(`x,y\n${lines.join('')}`));
  const deviation = Math.sqrt((0.3 * 0.7) / batchSize);
  expect(Math.max(...sorted.map((mean) => Math.abs(mean - 0.3)))).toBeLessThan(5 * deviation);
  const spread = Math.sqrt(sorted.reduce((sum, mean) => sum + (mean - 0.3) ** 2, 0) / sorted.length);
  expect(spread / deviation).toBeGreaterThan(0.85); // 235 batches: 3 deviations of the spread
  expect(spread / deviation).toBeLessThan(1.15);
});
