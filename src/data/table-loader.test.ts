import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Table, tableToIPC, vectorFromArray } from 'apache-arrow';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConfigError, DataError } from '../support/errors.js';
import type { Source, SplitName } from './dataset.js';
import { table } from './table-loader.js';

let folder = '';
let made = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ple-table-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function file(content: string | Uint8Array, name = 'data.csv'): Promise<string> {
  const own = join(folder, `f${made++}`);
  await mkdir(own);
  await writeFile(join(own, name), content);
  return join(own, name);
}

async function open(settings: object, notes: string[] = []): Promise<Source> {
  const options = { loader: 'table', cache: join(folder, 'cache'), ...settings };
  return table.open(options, { seed: 1, note: (message) => notes.push(message) });
}

/** Every row of a split: columns as text, number or list, labels and masks by name. */
async function rowsOf(source: Source, name: SplitName) {
  const split = source.splits[name];
  const rows: Record<string, unknown>[] = [];
  for (let b = 0; b * split.blockRows < split.rows; b++) {
    const block = await split.read(b);
    for (let row = 0; row < block.rows; row++) {
      const found: Record<string, unknown> = {};
      for (const [c, column] of source.columns.entries()) {
        const values = block.columns[c];
        const text = (index: number) => column.dictionary?.[index] ?? index;
        if (!values) continue;
        if (!('offsets' in values)) {
          found[column.name] = column.kind === 'numeric' ? values[row] : text(values[row] ?? -1);
          continue;
        }
        const [begin, end] = [values.offsets[row] ?? 0, values.offsets[row + 1] ?? 0];
        found[column.name] = Array.from(values.indexes.subarray(begin, end), (index, i) =>
          values.weights ? [text(index), values.weights[begin + i]] : text(index),
        );
      }
      for (const [t, task] of source.tasks.entries()) {
        const inside = block.masks?.[t]?.[row] !== 0;
        found[`y:${task.name}`] = inside ? block.labels[t]?.[row] : 'outside';
      }
      rows.push(found);
    }
  }
  return rows;
}
const folds = { column: 'fold', validation: 'v', test: 't' };

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
  expect(await rowsOf(source, 'train')).toEqual([
    {
      id: 'a',
      price: 1.5,
      tags: [
        ['x', 1],
        ['y', 1],
      ],
      note: 'a, "b"',
      'y:click': 1,
      'y:bought': 1,
      'y:spend': 3.5,
      'y:much': 1,
    },
    {
      id: 'b',
      price: Number.NaN,
      tags: [],
      note: '',
      'y:click': 0,
      'y:bought': 'outside',
      'y:spend': 'outside',
      'y:much': 'outside',
    },
    {
      id: 'a',
      price: -20,
      tags: [
        ['y', 1],
        ['y', 2],
        ['z', 0.5],
      ],
      note: 'two\nlines',
      'y:click': 1,
      'y:bought': 0,
      'y:spend': -1,
      'y:much': 0,
    },
  ]);
  expect(await rowsOf(source, 'validation')).toMatchObject([{ id: 'c', 'y:bought': 'outside', 'y:spend': 2 }]);
  expect(await rowsOf(source, 'test')).toMatchObject([{ id: 'd', 'y:click': 0 }]);
  expect(notes).toEqual([
    'Kinds of columns were inferred (dataset.columns overrides): numeric: price; categorical: id, note.',
  ]);
});

const lines = (count: number, line: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => `${line(i)}\n`).join('');

test('whole numbers are categories while they are few, and a split by fraction follows splitSeed alone', async () => {
  const path = await file(`few,many,half,y\n${lines(1000, (i) => `${i % 20},${i % 21},${(i % 2) / 2},${i % 2}`)}`);
  const source = await open({ path, tasks: { y: {} }, split: { fraction: { validation: 0.2, test: 0.3 } } });
  expect(source.columns.map(({ kind }) => kind)).toEqual(['categorical', 'numeric', 'numeric']);
  const { train, validation, test } = source.splits;
  expect(train.rows + validation.rows + test.rows).toBe(1000);
  expect(Math.abs(validation.rows - 200)).toBeLessThan(50); // 4 deviations
  expect(Math.abs(test.rows - 300)).toBeLessThan(58);
  const again = await open({
    path,
    tasks: { y: {} },
    split: { fraction: { validation: 0.2, test: 0.3 } },
    splitSeed: 1,
  });
  expect(again.checksum).not.toBe(source.checksum);
  expect(await rowsOf(again, 'test')).not.toEqual(await rowsOf(source, 'test'));
});

