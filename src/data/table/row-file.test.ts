import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, expect, test } from 'vitest';
import { DataError } from '../../support/errors.js';
import { folderOfFile } from '../../support/folder.fixture.js';
import { openDatabase, queryRows, withDatabase } from '../store/database.js';
import { findDataFiles, openTableFile } from './row-file.js';
import { stagedTable, stageRows } from './staged-rows.js';
import { usualMissing } from './table-options.js';

const folder = folderOfFile();

const written = (sql: string, path: string, options = 'FORMAT parquet') =>
  withDatabase((database) => database.run(`COPY (${sql}) TO '${path}' (${options})`));

/** The file's rows as they are staged. Whole numbers are bigints. */
async function read(path: string, used?: ReadonlySet<string>) {
  const file = await openTableFile(path, { delimiter: undefined, quote: '"', header: true });
  const { names, unsupported, types } = file;
  const database = await openDatabase(':memory:', {});
  try {
    const wanted = new Set(names.filter((name) => !unsupported.has(name) && (used?.has(name) ?? true)));
    const { columns } = await stageRows(database, [{ split: 'train', file }], wanted, usualMissing);
    const values = [...columns.values()].map(({ sql }) => sql);
    const found = await queryRows(database, `SELECT ${values.join(', ')} FROM ${stagedTable}`);
    const rows = found.map((row) => row.map((value) => (hasItems(value) ? value.items : value)));
    return { file, names, unsupported, types, rows };
  } finally {
    database.closeSync();
  }
}

function hasItems(value: unknown): value is { readonly items: unknown } {
  return typeof value === 'object' && value !== null && 'items' in value;
}

test('Parquet with Zstandard: the rows of the file, in its order, over many row groups', async () => {
  const path = join(folder, 'long.parquet');
  const sql = "SELECT i AS n, CASE WHEN i % 10 = 3 THEN NULL ELSE 'w' || (i % 7) END AS w FROM range(5000) t(i)";
  await written(sql, path, `FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 2048`);
  const { file, names, rows } = await read(path);
  expect(names).toEqual(['n', 'w']);
  expect(rows).toEqual(Array.from({ length: 5000 }, (_, i) => [BigInt(i), i % 10 === 3 ? null : `w${i % 7}`]));
  expect(await file.place(4321)).toBe(`${path}, row 4322`);
  expect((await read(path, new Set(['w']))).rows[1]).toEqual(['w1']);
  const cutOff = join(folder, 'cut.parquet');
  writeFileSync(cutOff, readFileSync(path).subarray(0, 200));
  await expect(read(cutOff)).rejects.toThrow(DataError);
});

test('values of every type become whole numbers, numbers, texts, days and lists of texts', async () => {
  const path = join(folder, 'types.parquet');
  const columns: readonly (readonly [sql: string, value: unknown])[] = [
    ['9007199254740993::BIGINT', 9007199254740993n], // beyond 2^53
    ['18446744073709551615::UBIGINT', '18446744073709551615'],
    ['-5::TINYINT', -5n],
    ['0.1::FLOAT', Math.fround(0.1)],
    ['1.25::DECIMAL(9, 2)', 1.25],
    ['12345678901234567890123456789::DECIMAL(38, 0)', '12345678901234567890123456789'],
    ["'nan'::DOUBLE", null],
    ['true', 'true'],
    ["'\\xC3\\xA4'::BLOB", 'ä'],
    ["DATE '1970-01-03'", 2],
    ["TIMESTAMP '1970-01-01 12:00:00'", 0.5],
    ["TIMESTAMPTZ '1970-01-01 06:00:00+00'", 0.25],
    ["TIMESTAMP 'infinity'", Number.POSITIVE_INFINITY], // refused later, as no finite number
    ["TIMESTAMPTZ '-infinity'", Number.NEGATIVE_INFINITY],
    ["DATE 'infinity'", Number.POSITIVE_INFINITY],
    ["'a'::ENUM('a', 'b')", 'a'],
    ["' NA '", null],
    ["' a b\n '", 'a b'],
    ['[1, NULL, 3]', ['1', '3']],
    ["[DATE '1970-01-02']", ['1']],
    ['NULL::INTEGER', null],
  ];
  await written(`SELECT ${columns.map(([sql], c) => `${sql} AS c${c}`).join(', ')}`, path);
  expect((await read(path)).rows).toEqual([columns.map(([, value]) => value)]);
});

