import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tableFromIPC } from 'apache-arrow';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DamagedEntry } from '../store/prepared.js';
import { openPrepared } from './open-prepared.js';
import type { PreparedBlock, PreparedColumn } from './prepared-columns.js';
import { type EntryWriter, preparedEntry } from './prepared-entry.js';

const columns: readonly PreparedColumn[] = [
  { name: 'id', kind: 'int32' },
  { name: 'x', kind: 'float32' },
  { name: 'mask', kind: 'uint8' },
  { name: 'list', kind: 'list' },
  { name: 'heavy', kind: 'list', weighted: true },
  { name: 'text', kind: 'text' },
];
const rows = 23;
const texts = Array.from({ length: rows }, (_, row) => (row % 4 === 0 ? '' : `ü${row}`));
const list = (row: number) => Array.from({ length: row % 4 }, (_, k) => 10 * row + k);

/** The rows [from, to), made without the code under test. */
function blockOf(from: number, to: number): PreparedBlock {
  const numbers = Array.from({ length: to - from }, (_, i) => from + i);
  const offsets = (sizes: number[]) =>
    Int32Array.from([0, ...sizes.map((_, i) => sizes.slice(0, i + 1).reduce((a, b) => a + b))]);
  const entries = Int32Array.from(numbers.flatMap(list));
  const encoded = numbers.map((row) => Buffer.from(texts[row] ?? ''));
  return {
    rows: to - from,
    columns: [
      Int32Array.from(numbers),
      Float32Array.from(numbers, (row) => (row === 7 ? Number.NaN : row / 4)),
      Uint8Array.from(numbers, (row) => row % 2),
      { offsets: offsets(numbers.map((row) => row % 4)), indexes: entries },
      {
        offsets: offsets(numbers.map((row) => row % 4)),
        indexes: entries,
        weights: Float32Array.from(entries, (e) => e / 2),
      },
      { offsets: offsets(encoded.map(({ length }) => length)), bytes: Buffer.concat(encoded) },
    ],
  };
}

let folder = '';
let cache = '';
let made = 0;
let notes: string[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ple-prepared-'));
  cache = join(folder, 'kept', 'here');
  made = 0;
  notes = [];
});
afterEach(() => rm(folder, { recursive: true }));

async function make(writer: EntryWriter) {
  made++;
  const table = await writer.table('rows', columns, 5);
  await writer.table('none', columns.slice(0, 1));
  for (const [from, to] of [
    [0, 3],
    [3, 3],
    [3, 16],
    [16, 17],
    [17, rows],
  ] as const)
    await table.append(blockOf(from, to));
  return { count: table.rows };
}
const prepare = (key: unknown = { a: 1 }) =>
  preparedEntry({ folder: cache, name: 'some', key }, { note: (message) => notes.push(message) }, make);
const blocks = [0, 1, 2, 3, 4].map((b) => blockOf(5 * b, Math.min(rows, 5 * b + 5)));

test('blocks come back, in any order, repeatedly and several at once', async () => {
  const entry = await prepare();
  const table = entry.table('rows');
  expect(entry.description).toEqual({ count: rows });
  expect(table).toMatchObject({ rows, blockRows: 5, columns });
  const order = [4, 0, 2, 2, 1, 3, 0];
  const read = await Promise.all(order.map((index) => table.read(index)));
  for (const [i, block] of read.entries()) {
    const expected = blocks[order[i] ?? -1];
    expect(block.rows).toBe(expected?.rows);
    expect(block.columns.map(plain)).toEqual(expected?.columns.map(plain));
  }
  expect(entry.table('none').rows).toBe(0);
});

const plain = (values: object) =>
  ArrayBuffer.isView(values)
    ? [...Buffer.from(values.buffer, values.byteOffset, values.byteLength)]
    : Object.values(values).map((own) => Array.from(own));

test('the files are Arrow files that another reader understands', async () => {
  const { path } = await prepare();
  const arrow = tableFromIPC(await readFile(join(path, 'rows.arrow')));
  expect(arrow.numRows).toBe(rows);
  expect(arrow.batches).toHaveLength(5);
  for (let row = 0; row < rows; row++) {
    const found = JSON.parse(JSON.stringify(arrow.get(row)));
    expect(found).toEqual({
      id: row,
      x: row === 7 ? null : row / 4,
      mask: row % 2,
      list: list(row),
      heavy: list(row).map((index) => ({ index, weight: index / 2 })),
      text: texts[row],
    });
  }
  expect(tableFromIPC(await readFile(join(path, 'none.arrow'))).numRows).toBe(0);
});

test('an entry is made once; another key has its own', async () => {
  await prepare();
  await prepare();
  expect(made).toBe(1);
  await prepare({ a: 2 });
  expect(made).toBe(2);
  expect(await readdir(cache)).toHaveLength(2);
  expect(notes).toEqual([]);
});

test('several may prepare the same at once, and nothing else is left', async () => {
  const entries = await Promise.all([prepare(), prepare(), prepare()]);
  expect(await readdir(cache)).toHaveLength(1);
  for (const entry of entries) expect((await entry.table('rows').read(1)).rows).toBe(5);
});

