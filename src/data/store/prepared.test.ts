import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { beforeEach, expect, test } from 'vitest';
import { folderPerTest } from '../../support/folder.fixture.js';
import { literal, queryRows, withDatabase } from './database.js';
import { prepared, TableReader } from './prepared.js';
import { beforeReading, type FileBefore } from './raw-checksum.js';

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
  const damaged = new TableReader(entry, 1).expectRows('rows', 4, 5);
  await expect(damaged).rejects.toThrow(
    `of rows there are 4, not 5. If it is damaged, delete ${entry.path}: it is made anew.`,
  );
});

test('a folder that cannot be written is told', async () => {
  await writeFile(inFolder('kept'), 'a file where the folder should be');
  await expect(prepare()).rejects.toThrow(/cannot be kept in .*ENOTDIR.*dataset\.cache\.$/);
});
