import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { DataError } from '../../support/errors.js';
import { folderOfFile } from '../../support/folder.fixture.js';
import { type Source, splitNames } from '../dataset.js';
import { readRows } from '../table/table-loader.fixture.js';
import { aliCcp } from './ali-ccp.js';
import { makeAliCcpFiles } from './made-files.fixture.js';

type Row = Readonly<Record<string, unknown>>;

const folder = folderOfFile();
const [raw, users] = [join(folder, 'raw'), 70];

const open = (options: object = {}, notes: string[] = [], path = raw): Promise<Source> =>
  aliCcp.open(
    { loader: 'ali-ccp', path, cache: join(path, 'cache'), ...options },
    { seed: 1, note: (message) => notes.push(message) },
  );

beforeAll(() =>
  makeAliCcpFiles(raw, {
    ...{ rows: { train: 2500, test: 400 }, common: { train: 100, test: 50 }, entries: 12, items: 400, users },
    ...{ clickRate: 0.2, conversionRate: 0.3, seed: 3 },
  }),
);

const singles = ['101', '121', '122', '124', '125', '126', '127', '128', '129', '205', '206', '207', '216', '301'];
const crosses = ['508', '509', '702', '853'];
const lists = ['109_14', '110_14', '127_14', '150_14', '210', ...crosses];

/** The join, as it would be written where memory is no matter: everything is split at its separators. */
function naiveJoin(): Readonly<Record<'train' | 'test', Row[]>> {
  const cells = (name: string) =>
    readFileSync(join(raw, `${name}.csv`), 'latin1')
      .trimEnd()
      .split('\n')
      .map((line) => line.split(','));
  const samples = (split: string) => {
    const common = new Map(cells(`common_features_${split}`).map(([key, , list = '']) => [key, list]));
    return cells(`sample_skeleton_${split}`)
      .filter(([, click, conversion]) => !(click === '0' && conversion === '1'))
      .map(([, click, conversion, key, , own = '']) => {
        const entries = `${common.get(key)}\u0001${own}`
          .split('\u0001')
          .map((entry) => entry.replace('\u0003', '\u0002').split('\u0002'));
        return { click: Number(click), conversion: Number(conversion), entries };
      });
  };
  const all = { train: samples('train'), test: samples('test') };
  const least = new Map<string, number>();
  for (const { entries } of [...all.train, ...all.test])
    for (const [field = '', id] of entries) least.set(field, Math.min(Number(id), least.get(field) ?? Number(id)));
  const joined = ({ click, conversion, entries }: (typeof all.train)[number]): Row => {
    // An id is counted from the smallest of its field, 0: none.
    const of = (field: string) =>
      entries.flatMap(([name, id, value]): (readonly [number, number])[] =>
        name === field ? [[1 + Number(id) - (least.get(field) ?? 0), Math.fround(Number(value))]] : [],
      );
    const heaviest = (field: string) => of(field).toSorted(([, a], [, b]) => b - a)[0]?.[0] ?? 0;
    const sum = (field: string) => Math.fround(of(field).reduce((total, [, value]) => total + value, 0));
    return {
      ...Object.fromEntries(singles.map((field) => [field, heaviest(field)])),
      ...Object.fromEntries(crosses.map((field) => [`${field}-value`, sum(field)])),
      ...Object.fromEntries(lists.map((field) => [field, of(field)])),
      ...{ 'y:ctr': click, 'y:cvr': click ? conversion : 'outside', conversion },
    };
  };
  return { train: all.train.map(joined), test: all.test.map(joined) };
}

const withoutConversion = (rows: readonly Row[]) => rows.map(({ conversion, ...row }) => row);
/** In whatever order. */
const texts = (rows: readonly Row[]) =>
  withoutConversion(rows)
    .map((row) => JSON.stringify(Object.entries(row).toSorted()))
    .toSorted();
const usersIn = (rows: readonly Row[]) => new Set(rows.map((row) => row['101']));
const read = async (options: object) => {
  const source = await open(options);
  const [train = [], validation = [], test = []] = await Promise.all(splitNames.map((name) => readRows(source, name)));
  return { train, validation, test };
};

test('the rows are those of an independent join: training rows in their order, those of the test in two halves', async () => {
  const joined = naiveJoin();
  const { train, validation, test } = await read({ validation: 'test-half' });
  expect(train).toEqual(withoutConversion(joined.train));
  expect(texts([...validation, ...test])).toEqual(texts(joined.test));
  const ofAll = await read({ cvr: 'ctcvr', validation: 'test-half' }); // the second task is of all samples
  const labels = joined.train.map((row) => [row['y:ctr'], row.conversion]);
  expect(ofAll.train.map((row) => [row['y:ctr'], row['y:ctcvr']])).toEqual(labels);
});

test('a user is in one of train and validation; both together are the training file', async () => {
  const joined = naiveJoin();
  const { train, validation, test } = await read({ validation: { train: 0.3 } });
  expect(texts([...train, ...validation])).toEqual(texts(joined.train));
  expect(texts(test)).toEqual(texts(joined.test));
  const [kept, drawn] = [usersIn(train), usersIn(validation)];
  expect([...drawn].filter((user) => kept.has(user))).toEqual([]);
  expect(drawn.size / users).toBeGreaterThan(0.1);
  expect(drawn.size / users).toBeLessThan(0.5);
});

