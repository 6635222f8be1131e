import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { withDatabase } from '../store/database.js';
import { file, open, rowsOf } from '../table-loader.fixture.js';
import type { Cell } from './cell.js';
import { openRowFile } from './row-file.js';

const folder = mkdtempSync(join(tmpdir(), 'ple-relation-'));
afterAll(() => rmSync(folder, { recursive: true }));

const written = (sql: string, path: string, options: string) =>
  withDatabase((database) => database.run(`COPY (${sql}) TO '${path}' (${options})`));

async function read(path: string, used?: ReadonlySet<string>) {
  const opened = await openRowFile(path, { delimiter: undefined, quote: '"', header: true });
  const [rows, places, bytes]: [(readonly Cell[])[], string[], number[]] = [[], [], []];
  for await (const { records, place } of opened.read((done) => bytes.push(done), used)) {
    for (const [row, record] of records.entries()) {
      rows.push(record);
      places.push(place(row));
    }
  }
  return { names: opened.names, unsupported: opened.unsupported, rows, places, bytes };
}

test.each(['uncompressed', 'snappy', 'gzip', 'zstd', 'brotli', 'lz4_raw'])(
  'Parquet with %s: the rows of the file, in its order, over many row groups',
  async (codec) => {
    const path = join(folder, `${codec}.parquet`);
    const sql = "SELECT i AS n, CASE WHEN i % 10 = 3 THEN NULL ELSE 'w' || (i % 7) END AS w FROM range(9000) t(i)";
    await written(sql, path, `FORMAT parquet, COMPRESSION ${codec}, ROW_GROUP_SIZE 2048`);
    const { names, rows, places, bytes } = await read(path);
    expect(names).toEqual(['n', 'w']);
    expect(rows).toEqual(Array.from({ length: 9000 }, (_, i) => [i, i % 10 === 3 ? null : `w${i % 7}`]));
    expect(places[4321]).toBe(`${path}, row 4322`);
    expect(bytes.at(-1)).toBe(statSync(path).size);
    expect((await read(path, new Set(['w']))).rows[1]).toEqual([null, 'w1']);
  },
);

test('values of every type become numbers, texts, days and lists', async () => {
  const path = join(folder, 'types.parquet');
  const columns = {
    '9007199254740993::BIGINT': '9007199254740993', // beyond 2^53
    '-5::TINYINT': -5,
    '1.25::DECIMAL(9, 2)': 1.25,
    "'nan'::DOUBLE": null,
    true: 'true',
    "'\\xC3\\xA4'::BLOB": 'ä',
    "DATE '1970-01-03'": 2,
    "TIMESTAMP '1970-01-01 12:00:00'": 0.5,
    "TIMESTAMPTZ '1970-01-01 06:00:00+00'": 0.25,
    "'a'::ENUM('a', 'b')": 'a',
    '[1, NULL, 3]': [1, 3],
    "[DATE '1970-01-02']": [1],
    'NULL::INTEGER': null,
  };
  const list = Object.keys(columns).map((sql, c) => `${sql} AS c${c}`);
  await written(`SELECT ${list.join(', ')}`, path, 'FORMAT parquet');
  expect((await read(path)).rows).toEqual([Object.values(columns)]);
});

test('JSON, an object a line, packed or not, or a list: types are those of the whole file', async () => {
  const lines = Array.from({ length: 30_000 }, (_, i) =>
    JSON.stringify({ n: i === 29_999 ? 0.5 : i, w: `w${i % 3}`, ...(i % 2 ? { l: [i] } : {}), st: { a: i } }),
  );
  const text = lines.join('\n');
  writeFileSync(join(folder, 'a.jsonl'), text);
  writeFileSync(join(folder, 'a.ndjson.gz'), gzipSync(text));
  writeFileSync(join(folder, 'a.json'), `[${lines.join(',')}]`);
  for (const name of ['a.jsonl', 'a.ndjson.gz', 'a.json']) {
    const { names, unsupported, rows } = await read(join(folder, name));
    expect(names).toEqual(['n', 'w', 'st', 'l']);
    expect([...unsupported]).toEqual([['st', 'struct']]);
    expect(rows[29_999]).toEqual([0.5, 'w2', null, [29_999]]);
    expect(rows[2]).toEqual([2, 'w2', null, null]);
  }
  writeFileSync(join(folder, 'bad.jsonl'), '{"a": 1}\n{"a": \n');
  await expect(read(join(folder, 'bad.jsonl'))).rejects.toThrow(/bad\.jsonl cannot be read as JSON: .*line/);
});

test('JSON texts stay texts, values of several types too; a key that is null everywhere has no value', async () => {
  const path = join(folder, 'texts.jsonl');
  const lines = [
    { day: '2024-05-01', at: '10:00', n: 1, none: null, many: 'NA' },
    { day: '2024-05-02', at: '10:01', n: 2, none: null, many: 3.5 },
  ];
  const sparse = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`k${i}`, i]));
  writeFileSync(path, lines.map((line) => JSON.stringify(line)).join('\n'));
  expect((await read(path)).rows).toEqual([
    ['2024-05-01', '10:00', 1, null, 'NA'],
    ['2024-05-02', '10:01', 2, null, '3.5'],
  ]);
  const rare = join(folder, 'rare.jsonl');
  writeFileSync(
    rare,
    Object.entries(sparse)
      .map(([key, value]) => JSON.stringify({ [key]: value, y: 1 }))
      .join('\n'),
  );
  expect((await read(rare)).names).toHaveLength(61);
  writeFileSync(rare, '[]');
  await expect(read(rare)).rejects.toThrow(/rare\.jsonl cannot be read as JSON: its values are no objects with keys/);
});

test('a file is the one that is named, its columns too', async () => {
  const [path, other] = [join(folder, 'data[1].parquet'), join(folder, 'data1.parquet')];
  await written('SELECT 1 AS a, 2 AS "A", TIMESTAMPTZ \'1970-01-02 12:00:00+00\' AS t', path, 'FORMAT parquet');
  await written('SELECT 7 AS a', other, 'FORMAT parquet');
  const { names, rows } = await read(path);
  expect([names.length, names[0], names[2]]).toEqual([3, 'a', 't']);
  expect(rows).toEqual([[1, 2, 1.5]]);
});

test('folders of a pattern that are named column=value give a column, of which the data depend', async () => {
  const root = join(folder, 'hive');
  for (const [day, y] of [
    ['2024-05-31', 1],
    ['a%2Fb', 0],
    ['__HIVE_DEFAULT_PARTITION__', 1],
  ] as const) {
    mkdirSync(join(root, `day=${day}`), { recursive: true });
    const rows = Array.from({ length: 40 }, (_, i) => `${i / 2},${(i + y) % 2}`);
    writeFileSync(join(root, `day=${day}`, 'part.csv'), `x,y\n${rows.join('\n')}\n`);
  }
  const settings = { path: join(root, '*', '*.csv'), tasks: { y: {} }, columns: { day: 'categorical' } };
  const source = await open(settings);
  const days = (await rowsOf(source, 'train')).map(({ day }) => day);
  expect([...new Set(days)].toSorted()).toEqual(['', '2024-05-31', 'a/b']);
  const other = await file('x,y\n1.5,0\n2.5,1\n', 'day=1.csv');
  expect((await read(other)).names).toEqual(['x', 'y']);
});
