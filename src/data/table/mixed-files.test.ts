import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { withDatabase } from '../store/database.js';
import { file, open, readRows } from './table-loader.fixture.js';
import { openNewRows } from './table-loader.js';

/** JSON, an object a line. */
const json = (rows: readonly object[]) => file(rows.map((row) => JSON.stringify(row)).join('\n'), 'data.jsonl');

/** Parquet with the rows of a query. */
async function parquet(sql: string): Promise<string> {
  const path = join(dirname(await file('')), 'data.parquet');
  await withDatabase((database) => database.run(`COPY (${sql}) TO '${path}'`));
  return path;
}

const days = (day: number) => `2024-05-${String(10 + day)}`;

/** Files of the same columns: a date, and lists or what stands for them. Each has three rows. */
async function files(): Promise<readonly string[]> {
  const fromLists = (lists: string) =>
    parquet(
      `SELECT list AS tags, i / 4 AS x, i % 2 AS y, DATE '2024-05-10' + i::INTEGER AS day FROM (SELECT unnest([${lists}]) AS list, unnest(range(3)) AS i)`,
    );
  const ofText = (text: string | readonly string[] | null, i: number) => ({
    ...{ tags: text, x: i / 4, y: i % 2, day: days(i) },
  });
  return [
    await fromLists("['a', 'b'], ['c|d', ' a '], NULL"),
    await fromLists("'a|b', ' NA ', '[a, b]'"),
    await fromLists('7, 8, NULL'),
    await json([['a', 'b'], null, ['[a, b]']].map(ofText)),
    await json(['a|b|a', '', 'c'].map(ofText)),
    await file(`tags,x,y,day\n"[a, b]",0,0,${days(0)}\na| b,0.25,1,${days(1)}\nNA,0.5,0,${days(2)}\n`),
  ];
}

/** The rows of some files, read as a trained model with these columns reads new ones. */
async function read(paths: readonly string[], kind: 'list' | 'categorical') {
  const inputs = [
    { name: 'tags', kind },
    { name: 'day', kind: 'numeric' as const, time: 0, lenient: false },
  ];
  const context = { seed: 0, note: () => undefined };
  const rows = await openNewRows(paths, { inputs, labels: {}, keep: [] }, {}, context);
  try {
    return await readRows(rows.source, 'test');
  } finally {
    await rows.release();
  }
}

test.each(['list', 'categorical'] as const)(
  'a file’s rows are the same whatever other files are named: %s, texts or lists, and dates',
  async (kind) => {
    const paths = await files();
    const alone = await Promise.all(paths.map((path) => read([path], kind)));
    expect(alone[0]?.map(({ tags }) => tags)).toEqual(
      kind === 'list' ? [['a', 'b'], ['c|d', 'a'], []] : ['a,b', 'c|d, a ', ''],
    );
    expect(alone[1]?.map(({ tags }) => tags)).toEqual(
      kind === 'list' ? [['a', 'b'], [], ['[a, b]']] : ['a|b', '', '[a, b]'],
    );
    expect(alone[5]?.map(({ tags }) => tags)).toEqual(
      kind === 'list' ? [['[a, b]'], ['a', 'b'], []] : ['[a, b]', 'a| b', ''],
    );
    for (const rows of alone) expect(rows.map(({ day }) => day)).toEqual([19853, 19854, 19855]);
    expect(await read(paths, kind)).toEqual(alone.flat());
    expect(await read(paths.toReversed(), kind)).toEqual(alone.toReversed().flat());
    for (const [f, path] of paths.entries())
      if (f > 0) expect(await read([paths[0] ?? '', path], kind)).toEqual([...(alone[0] ?? []), ...(alone[f] ?? [])]);
  },
);

/** 120 days from May 2024 on: half in a file as dates, half in another as they are written. */
async function ofDays(write: (day: Date) => string) {
  const dated = await parquet(
    "SELECT DATE '2024-05-01' + i::INTEGER AS day, i / 4 AS x, i % 2 AS y FROM range(60) t(i)",
  );
  const lines = Array.from({ length: 60 }, (_, i) => `${write(new Date(Date.UTC(2024, 4, 61 + i)))},${i / 4},${i % 2}`);
  return { dated, written: await file(`day,x,y\n${lines.join('\n')}\n`) };
}

const iso = (day: Date) => day.toISOString().slice(0, 10);
const split = { time: 'day', validation: 0.1, test: 0.1 };