test('a sample is of users from the whole file, the same ones in every split', async () => {
  const joined = naiveJoin();
  const { train, validation, test } = await read({ sample: 0.4, validation: 'test-half' });
  const kept = usersIn([...train, ...validation, ...test]);
  const ofKept = (rows: readonly Row[]) => rows.filter((row) => kept.has(row['101']));
  expect(texts(train)).toEqual(texts(ofKept(joined.train)));
  expect(texts([...validation, ...test])).toEqual(texts(ofKept(joined.test)));
  expect(train.length / joined.train.length).toBeGreaterThan(0.2);
  expect(train.length / joined.train.length).toBeLessThan(0.6);
  expect(ofKept(joined.train.slice(-500)).length).toBeGreaterThan(50);
});

/** Entries as `field id=value`. */
const list = (...entries: string[]) => entries.join('\u0001').replaceAll(' ', '\u0002').replaceAll('=', '\u0003');
const [a, b] = ['00000000000000aa', 'ffffffffffffffff'];
const good = {
  common_features_train: `${a},2,${list('101 7=1.0', '109_14 5=0.69315')}\n${b},1,${list('101 8=1.0')}\n`,
  common_features_test: `${a},1,${list('101 9=1.0')}\n`,
  sample_skeleton_train: `1,0,0,${b},1,${list('205 3=1.0')}\n2,1,1,${a},2,${list('205 4=1.0', '210 6=0.5')}\n`,
  sample_skeleton_test: `1,0,0,${a},1,${list('205 3=1.0')}\n`,
};
let cases = 0;

/** Prepares the files; the test's one user is validation's, which is refused after all else, unless there are more. */
async function prepare(change: Partial<typeof good>): Promise<string[]> {
  const path = join(folder, String(++cases));
  mkdirSync(path);
  for (const [name, content] of Object.entries({ ...good, ...change }))
    writeFileSync(join(path, `${name}.csv`), content);
  const notes: string[] = [];
  await open({ sample: 1 }, notes, path).catch((error: unknown) => {
    if (/No row is in the \w+ split/.test(String(error))) return;
    expect(readdirSync(path)).not.toContain('cache'); // nothing half-written stays
    throw error;
  });
  return notes;
}

test('rows without a user are each drawn alone', async () => {
  const keys = Array.from({ length: 40 }, (_, row) => row.toString(16).padStart(16, '0'));
  const common = keys.map((key) => `${key},1,${list('109_14 5=1.0')}\n`).join('');
  const samples = keys.map((key, row) => `${row + 1},0,0,${key},1,${list('205 3=1.0')}\n`).join('');
  await prepare({ common_features_test: common, sample_skeleton_test: samples });
  const { splits } = await open({ validation: 'test-half' }, [], join(folder, String(cases)));
  expect(Math.min(splits.validation.rows, splits.test.rows)).toBeGreaterThan(8);
});

test.each<[string, Partial<typeof good>, string[]]>([
  [
    'a conversion without a click, and another number of features than a row says',
    {
      sample_skeleton_train: `1,0,0,${b},5,${list('205 3=1.0', '999 1=1.0')}\n2,1,1,${a},1,${list('205 4=1.0')}\n3,0,1,${a},0,\n`,
    },
    [
      'sample_skeleton_train.csv: 1 row with a conversion but no click left out.',
      'sample_skeleton_train.csv: 1 row with another number of features than they say.',
    ],
  ],
  [
    'the largest id, and values with a sign, an exponent or no digit before the point',
    {
      sample_skeleton_train: `1,0,0,${b},3,${list('205 2147483647=1.0E-4', '205 3=.5', '205 4=-0.5')}\n2,1,1,${a},0,\n`,
    },
    [],
  ],
])('%s: notes', async (_, change, notes) => {
  expect(await prepare(change)).toEqual(notes);
});

test.each<[string, Partial<typeof good>, RegExp]>([
  ['an index that is none', { common_features_train: `${a},0,\nxyz,0,\n` }, /train\.csv:2: 'xyz,0' is not as/],
  [
    'an entry that is none',
    { common_features_test: `${b},0,\n${a},2,${list('101 9=1.0', '109_14 x=1.0')}\n` },
    /test\.csv:2: '109_14�x�1\.0' is not as/,
  ],
  ['a missing cell', { common_features_test: `${b},0,\n${a}\n` }, /test\.csv:2: this row has not 3 cells/],
  ['an id that is too large', { common_features_train: `${a},1,${list('101 2147483648=1')}\n` }, /:1: '101�21/],
  ['a value that is too large', { common_features_train: `${a},1,${list('101 7=1e99')}\n` }, /:1: '101�7�1e99'/],
  [
    'an index that stands twice',
    { common_features_train: `${a},0,\n${b},0,\n${a},0,\n` },
    /train\.csv:3: .* before it/,
  ],
  ['a last row that is cut off', { sample_skeleton_test: `1,0,0,${a},2,${list('205 3=1.0')}\n` }, /:1: .* file whole/],
  [
    'an index without features',
    { sample_skeleton_test: `1,0,0,${b},0,\n` },
    /test\.csv:1: .*common_features_test\.csv has no row/,
  ],
  ['no row', { sample_skeleton_test: `1,0,1,${a},0,\n` }, /sample_skeleton_test\.csv has no rows/],
])('%s is a line that says where', async (_, change, message) => {
  const failure = prepare(change);
  await expect(failure).rejects.toThrow(DataError);
  await expect(failure).rejects.toThrow(message);
});
