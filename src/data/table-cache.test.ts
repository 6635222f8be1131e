import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Table } from './table.js';
import { cachedTable } from './table-cache.js';

const table: Table = {
  rows: 3,
  checksum: 'abc',
  columns: [
    { kind: 'nominal', name: 'text', dictionary: ['?', 'ends in a space ', 'ü'], values: Uint16Array.of(2, 0, 1) },
    { kind: 'continuous', name: 'number', values: Float32Array.of(1.5, -2, 3e9) },
  ],
};

let folder = '';
let cache = '';
let made = 0;
let notes: string[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ple-cache-'));
  cache = join(folder, 'kept', 'here');
  made = 0;
  notes = [];
  await writeFile(join(folder, 'raw'), 'content');
});
afterEach(() => rm(folder, { recursive: true }));

const read = (name = 'raw', options: { folder?: string | null; reader?: string } = {}) =>
  cachedTable(
    { path: join(folder, name), packed: false, bytes: 7 },
    {
      folder: cache,
      reader: 'some-reader',
      note: (message) => notes.push(message),
      make: async () => {
        made++;
        return table;
      },
      ...options,
    },
  );

async function onlyFile(): Promise<string> {
  const files = await readdir(cache);
  expect(files).toHaveLength(1);
  return join(cache, files[0] ?? '');
}

test('the second reading comes from the cache, and is equal', async () => {
  expect(await read()).toEqual(table);
  expect(await read()).toEqual(table);
  expect(made).toBe(1);
  expect(notes).toEqual([]);
});

test('other bytes, or another reader, have an entry of their own', async () => {
  await read();
  await read('raw', { reader: 'another-reader' });
  await writeFile(join(folder, 'raw'), gzipSync('content'));
  await read();
  expect(made).toBe(3);
  expect(await readdir(cache)).toHaveLength(3);
});

test('no folder, no cache', async () => {
  await read('raw', { folder: null });
  await read('raw', { folder: null });
  expect(made).toBe(2);
  expect(await readdir(folder)).toEqual(['raw']);
});

test.each<[string, (bytes: Buffer) => Buffer]>([
  ['truncated', (bytes) => bytes.subarray(0, bytes.length - 40)],
  ['empty', () => Buffer.alloc(0)],
  ['changed in one bit', (bytes) => Buffer.from(bytes.map((byte, i) => (i === bytes.length >> 1 ? byte ^ 1 : byte)))],
])('a file that is %s is noted and made again', async (_, damage) => {
  await read();
  const file = await onlyFile();
  await writeFile(file, damage(await readFile(file)));
  expect(await read()).toEqual(table);
  expect(made).toBe(2);
  expect(notes).toEqual([`${file} is damaged: it is made again.`]);
  expect(await read()).toEqual(table);
  expect(made).toBe(2);
});

test('a folder that cannot be written is a note, not a failure, and leaves nothing half-written', async () => {
  await writeFile(join(folder, 'kept'), 'a file where the folder should be');
  expect(await read()).toEqual(table);
  expect(notes).toHaveLength(1);
  expect(notes[0]).toMatch(/could not be kept/);
});

test('a file that cannot be replaced leaves no temporary file', async () => {
  await read();
  const file = await onlyFile();
  await rm(file);
  await mkdir(join(file, 'in-the-way'), { recursive: true }); // renaming onto it fails, for root too
  await read();
  expect(notes).toHaveLength(1);
  expect(await readdir(cache)).toHaveLength(1);
});
