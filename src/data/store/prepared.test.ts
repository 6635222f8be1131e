import { createHash } from 'node:crypto';
import { readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { folderPerTest } from '../../support/folder.fixture.js';
import { literal, machineFault, queryRows, withDatabase } from './database.js';
import { beforeReading, type FileBefore, prepared, rawChecksum, tableReader } from './prepared.js';

const inFolder = folderPerTest();
const cache = () => inFolder('kept', 'here');
let made = 0;
beforeEach(() => {
  made = 0;
});

async function make(database: DuckDBConnection) {
  made++;
  await database.run('CREATE TABLE prepared.rows AS SELECT i::INTEGER AS x FROM range(5000) t(i)');
  return { count: 5000 };
}
const at = (key: unknown, files: readonly FileBefore[] = []) => ({ folder: cache(), name: 'some', key, files });
const prepare = (key: unknown = { a: 1 }, more = {}) => prepared(at(key), more, make);
const storedSum = ({ file }: { readonly file: string }) =>
  withDatabase(async (database) => {
    await database.run(`ATTACH ${literal(file)} AS other (READ_ONLY)`);
    return Number((await queryRows(database, 'SELECT sum(x) FROM other.rows'))[0]?.[0]);
  });
const sum = (5000 * 4999) / 2;

test('an entry is made once, as a DuckDB file that any reader of DuckDB understands; another key has its own', async () => {
  const entry = await prepare();
  expect(entry.description).toEqual({ count: 5000 });
  expect(await storedSum(entry)).toBe(sum);
  expect(await readdir(entry.path)).toEqual(['data.duckdb', 'manifest.json']);
  await prepare();
  expect(made).toBe(1);
  await prepare({ a: 2 });
  expect(made).toBe(2);
  expect(await readdir(cache())).toHaveLength(2);
});

test('a preparation that fails, or is interrupted, leaves nothing', async () => {
  const failing = prepared(at(1), {}, async (database) => {
    await make(database);
    throw new Error('no');
  });
  await expect(failing).rejects.toThrow('no');
  const stop = new AbortController();
  const stopped = prepared(at(1), { signal: stop.signal }, (database) => {
    setTimeout(() => stop.abort(new Error('stop')), 100);
    return queryRows(database, 'SELECT sum(sqrt(a.i * b.i)) FROM range(1000000) a(i), range(1000000) b(i)'); // hours
  });
  await expect(stopped).rejects.toThrow('stop');
  await expect(readdir(cache())).rejects.toThrow('ENOENT'); // nor the folder that was made for it
});

test('a file that was written a moment ago, and again without a new time, is compared by its bytes', async () => {
  await writeFile(inFolder('raw'), 'rows');
  const file = await beforeReading(inFolder('raw'));
  expect(file.isFresh).toBe(true);
  await prepared(at(1, [file]), {}, make);
  await expect(prepared(at(2, [{ ...file, checksum: 'of rows before' }]), {}, make)).rejects.toThrow('changed while');
});

const flip = (share: number) => (bytes: Buffer) => {
  const at = Math.floor(share * bytes.length);
  return Buffer.from(bytes.map((byte, i) => (i === at ? byte ^ 1 : byte)));
};
test.each<[string, string, (bytes: Buffer) => Buffer]>([
  ['truncated', 'data.duckdb', (bytes) => bytes.subarray(0, bytes.length - 9)],
  ['altered', 'data.duckdb', flip(0.5)],
  ['altered', 'manifest.json', flip(0.7)],
])('an entry whose file is %s is refused until it is deleted (%s)', async (_, name, damage) => {
  const { path } = await prepare();
  const file = join(path, name);
  await writeFile(file, damage(await readFile(file)));
  await expect(prepare()).rejects.toThrow(`${file} is damaged: it is not what was written. Delete ${path}`);
  await rm(path, { recursive: true });
  expect(await storedSum(await prepare())).toBe(sum);
  expect(made).toBe(2);
});

test('what is damaged when it is read is an error that says what to delete', async () => {
  const entry = await prepare();
  expect(() => tableReader(entry, 1).expectRows('rows', 4, 5)).toThrow(
    `of rows there are 4, not 5. If it is damaged, delete ${entry.path}: it is made anew.`,
  );
});

test('a folder that cannot be written is told', async () => {
  await writeFile(inFolder('kept'), 'a file where the folder should be');
  await expect(prepare()).rejects.toThrow(/cannot be kept in .*ENOTDIR.*dataset\.cache\.$/);
});

afterEach(() => void vi.useRealTimers());
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

test('that of a large file is remembered until the file changes, in size or in time only', async () => {
  const path = inFolder('raw');
  const cache = inFolder('cache');
  const bytes = Buffer.alloc(2 ** 26 + 1);
  await writeFile(path, bytes);
  expect((await rawChecksum(path, cache)).checksum).toBe(sha256(bytes));
  expect(await readdir(cache).catch(() => [])).toEqual([]); // it may still be written to without a new time
  vi.useFakeTimers({ now: Date.now() + 60_000, toFake: ['Date'] });
  expect((await rawChecksum(path, cache)).checksum).toBe(sha256(bytes));
  const [memory = ''] = await readdir(cache);
  await writeFile(inFolder('cache', memory), 'f'.repeat(64));
  expect((await rawChecksum(path, cache)).checksum).toBe('f'.repeat(64));
  await writeFile(inFolder('cache', memory), 'damaged');
  expect((await rawChecksum(path, cache)).checksum).toBe(sha256(bytes));
  bytes[5] = 1;
  await writeFile(path, bytes);
  await utimes(path, 1000, 1000);
  expect((await rawChecksum(path, cache)).checksum).toBe(sha256(bytes));
});

test('a disk that is full when rows leave the memory is no bug of this program', () => {
  const full = [
    "IO Error: Detached database 'prepared', but CHECKPOINT during DETACH failed. ",
    'Checkpoint failed. Original error: Could not write file "/c/data.duckdb": No space left on device',
  ];
  expect(machineFault(new Error(full.join('\n')))).toBe('disk');
  expect(machineFault(new Error('Invalid Input Error: CHECKPOINT\nNo space left'))).toBeUndefined();
});