test('a split by time: the last rows, equal times together', async () => {
  const days = [5, 1, 9, 3, 8, 8, 2, 4, 7, 6];
  const path = await file(`when,x,y\n${days.map((day) => `2024-05-0${day} 12:00,${day}.5,1\n`).join('')}`);
  const source = await open({ path, tasks: { y: {} }, split: { time: 'when', validation: 0.2, test: 0.2 } });
  const x = async (name: SplitName) => (await rowsOf(source, name)).map((row) => row['x']);
  expect(await x('test')).toEqual([9.5, 8.5, 8.5]);
  expect(await x('validation')).toEqual([7.5]);
  expect(await x('train')).toEqual([5.5, 1.5, 3.5, 2.5, 4.5, 6.5]);
  expect(source.columns.map(({ name }) => name)).toEqual(['x']);
});

test('several files, a pattern, files of their own for splits, columns in another order', async () => {
  const first = await file('x,y\n1.5,0\n', 'part-1.csv');
  await writeFile(first.replace('part-1', 'part-2'), 'y,x\n1,2.5\n');
  await writeFile(first.replace('part-1.csv', 'other.csv'), 'y,z\n1,2.5\n');
  const last = await file(gzipSync('x\ty\r\n9.5\t1\r\n'), 'last.tsv.gz');
  const settings = { validation: last, tasks: { y: {} }, columns: { x: 'numeric' } };
  const copy = await file('y,x\n0,7\n');
  const source = await open({ path: first.replace('part-1', 'part-*'), test: copy, ...settings });
  expect(await rowsOf(source, 'train')).toEqual([
    { x: 1.5, 'y:y': 0 },
    { x: 2.5, 'y:y': 1 },
  ]);
  expect(await rowsOf(source, 'validation')).toEqual([{ x: 9.5, 'y:y': 1 }]);
  expect(await rowsOf(source, 'test')).toEqual([{ x: 7, 'y:y': 0 }]);
  await expect(open({ path: first.replace('part-1', '*'), test: copy, ...settings })).rejects.toThrow(
    /part-1.csv has no column 'z', which .*other.csv has\./,
  );
});

test('no header: columns by number; hashed ids; a group', async () => {
  const path = await file('u1;3.5;1\nu2;4;0\nu1;5;1\nu3;6;0\n');
  const source = await open({
    path,
    header: false,
    delimiter: ';',
    tasks: { click: { column: 3 } },
    columns: { 1: { kind: 'categorical', hash: 1000 } },
    split: { column: 2, validation: 5, test: 6 },
    group: 1,
  });
  expect(source.columns).toEqual([{ name: '1', kind: 'categorical', size: 1000 }]);
  expect(source.group).toBe('1');
  const [first, second] = await rowsOf(source, 'train');
  expect(first?.['1']).not.toBe(second?.['1']);
  expect((await rowsOf(source, 'validation'))[0]?.['1']).toBe(first?.['1']);
});

describe('Parquet and Arrow', () => {
  const values = {
    big: [1n, 2n, null, 2n ** 40n],
    real: [1.5, null, 2.5, 0.25],
    yes: [true, false, null, true],
    word: ['a', 'ü', 'a', null],
    y: [1, 0, 1, 1],
    fold: ['', '', 'v', 't'],
  };
  const expected = [
    { big: '1', real: 1.5, yes: 'true', word: 'a', 'y:y': 1 },
    { big: '2', real: Number.NaN, yes: 'false', word: 'ü', 'y:y': 0 },
    { big: '', real: 2.5, yes: '', word: 'a', 'y:y': 1 },
    { big: '1099511627776', real: 0.25, yes: 'true', word: '', 'y:y': 1 },
  ];
  const parquet = () =>
    new Uint8Array(
      parquetWriteBuffer({
        columnData: [
          { name: 'big', data: values.big, type: 'INT64' },
          { name: 'real', data: values.real, type: 'DOUBLE' },
          { name: 'yes', data: values.yes, type: 'BOOLEAN' },
          { name: 'word', data: values.word, type: 'STRING' },
          { name: 'y', data: values.y, type: 'INT32' },
          { name: 'fold', data: values.fold, type: 'STRING' },
        ],
      }),
    );
  const arrow = (kind: 'file' | 'stream') => () =>
    tableToIPC(
      new Table({
        big: vectorFromArray(values.big),
        real: vectorFromArray(values.real),
        yes: vectorFromArray(values.yes),
        word: vectorFromArray(values.word), // a dictionary
        y: vectorFromArray(values.y),
        fold: vectorFromArray(values.fold),
      }),
      kind,
    );
  test.each([
    ['data.parquet', parquet],
    ['data.arrow', arrow('file')],
    ['data.arrows', arrow('stream')],
  ])('%s', async (name, content) => {
    const path = await file(content(), name);
    const source = await open({ path, tasks: { y: {} }, split: folds });
    const rows = [
      ...(await rowsOf(source, 'train')),
      ...(await rowsOf(source, 'validation')),
      ...(await rowsOf(source, 'test')),
    ];
    expect(rows).toEqual(expected);
    const cut = (await readFile(path)).subarray(0, 200);
    await expect(open({ path: await file(cut, name), tasks: { y: {} }, split: folds })).rejects.toThrow(DataError);
  });
});

