import { readdirSync, writeFileSync } from 'node:fs';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test, vi } from 'vitest';
import type { SplitName } from '../dataset.js';
import { file, folds, lines, open, readRows } from './table-loader.fixture.js';
import { openNewRows } from './table-loader.js';

test('a split by a group: no value in two splits, the same under one seed, rows without a value alone', async () => {
  const lines = Array.from(
    { length: 1300 },
    (_, row) => `${row % 13 ? `u${(row * 7) % 200}` : ''},${row / 2},${row % 2}`,
  );
  const path = await file(`user,x,y\n${lines.join('\n')}\n`);
  const split = { fraction: { validation: 0.2, test: 0.2 }, group: 'user' };
  const splitUsers = async (settings: object) => {
    const source = await open({ path, split, ...settings });
    const names = ['train', 'validation', 'test'] as const;
    return Promise.all(names.map(async (name) => (await readRows(source, name)).map(({ user }) => String(user))));
  };
  const [train = [], validation = [], test = []] = await splitUsers({});
  const shared = (some: readonly string[], others: readonly string[]) =>
    [...new Set(some)].filter((user) => user !== '' && others.includes(user));
  expect([...shared(train, validation), ...shared(train, test), ...shared(validation, test)]).toEqual([]);
  expect(new Set([...train, ...validation, ...test]).size).toBe(201);
  for (const part of [validation, test]) {
    expect(new Set(part).size).toBeGreaterThan(20);
    expect(part.filter((user) => user === '').length).toBeGreaterThan(8);
  }
  expect(await splitUsers({})).toEqual([train, validation, test]);
  expect(await splitUsers({ splitSeed: 1 })).not.toEqual([train, validation, test]);
  const turned = await splitUsers({ path: await file(`user,x,y\n${lines.toReversed().join('\n')}\n`) });
  const groups = (parts: readonly (readonly string[])[]) =>
    parts.map((part) => [...new Set(part)].filter(Boolean).sort());
  expect(groups(turned)).toEqual(groups([train, validation, test]));
  await expect(open({ path, split, splitSeed: 'run' })).rejects.toThrow(
    /draws single rows .*, neither groups nor strata/,
  );
});

test('kinds, labels, masks and splits of a CSV file', async () => {
  const path = await file(
    `id,price,tags,fold,click,buy,spend,note
a,1.5,x|y,,1,1,3.5,"a, ""b"""
b,NA,,,0,1,,
a,-2e1,y|y:2| z:.5 ,,1,0,-1,"two
lines"
c,3,x,v,1,,2,
d,4,x,t,0,0,0,
`,
  );
  const notes: string[] = [];
  const source = await open(
    {
      path,
      tasks: {
        click: {},
        bought: { column: 'buy', mask: { column: 'click', equals: 1 } },
        spend: { regression: true },
        much: { column: 'spend', positive: '>= 2' },
      },
      columns: { tags: { kind: 'list', weights: ':' } },
      split: folds,
    },
    notes,
  );
  expect(source.columns.map(({ name, kind }) => [name, kind])).toEqual([
    ['id', 'categorical'],
    ['price', 'numeric'],
    ['tags', 'list'],
    ['note', 'categorical'],
  ]);
  expect(source.tasks.map(({ name, type }) => [name, type])).toEqual([
    ['click', 'binary'],
    ['bought', 'binary'],
    ['spend', 'regression'],
    ['much', 'binary'],
  ]);
  const lists = [
    [
      ['x', 1],
      ['y', 1],
    ],
    [],
    [
      ['y', 1],
      ['y', 2],
      ['z', 0.5],
    ],
  ];
  const outside = 'outside';
  expect((await readRows(source, 'train')).map(Object.values)).toEqual([
    ['a', 1.5, lists[0], 'a, "b"', 1, 1, 3.5, 1],
    ['b', Number.NaN, lists[1], '', 0, outside, outside, outside],
    ['a', -20, lists[2], 'two\nlines', 1, 0, -1, 0],
  ]);
  expect(await readRows(source, 'validation')).toMatchObject([{ id: 'c', 'y:bought': 'outside', 'y:spend': 2 }]);
  expect(await readRows(source, 'test')).toMatchObject([{ id: 'd', 'y:click': 0 }]);
  expect(notes).toEqual([
    'Kinds of columns were inferred (dataset.columns overrides): numeric: price; categorical: id, note.',
  ]);
});

test('whole numbers are categories while they are few, and a split by fraction follows splitSeed alone', async () => {
  const path = await file(`few,many,half,y\n${lines(1000, (i) => `${i % 20},${i % 21},${(i % 2) / 2},${i % 2}`)}`);
  const source = await open({ path, split: { fraction: { validation: 0.2, test: 0.3 } } });
  expect(source.columns.map(({ kind }) => kind)).toEqual(['categorical', 'numeric', 'numeric']);
  const { train, validation, test } = source.splits;
  expect(train.rows + validation.rows + test.rows).toBe(1000);
  expect(Math.abs(validation.rows - 200)).toBeLessThan(50); // 4 deviations
  expect(Math.abs(test.rows - 300)).toBeLessThan(58);
  const again = await open({
    path,
    split: { fraction: { validation: 0.2, test: 0.3 } },
    splitSeed: 1,
  });
  expect(again.checksum).not.toBe(source.checksum);
  expect(await readRows(again, 'test')).not.toEqual(await readRows(source, 'test'));
});

