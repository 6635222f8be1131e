import { dirname, join } from 'node:path';
import { Table, tableToIPC, vectorFromArray } from 'apache-arrow';
import { expect, test } from 'vitest';
import { literal, withDatabase } from '../store/database.js';
import { file, open, rowsOf } from './table-loader.fixture.js';

const ids = Array.from({ length: 100 }, (_, row) => 2n ** 53n + BigInt(row));
const lines = ids.map((id, row) => `${id},${row % 2}`).join('\n');

const parquet = async () => {
  const path = join(dirname(await file('')), 'data.parquet');
  const sql = `SELECT 9007199254740992 + i AS id, (i % 2)::INTEGER AS y FROM range(100) t(i)`;
  await withDatabase((database) => database.run(`COPY (${sql}) TO ${literal(path)} (FORMAT parquet)`));
  return path;
};
const json = `${lines.replaceAll(/^(.*),(.*)$/gm, '{"id": $1, "y": $2}')}\n`;
const arrow = () =>
  tableToIPC(
    new Table({
      id: vectorFromArray(BigInt64Array.from(ids)),
      y: vectorFromArray(Int32Array.from(ids.keys(), (row) => row % 2)),
    }),
  );

test.each<[string, () => Promise<string>]>([
  ['CSV', () => file(`id,y\n${lines}\n`)],
  ['CSV, beyond the first rows', () => file(`id,y\n${'1.0,0\n2.0,1\n'.repeat(11_000)}${lines}\n`)],
  ['JSON', () => file(json, 'data.jsonl')],
  ['Parquet', parquet],
  ['Arrow', () => file(arrow(), 'data.arrow')],
])('whole numbers beyond 2^53 are categories, each its own: %s', async (_, path) => {
  const source = await open({ path: await path(), tasks: { y: {} } });
  expect(source.columns).toMatchObject([{ name: 'id', kind: 'categorical' }]);
  const own = new Set((await rowsOf(source, 'train')).map(({ id }) => id));
  expect(own.size).toBeGreaterThan(60);
});

test('notes on the data are told whenever they are opened', async () => {
  const rows = Array.from({ length: 100 }, (_, row) => `${row ? row / 2 : 'odd'},${row % 2}`).join('\n');
  const settings = { path: await file(`x,y\n${rows}\n`), tasks: { y: {} } };
  const [first, second]: [string[], string[]] = [[], []];
  await open(settings, first);
  await open(settings, second);
  expect(first).toEqual([expect.stringContaining("'odd'"), expect.stringContaining('were inferred')]);
  expect(second).toEqual(first);
});

test('a note is one line, and advises what helps', async () => {
  const notes: string[] = [];
  const x = Float64Array.from({ length: 100 }, (_, row) => (row === 7 ? Number.POSITIVE_INFINITY : row / 3));
  const y = Int32Array.from(x.keys(), (row) => row % 2);
  const content = tableToIPC(new Table({ 'x\n1': vectorFromArray(x), y: vectorFromArray(y) }));
  await open({ path: await file(content, 'data.arrow'), tasks: { y: {} } }, notes);
  expect(notes).toEqual([
    expect.stringMatching(
      /^Column 'x 1' has numbers but for 1 of 100 values: '[^']*'\. These count as missing; say columns/,
    ),
    expect.stringContaining('numeric: x 1'),
  ]);
});

test('progress never runs back, though numbers that turn out to be texts are read twice', async () => {
  const rows = Array.from({ length: 200 }, (_, row) => `${row / 2},${row % 2}`).join('\n');
  const long = Array.from({ length: 10_000 }, (_, row) => `${row / 2},${row % 2}`).join('\n');
  const path = [await file(`x,y\n${rows}\n`), await file(`x,y\n${rows}\n`), await file(`x,y\n${long}\nodd,1\n`)];
  const told: number[] = [];
  await open({ path, tasks: { y: {} } }, [], { progress: (done) => void told.push(done) });
  expect(told).toEqual(told.toSorted((a, b) => a - b));
});

test('a text that is packed with Zstandard in another encoding is refused by name', async () => {
  const path = join(dirname(await file('')), 'data.csv.zst');
  const sql = 'SELECT i / 2 AS x, i % 2 AS y FROM range(100) t(i)';
  await withDatabase((database) => database.run(`COPY (${sql}) TO ${literal(path)} (COMPRESSION zstd)`));
  expect((await open({ path, tasks: { y: {} }, encoding: 'utf-8' })).splits.train.rows).toBeGreaterThan(60);
  await expect(open({ path, tasks: { y: {} }, encoding: 'latin1' })).rejects.toThrow(
    /data\.csv\.zst is packed with Zstandard, which is read in UTF-8 only, not in latin1: unpack it/,
  );
});