describe('what is wrong is said with file, line, column and reason', () => {
  const good = 'x,y,fold\n1.5,1,\n2.5,0,v\n3.5,1,t\n';
  test.each<[string, string, object, RegExp]>([
    ['a row too short', 'x,y,fold\n1.5,1,\n2.5\n', {}, /data\.csv:3: this row has 1 columns, not 3\.$/],
    [
      'a word among numbers',
      good.replace('2.5', 'abc'),
      { columns: { x: 'numeric' } },
      /data\.csv:3: column 'x' is 'abc', which is no number/,
    ],
    ['a label of 2', good.replace('2.5,0', '2.5,2'), {}, /data\.csv:3: column 'y' is '2', which is neither 0 nor 1/],
    [
      'a regression label',
      good.replace('2.5,0', '2.5,no'),
      { tasks: { y: { regression: true } } },
      /data\.csv:3: column 'y' is 'no', which is no number/,
    ],
    [
      'a comparison',
      good.replace('2.5,0', '2.5,no'),
      { tasks: { y: { positive: '> 0' } } },
      /data\.csv:3: column 'y' is 'no', which cannot be compared/,
    ],
    ['an open quote', good.replace('2.5', '"2.5'), {}, /data\.csv:\d+: a quote is not closed/],
    ['a quote inside', good.replace('2.5', '"2"5'), {}, /data\.csv:3: .*quote/i],
    ['a NUL byte', good.replace('2.5', '2\0'), {}, /data\.csv:3: there is a NUL byte/],
    ['no rows', 'x,y,fold\n', {}, /No row is in the train split/],
    ['names twice', `x,x,fold\n1,1,1\n`, {}, /data\.csv:1: two columns are named 'x'/],
    ['no validation rows', good.replace(',v', ','), {}, /No row is in the validation split/],
    [
      'no such time',
      good,
      { split: { time: 'fold' } },
      /data\.csv:2: column 'fold' is '', which is neither a number nor a date/,
    ],
  ])('%s', async (_, content, settings, message) => {
    const failure = await open({ path: await file(content), tasks: { y: {} }, split: folds, ...settings }).catch(
      (error) => error,
    );
    expect(failure).toBeInstanceOf(DataError);
    expect(failure.message).toMatch(message);
  });

  test.each<[string, object, RegExp]>([
    [
      'an unknown column',
      { tasks: { y: { column: 'fo' } } },
      /dataset\.tasks\.y\.column: the file has no column 'fo'.*x, y, fold/,
    ],
    ['a label as an input', { columns: { y: 'numeric' } }, /'y' is the label of task 'y'/],
    ['no input', { columns: { x: 'ignored' } }, /no column is left/],
    [
      'a file and a share',
      { test: 'x.csv', split: { fraction: { test: 0.5 } } },
      /the test split has files of its own/,
    ],
    [
      'no values of a split',
      { split: { column: 'fold', test: 't' } },
      /say which values of 'fold' make the validation split/,
    ],
  ])('%s', async (_, settings, message) => {
    const failure = await open({ path: await file(good), tasks: { y: {} }, split: folds, ...settings }).catch(
      (error) => error,
    );
    expect(failure).toBeInstanceOf(ConfigError);
    expect(failure.message).toMatch(message);
  });

  test('invalid UTF-8, an unknown ending, no file', async () => {
    const bytes = Buffer.from(good);
    bytes[bytes.indexOf('2.5')] = 0xff;
    const settings = { tasks: { y: {} }, split: folds };
    await expect(open({ path: await file(bytes), ...settings })).rejects.toThrow(
      /data\.csv:3: this line is not in UTF-8/,
    );
    await expect(open({ path: await file(good, 'data.doc'), ...settings })).rejects.toThrow(
      /the ending of .*data\.doc is none of/,
    );
    await expect(open({ path: join(folder, 'none-*.csv'), ...settings })).rejects.toThrow(/No file matches/);
  });
});

test('the second opening reads the prepared table; a changed file is read again', async () => {
  const path = await file('x,y,fold\n1.5,1,\n2.5,0,v\n3.5,1,t\n');
  const notes: string[] = [];
  const settings = { path, tasks: { y: {} }, split: folds };
  const first = await open(settings, notes);
  const second = await open(settings, notes);
  expect(notes).toHaveLength(1); // of the inference, which took place once
  expect(await rowsOf(second, 'train')).toEqual(await rowsOf(first, 'train'));
  expect(second.checksum).toBe(first.checksum);
  await writeFile(path, 'x,y,fold\n9.5,1,\n2.5,0,v\n3.5,1,t\n');
  expect(await rowsOf(await open(settings, notes), 'train')).toEqual([{ x: 9.5, 'y:y': 1 }]);
});
