import { describe, expect, test } from 'vitest';
import { file, open, readRows } from './table-loader.fixture.js';

const lines = (count: number, line: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => `${line(i)}\n`).join('');
const splits = ['train', 'validation', 'test'] as const;

describe('a name with * or ?', () => {
  const text = `id,feat_a,feat_b,w,y\n${lines(100, (i) => `${i},${i % 3},${i % 4},${i % 2},${i % 2}`)}`;
  const kindsBy = async (columns: object) => {
    const source = await open({ path: await file(text), tasks: { y: {} }, weight: 'w', others: 'ignored', columns });
    return Object.fromEntries(source.columns.map(({ name, kind }) => [name, kind]));
  };

  test('gives all columns that match their kind, but for those that are named, and labels, weights and splits', async () => {
    expect(await kindsBy({ 'feat_*': 'categorical', feat_b: 'numeric' })).toEqual({
      feat_a: 'categorical',
      feat_b: 'numeric',
    });
    expect(await kindsBy({ '*': 'categorical', '?d': 'categorical' })).toEqual({
      id: 'categorical',
      feat_a: 'categorical',
      feat_b: 'categorical',
    });
  });

  test('that matches no column, or another kind of one, is refused', async () => {
    await expect(kindsBy({ 'fet_*': 'numeric' })).rejects.toThrow(
      /dataset\.columns\.fet_\*: no column of \S+ matches; there/,
    );
    const two = kindsBy({ 'feat_*': 'numeric', '*_b': 'categorical' });
    await expect(two).rejects.toThrow(/'feat_\*' and '\*_b' both match column 'feat_b' .* name the column itself/);
    expect(await kindsBy({ 'feat_*': 'numeric', '*_b': 'categorical', feat_b: 'ignored' })).toEqual({
      feat_a: 'numeric',
    });
  });
});

test('a stratified split has the same share of each value, to the row', async () => {
  const path = await file(`x,y\n${lines(2000, (i) => `${i / 3},${Number(i % 100 === 7)}`)}`);
  const options = { path, tasks: { y: {} }, split: { fraction: { validation: 0.1, test: 0.2 }, stratify: 'y' } };
  const source = await open(options);
  const counts = await Promise.all(
    splits.map(async (name) => {
      const rows = await readRows(source, name);
      return [rows.length, rows.filter((row) => row['y:y'] === 1).length];
    }),
  );
  expect(counts).toEqual([
    [1400, 14],
    [200, 2],
    [400, 4],
  ]);
  const again = await open({ ...options, splitSeed: 5 });
  expect(await readRows(again, 'test')).not.toEqual(await readRows(source, 'test'));
});

test('a number column with a few odd texts stays a number, and the note names them; with more it has categories', async () => {
  const text = (odd: number) =>
    `x,y\n${lines(1000, (i) => `${i % 1000 < odd ? ['12_34', 'odd'][i % 2] : i / 7},${i % 2}`)}`;
  const notes: string[] = [];
  const source = await open({ path: await file(text(50)), tasks: { y: {} } }, notes);
  expect(source.columns).toEqual([{ name: 'x', kind: 'numeric', cells: { lenient: true } }]);
  const rows = (await Promise.all(splits.map((name) => readRows(source, name)))).flat();
  expect(rows.filter((row) => Number.isNaN(row.x))).toHaveLength(50);
  expect(notes[0]).toBe(
    "Column 'x' has numbers but for 50 of 1000 values: '12_34', 'odd'. These count as missing; list them in dataset.missing, or say columns: { x: categorical }.",
  );
  const other = await open({ path: await file(text(51)), tasks: { y: {} } });
  expect(other.columns[0]?.kind).toBe('categorical');
  await expect(open({ path: await file(text(1)), tasks: { y: {} }, columns: { x: 'numeric' } })).rejects.toThrow(
    /data\.csv:2: column 'x' is '12_34', which is no number/,
  );
});

test('dates are numbers, in days since 1970', async () => {
  const path = await file(`when,x,y\n${lines(310, (i) => `${1 + (i % 31)}.05.2024,${i / 7},${i % 2}`)}`);
  const source = await open({ path, tasks: { y: {} } });
  expect(source.columns.map(({ kind }) => kind)).toEqual(['numeric', 'numeric']);
  const first = Date.UTC(2024, 4, 1) / 86_400_000;
  const whole = (await Promise.all(splits.map((split) => readRows(source, split)))).flat();
  expect(new Set(whole.map((row) => row.when))).toEqual(
    new Set(Array.from({ length: 31 }, (_, day) => Math.fround(first + day))),
  );
});

test('dates that may be of two months are categories', async () => {
  const path = await file(`when,x,y\n${lines(300, (i) => `0${1 + (i % 9)}/0${1 + (i % 7)}/2024,${i / 7},${i % 2}`)}`);
  expect((await open({ path, tasks: { y: {} } })).columns[0]?.kind).toBe('categorical');
});

test('whole numbers beyond 2^53 are categories, each its own, in CSV and JSON', async () => {
  const rows = Array.from({ length: 100 }, (_, row) => [2n ** 53n + BigInt(row), row % 2]);
  const csv = await file(`id,y\n${rows.map((row) => `${row}\n`).join('')}`);
  const json = await file(rows.map(([id, y]) => `{"id": ${id}, "y": ${y}}\n`).join(''), 'data.jsonl');
  for (const path of [csv, json]) {
    const source = await open({ path, tasks: { y: {} } });
    expect(source.columns).toMatchObject([{ name: 'id', kind: 'categorical' }]);
    expect(new Set((await readRows(source, 'train')).map(({ id }) => id)).size).toBeGreaterThan(60);
  }
});

test.each([
  ['beyond 64 bits', ['12345678901234567890123', '12345678901234567890125']],
  ['beside decimals', ['9007199254740993', '9007199254740992', '0.5']],
])('whole numbers %s are texts, each its own, in CSV and JSON', async (_, ids) => {
  const rows = Array.from({ length: 60 }, (_, row) => [ids[row % ids.length] ?? '', row % 2]);
  const csv = await file(`id,y\n${rows.map((row) => `${row}\n`).join('')}`);
  const json = await file(rows.map(([id, y]) => `{"id": ${id}, "y": ${y}, "l": [${id}]}\n`).join(''), 'data.jsonl');
  for (const path of [csv, json]) {
    const source = await open({ path, tasks: { y: {} } });
    expect(source.columns[0]).toMatchObject({ name: 'id', kind: 'categorical' });
    for (const { dictionary } of source.columns) expect(new Set(dictionary)).toEqual(new Set(ids));
  }
});