test('whole numbers beyond 2^53 of one file stay exact, where another file has decimals', async () => {
  const paths = ['whole', 'decimal', 'small'].map((name) => join(folder, `${name}.parquet`));
  const [whole = '', decimal = '', small = ''] = paths;
  await written('SELECT unnest([9007199254740993, 9007199254740992]) AS id', whole);
  await written('SELECT 0.5::DOUBLE AS id', decimal);
  await written('SELECT 7 AS id', small);
  const staged = (...names: readonly string[]) =>
    withDatabase(async (database) => {
      const options = { delimiter: undefined, quote: '"', header: true };
      const files = await Promise.all(names.map((path) => openTableFile(path, options)));
      const asTrain = files.map((file) => ({ split: 'train' as const, file }));
      await stageRows(database, asTrain, new Set(['id']), usualMissing);
      return (await queryRows(database, `FROM ${stagedTable}`)).flat();
    });
  expect(await staged(whole, decimal)).toEqual(['9007199254740993', '9007199254740992', '0.5']);
  expect(await staged(small, decimal)).toEqual(['7', '0.5']);
});

test('JSON, an object a line, packed or not, or a list: values are texts', async () => {
  const lines = Array.from({ length: 21_000 }, (_, i) =>
    JSON.stringify({ n: i === 20_999 ? 0.5 : i, w: `w${i % 3}`, ...(i % 2 ? { l: [i] } : {}), st: { a: i } }),
  );
  const text = lines.join('\n');
  writeFileSync(join(folder, 'a.jsonl'), text);
  writeFileSync(join(folder, 'a.ndjson.gz'), gzipSync(text));
  writeFileSync(join(folder, 'a.json'), `[${lines.join(',')}]`);
  for (const name of ['a.jsonl', 'a.ndjson.gz', 'a.json']) {
    const { names, unsupported, rows } = await read(join(folder, name));
    expect(names).toEqual(['n', 'w', 'st', 'l']);
    expect([...unsupported]).toEqual([['st', 'struct']]);
    expect(rows[20_999]).toEqual(['0.5', 'w2', ['20999']]);
    expect(rows[2]).toEqual(['2', 'w2', null]);
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
  writeFileSync(path, lines.map((line) => JSON.stringify(line)).join('\n'));
  expect((await read(path)).rows).toEqual([
    ['2024-05-01', '10:00', '1', null, null],
    ['2024-05-02', '10:01', '2', null, '3.5'],
  ]);
});

test('JSON keys that differ only in case are refused by name; a number at the end is no matter', async () => {
  const path = join(folder, 'case.jsonl');
  writeFileSync(path, '{"a": 1}\n{"A": 2, "b": 1, "b_1": 3}\n');
  await expect(read(path)).rejects.toThrow(
    "case.jsonl cannot be read as JSON: 'A' and 'a' differ only in upper and lower case; give one another name.",
  );
  writeFileSync(path, '{"a": 1, "a_1": 2}\n');
  expect((await read(path)).rows).toEqual([['1', '2']]);
});

beforeAll(() => {
  const names = [
    'b.csv',
    'packed.data.gz',
    'days/2/f.csv',
    'days/1/f.csv',
    'days/1/g.csv',
    'days/10/g.csv',
    'days/.old/f.csv',
    'days/.f.csv',
  ];
  for (const name of names) {
    const path = join(folder, name);
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, 'x\n1\n');
  }
});

test.each<[string, readonly string[]]>([
  ['days/*/f.csv', ['days/1/f.csv', 'days/2/f.csv']],
  ['days/?/*.csv', ['days/1/f.csv', 'days/1/g.csv', 'days/2/f.csv']],
  ['days/1/*', ['days/1/f.csv', 'days/1/g.csv']],
  ['b.csv', ['b.csv']],
  ['packed.data', ['packed.data.gz']],
])('%s', async (pattern, expected) => {
  const found = await findDataFiles([`${folder}/${pattern}`]);
  expect(found.map(({ path }) => path)).toEqual(expected.map((name) => join(folder, name)));
});

test.each([
  ['days', / is no file; .*days\/\*\.csv; dataset\.folder says in which folder all of them are\.$/, ''],
  ['days/*/h.csv', /^No file matches .*days\/\*\/h\.csv\.$/],
  ['days/*', /days\/1 is no file; name files, or a pattern such as .*days\/1\/\*\.csv\.$/],
])('%s is refused', async (pattern, message, advice?: string) => {
  const failure = await findDataFiles([`${folder}/${pattern}`], advice).catch((error) => error);
  expect(failure).toBeInstanceOf(DataError);
  expect(failure.message).toMatch(message);
});