test('a split by time: the last rows, equal times together', async () => {
  const days = [5, 1, 9, 3, 8, 8, 2, 4, 7, 6];
  const path = await file(`when,x,y\n${days.map((day) => `2024-05-0${day} 12:00,${day}.5,1\n`).join('')}`);
  const source = await open({ path, split: { time: 'when', validation: 0.2, test: 0.2 } });
  const x = async (name: SplitName) => (await readRows(source, name)).map((row) => row['x']);
  expect(await x('test')).toEqual([9.5, 8.5, 8.5]);
  expect(await x('validation')).toEqual([7.5]);
  expect(await x('train')).toEqual([5.5, 1.5, 3.5, 2.5, 4.5, 6.5]);
  expect(source.columns.map(({ name }) => name)).toEqual(['x']);
});

test('folders named column=value, which are columns in a query only, are noted', async () => {
  const notes: string[] = [];
  const text = `x,y\n${Array.from({ length: 40 }, (_, i) => `${i / 2},${i % 2}\n`).join('')}`;
  const root = dirname(await file(text, 'plain.csv'));
  for (const day of ['day=1', 'day=2']) {
    await mkdir(join(root, day));
    await writeFile(join(root, day, 'part.csv'), text);
  }
  await open({ path: join(root, '*', '*.csv') }, notes);
  expect(notes).toContainEqual(expect.stringMatching(/^Folders named column=value are columns in a query only/));
});

test('several files, a pattern, files of their own for splits, columns in another order', async () => {
  const first = await file('x,y\n1.5,0\n', 'part-1.csv');
  await writeFile(first.replace('part-1', 'part-2'), 'y,x\n1,2.5\n');
  await writeFile(first.replace('part-1.csv', 'other.csv'), 'y,z\n1,2.5\n');
  const last = await file(gzipSync('x\ty\r\n9.5\t1\r\n'), 'last.tsv.gz');
  const settings = { validation: last, columns: { x: 'numeric' } };
  const copy = await file('y,x\n0,7\n');
  const source = await open({ path: first.replace('part-1', 'part-*'), test: copy, ...settings });
  expect(await readRows(source, 'train')).toEqual([
    { x: 1.5, 'y:y': 0 },
    { x: 2.5, 'y:y': 1 },
  ]);
  expect(await readRows(source, 'validation')).toEqual([{ x: 9.5, 'y:y': 1 }]);
  expect(await readRows(source, 'test')).toEqual([{ x: 7, 'y:y': 0 }]);
  await expect(open({ path: first.replace('part-1', '*'), test: copy, ...settings })).rejects.toThrow(
    /part-1.csv has no column 'z', which .*other.csv has\./,
  );
});

test('one file under two names is one file: its rows count once, and it cannot be in two splits', async () => {
  const path = await file(`x,y\n${lines(60, (i) => `${i}.5,${i % 2}`)}`);
  const link = path.replace('data', 'link');
  await symlink(path, link);
  const names = [path, path.replace('data', './data'), relative(process.cwd(), path), link];
  const source = await open({ path: [...names, path.replace('data', '*')] });
  const { train, validation, test: last } = source.splits;
  expect(train.rows + validation.rows + last.rows).toBe(60);
});

test('no header: columns by number, between control characters as Hive writes them; hashed ids; a group', async () => {
  const path = await file('u1;3.5;1\nu2;4;0\nu1;5;1\nu3;6;0\n'.replaceAll(';', '\u0001'));
  const source = await open({
    path,
    header: false,
    delimiter: '\u0001',
    missing: [],
    tasks: { click: { column: 3 } },
    columns: { 1: { kind: 'categorical', hash: 1000 } },
    split: { column: 2, validation: 5, test: 6 },
    group: 1,
  });
  expect(source.columns).toEqual([{ name: '1', kind: 'categorical', size: 1000, cells: { hash: 1000 } }]);
  expect(source.group).toBe('1');
  const [first, second] = await readRows(source, 'train');
  expect(first?.['1']).not.toBe(second?.['1']);
  expect((await readRows(source, 'validation'))[0]?.['1']).toBe(first?.['1']);
});

test('the second opening reads the prepared table; a changed file is read again', async () => {
  const path = await file('x,y,fold\n1.5,1,\n2.5,0,v\n3.5,1,t\n');
  const notes: string[] = [];
  const settings = { path, split: folds };
  const first = await open(settings, notes);
  const second = await open(settings, notes);
  expect(notes).toEqual([notes[0], notes[0]]); // of the inference, which took place once
  expect(await readRows(second, 'train')).toEqual(await readRows(first, 'train'));
  expect(second.checksum).toBe(first.checksum);
  await writeFile(path, 'x,y,fold\n9.5,1,\n2.5,0,v\n3.5,1,t\n');
  expect(await readRows(await open(settings, notes), 'train')).toEqual([{ x: 9.5, 'y:y': 1 }]);
});