test('dates of a type and dates in ISO’s way are one column: inferred, as a number, in parts, and for a split', async () => {
  const { dated, written } = await ofDays(iso);
  const columns = { day: { kind: 'time', parts: ['month', 'days'] } };
  for (const path of [
    [dated, written],
    [written, dated],
  ]) {
    for (const settings of [{}, { columns: { day: 'numeric' } }]) {
      const source = await open({ path, ...settings });
      expect(source.columns[0]).toEqual({ name: 'day', kind: 'numeric', cells: { lenient: false, time: 0 } });
      const rows = await readRows(source);
      expect(rows.map(({ day }) => Number(day)).sort()).toEqual(Array.from({ length: 120 }, (_, i) => 19844 + i));
    }
    const source = await open({ path, columns, split });
    const months = await readRows(source);
    expect(months.filter((row) => row['day.month'] === '5')).toHaveLength(31);
    const test = await readRows(source, 'test');
    expect(test.map((row) => row['day.days'])).toEqual(Array.from({ length: 12 }, (_, i) => 19952 + i));
  }
});

test('dates of a type beside texts that are none in ISO’s way are refused with both files', async () => {
  const { dated, written } = await ofDays((day) => iso(day).split('-').toReversed().join('.'));
  for (const columns of [{}, { day: 'numeric' }, { day: { kind: 'time', parts: ['month'] } }])
    await expect(open({ path: [written, dated], columns })).rejects.toThrow(
      `Column 'day' has a type of times in ${dated}, and texts in ${written} that are not written as 2024-05-31`,
    );
  await expect(open({ path: [written, dated], split })).rejects.toThrow(`${written}:2: column 'day' is '30.06.2024'`);
});

test('a value of a type is not missing, whatever texts are in another file', async () => {
  const numbers = await parquet('SELECT i - 1 AS x, i % 2 AS y FROM range(40) t(i)');
  const texts = await file(`x,y\n${'-1,0\nseven,1\n'.repeat(20)}`);
  const settings = { missing: ['-1'], columns: { x: 'categorical' } };
  const rows = await readRows(await open({ path: [numbers, texts], ...settings }));
  expect(rows.slice(0, 2).map(({ x }) => x)).toEqual(['-1', '0']);
  expect(rows.slice(40, 42).map(({ x }) => x)).toEqual(['', 'seven']);
});

test.each([
  ['a text among lists', ['a', 'b'], 'a', 'lists and single values (row 31)'],
  ['a list among numbers', 7, [7, 8], 'lists and single values (row 31)'],
  ['an object among lists', ['a'], { a: 1 }, 'objects or nested lists (row 31)'],
  ['an object among texts', 'a', { a: 1 }, 'objects or nested lists (row 31)'],
  ['a list of lists among lists', [1, 'a'], [['a']], 'objects or nested lists (row 31)'],
])('JSON, %s: the column is refused with the row, in a table and in new rows', async (_, usual, odd, what) => {
  const path = await json(
    Array.from({ length: 100 }, (_, i) => ({ tags: i === 30 ? odd : usual, x: i / 4, y: i % 2, day: days(0) })),
  );
  const message = `${path}: column 'tags' is of type '${what}', which is not supported; leave it out: columns: { tags: ignored }.`;
  await expect(open({ path })).rejects.toThrow(message);
  await expect(read([path], 'list')).rejects.toThrow(message);
  expect((await open({ path, columns: { tags: 'ignored' } })).columns.map(({ name }) => name)).toEqual(['x', 'day']);
});

test('JSON, numbers among texts, and lists of both: values are texts', async () => {
  const path = await json(
    Array.from({ length: 100 }, (_, i) => ({ tags: [i, 'a', null], x: i % 2 ? i : `t${i}`, y: i % 2 })),
  );
  const rows = await readRows(await open({ path }));
  expect(rows.slice(6, 8)).toMatchObject([
    { tags: ['6', 'a'], x: 't6' },
    { tags: ['7', 'a'], x: '7' },
  ]);
});

test('in a query, JSON of lists and single values keeps its type', async () => {
  const path = await json(Array.from({ length: 100 }, (_, i) => ({ tags: i ? ['a', 'b'] : 'a', x: i / 4, y: i % 2 })));
  await expect(open({ query: 'FROM t', files: { t: path } })).rejects.toThrow("column 'tags' is of type 'json'");
  const query =
    "SELECT * REPLACE (CASE WHEN json_type(tags) = 'ARRAY' THEN tags ->> '$[*]' ELSE [tags ->> '$'] END AS tags) FROM t";
  const rows = await readRows(await open({ query, files: { t: path } }));
  expect(rows.slice(0, 2).map(({ tags }) => tags)).toEqual([['a'], ['a', 'b']]);
});