test('a preparation that fails leaves nothing', async () => {
  const failing = preparedEntry({ folder: cache, name: 'some', key: 1 }, { note: () => undefined }, async (writer) => {
    await make(writer);
    throw new Error('no');
  });
  await expect(failing).rejects.toThrow('no');
  expect(await readdir(cache)).toEqual([]);
});

const flip = (share: number) => (bytes: Buffer) => {
  const at = Math.floor(share * bytes.length);
  return Buffer.from(bytes.map((byte, i) => (i === at ? byte ^ 1 : byte)));
};
test.each<[string, string, (bytes: Buffer) => Buffer]>([
  ['truncated', 'rows.arrow', (bytes) => bytes.subarray(0, bytes.length - 9)],
  ['empty', 'rows.arrow', () => Buffer.alloc(0)],
  ['altered', 'manifest.json', flip(0.7)],
  ['cut', 'manifest.json', (bytes) => bytes.subarray(0, 100)],
])('an entry whose file is %s is noted and made again (%s)', async (_, name, damage) => {
  const { path } = await prepare();
  const file = join(path, name);
  await writeFile(file, damage(await readFile(file)));
  const again = await prepare();
  expect(made).toBe(2);
  expect(notes).toHaveLength(1);
  expect(notes[0]).toMatch(/is damaged \(.*\): it is made again\.$/);
  expect((await again.table('rows').read(4)).rows).toBe(3);
  await prepare();
  expect(made).toBe(2);
  expect(await readdir(cache)).toHaveLength(1);
});

test('every altered byte is noticed, in a block or around it', async () => {
  const { path } = await prepare();
  const file = join(path, 'rows.arrow');
  const whole = await readFile(file);
  const manifest = JSON.parse((await readFile(join(path, 'manifest.json'), 'utf8')).split('\n')[1] ?? '');
  const around = [0, 9, whole.length - 1, whole.length - 60]; // schema, footer
  for (const { offset, bytes } of manifest.tables.rows.blocks) around.push(offset - 1, offset + bytes);
  const inside = manifest.tables.rows.blocks.flatMap(({ offset, bytes }: { offset: number; bytes: number }) => [
    offset,
    offset + bytes - 1,
  ]);
  for (const at of [...around, ...inside]) {
    const copy = join(folder, `copy-${at}`);
    await cp(path, copy, { recursive: true });
    await writeFile(join(copy, 'rows.arrow'), Buffer.from(whole.map((byte, i) => (i === at ? byte ^ 4 : byte))));
    const damage = inside.includes(at)
      ? /^rows\.arrow: block \d is not/
      : /^rows\.arrow: what is around its blocks is not/;
    expect(await openPrepared(copy)).toEqual({ damage: expect.stringMatching(damage) });
    expect(await openPrepared(copy)).toEqual({ damage: expect.stringMatching(damage) }); // it is marked
  }
});

test('a large entry is compared whole where that is asked for, else block by block', async () => {
  const { path } = await prepare();
  const file = join(path, 'rows.arrow');
  await writeFile(file, flip(0.5)(await readFile(file)));
  const table = (await openPrepared(path, { compareUpTo: 0 })).entry?.table('rows');
  expect((await table?.read(0))?.rows).toBe(5);
  const told: number[][] = [];
  const context = {
    note: (message: string) => notes.push(message),
    progress: (done: number, total: number) => told.push([done, total]),
    compareUpTo: Number.POSITIVE_INFINITY,
  };
  await preparedEntry({ folder: cache, name: 'some', key: { a: 1 } }, context, make);
  expect([made, notes]).toEqual([
    2,
    [expect.stringMatching(/is damaged \(rows\.arrow: block \d is not what was written\)/)],
  ]);
  expect(told.length).toBeGreaterThan(0);
});

test('damage that comes while it is read is said, and the next start says it too and prepares anew', async () => {
  const entry = await prepare();
  const file = join(entry.path, 'rows.arrow');
  await writeFile(file, (await readFile(file)).subarray(0, 600));
  const reading = entry.table('rows').read(4);
  await expect(reading).rejects.toThrow(DamagedEntry);
  await expect(reading).rejects.toThrow(/ is damaged \(rows\.arrow: block 4 is missing\)\. Start again/);
  await prepare();
  expect([made, notes]).toEqual([2, [expect.stringMatching(/\(rows\.arrow: block 4 is missing\): it is made again/)]]);
});

test('another entry that has been put in the place of a damaged one stays', async () => {
  const { path, table } = await prepare();
  const file = join(path, 'rows.arrow');
  const whole = await readFile(file);
  const read = table('rows').read;
  await writeFile(file, whole.subarray(0, 600));
  await rm(join(path, 'manifest.json'));
  await prepare(); // as another process would
  await writeFile(file, whole.subarray(0, 600));
  await expect(read(4)).rejects.toThrow(DamagedEntry);
  await writeFile(file, whole);
  expect((await openPrepared(path)).entry).toBeDefined();
});

test('a folder that cannot be written is said', async () => {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'kept'), 'a file where the folder should be');
  await expect(prepare()).rejects.toThrow(/cannot be kept in/);
});