test('a mask reads booleans as labels do; a task without a training row is an error', async () => {
  const lines = Array.from({ length: 60 }, (_, i) => `${i / 2},${i % 3 === 0 ? 'true' : 'false'},${i % 2}`);
  const path = await file(`x,click,buy\n${lines.join('\n')}\n`);
  const masked = (equals: unknown) => open({ path, tasks: { click: {}, buy: { mask: { column: 'click', equals } } } });
  const rows = await readRows(await masked(1), 'train');
  for (const row of rows) expect(row['y:buy'] !== 'outside').toBe(row['y:click'] === 1);
  await expect(masked(2)).rejects.toThrow(
    "no training row is in the sample space of task 'buy': none has a label in column 'buy', and meets tasks.buy.mask (column 'click'); values of 'click' are 'false', 'true'.",
  );
});

const rows = (first: number) => `x,y\n${Array.from({ length: 100 }, (_, i) => `${first + i}.5,${i % 2}`).join('\n')}\n`;

/** A signal to which a preparation listens between the checksums of its files and their reading; then it calls `then`. */
function listened(then: () => void): AbortSignal {
  const { signal } = new AbortController();
  signal.addEventListener = then;
  return signal;
}

const wanted = { inputs: [{ name: 'x', kind: 'numeric' as const }], labels: {}, keep: [] };
const ways: Record<string, (path: string, cache: string, signal?: AbortSignal) => Promise<unknown>> = {
  'a table': (path, cache, signal) => open({ path, cache }, [], { signal }),
  'a query': (_, cache, signal) => open({ query: 'SELECT * FROM t', files: { t: _ }, cache }, [], { signal }),
  'new rows': async (path, _, signal) => {
    const context = { seed: 1, note: () => undefined, signal };
    await (await openNewRows([path], wanted, { exact: false }, context)).release();
  },
};

test.each(Object.keys(ways))('%s: a file that changes between its checksum and its reading is told', async (way) => {
  const path = await file(rows(0));
  const cache = join(dirname(path), 'cache');
  const failure = ways[way]?.(
    path,
    cache,
    listened(() => writeFileSync(path, rows(1000))),
  );
  await expect(failure).rejects.toThrow(`${path} changed while it was read. Run this again when nothing writes to it.`);
  expect(readdirSync(dirname(path))).toEqual(['data.csv']);
});

test('the same when a file breaks; after it, the rows are those of the file', async () => {
  const path = await file(rows(0));
  const settings = { path };
  const signal = listened(() => writeFileSync(path, 'x,y\n1,2,3\n'));
  await expect(open(settings, [], { signal })).rejects.toThrow('changed while it was read');
  writeFileSync(path, rows(0));
  expect((await readRows(await open(settings), 'train')).every(({ x }) => Number(x) < 100)).toBe(true);
});

test('a wide table takes few statements that read its rows, and each column has its own dictionary', async () => {
  const { DuckDBConnection } = await import('@duckdb/node-api');
  const run = vi.spyOn(DuckDBConnection.prototype, 'run');
  const names = Array.from({ length: 400 }, (_, c) => `c${c}`);
  const cell = (row: number, c: number) => (c % 4 === 3 ? `e${row % 3}|e${c}` : `v${(row * c) % 7}`);
  const rows = lines(60, (row) => [...names.map((_, c) => cell(row, c)), row % 2].join(','));
  const columns = Object.fromEntries(names.flatMap((name, c) => (c % 4 === 3 ? [[name, { kind: 'list' }]] : [])));
  const source = await open({ path: await file(`${names.join(',')},y\n${rows}`), columns });
  const ofRows = run.mock.calls.filter(([sql]) => /\b(FROM|INTO) staged\b/.test(String(sql)));
  run.mockRestore();
  expect(ofRows.length).toBeLessThan(20);
  for (const [row, values] of (await readRows(source)).entries())
    for (const [c, name] of names.entries())
      expect(values[name]).toEqual(c % 4 === 3 ? cell(row, c).split('|') : cell(row, c));
});

test('new rows whose columns another delimiter cuts are refused with it', async () => {
  const wanted = { inputs: [{ name: 'x', kind: 'numeric' } as const], labels: {}, keep: [], weight: undefined };
  const context = { seed: 0, note: () => undefined };
  await expect(openNewRows([await file('x;y\n1;2\n')], wanted, {}, context)).rejects.toThrow(
    /has no column 'x', which the model reads; there are: x;y\. If ';' stands between columns: dataset\.delimiter=';'\.$/,
  );
  await expect(openNewRows([await file('z,y\n1,2\n')], wanted, {}, context)).rejects.toThrow(/there are: z, y\.$/);
});
