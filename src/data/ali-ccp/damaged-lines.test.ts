import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DataError } from '../support/errors.js';
import { parseDescription, partNotes } from './ali-ccp-description.js';
import { type FileSplit, openPart, partKeys, prepareSide, type Side } from './ali-ccp-parts.js';
import { findRawFiles } from './ali-ccp-raw.js';

let folder = '';
let cases = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ple-ali-ccp-parts-'));
});
afterAll(() => rm(folder, { recursive: true }));

const list = (...entries: string[]) =>
  entries.map((entry) => entry.replace(/[ =]/g, (c) => (c === ' ' ? '\u0002' : '\u0003'))).join('\u0001');
const [a, b] = ['00000000000000aa', 'ffffffffffffffff'];
const good = {
  'common_features_train.csv': `${a},2,${list('101 7=1.0', '109_14 5=0.69315')}\n${b},1,${list('101 8=1.0')}\n`,
  'common_features_test.csv': `${a},1,${list('101 9=1.0')}\n`,
  'sample_skeleton_train.csv': `1,0,0,${b},1,${list('205 3=1.0')}\n2,1,1,${a},2,${list('205 4=1.0', '210 6=0.5')}\n`,
  'sample_skeleton_test.csv': `1,0,0,${a},1,${list('205 3=1.0')}\n`,
};
type Files = { readonly [Name in keyof typeof good]: string | Uint8Array };

/** Prepares both sides, and gives the description of a part. */
async function prepare(change: { readonly [Name in keyof Files]?: Files[Name] } | Record<string, string | Uint8Array>) {
  const path = join(folder, String(++cases));
  const cache = join(path, 'cache');
  await mkdir(path);
  for (const [name, content] of Object.entries({ ...good, ...change })) {
    if (content.length > 0) await writeFile(join(path, name), content);
  }
  const files = await findRawFiles(path);
  const keys = await partKeys(files);
  const options = { folder: cache, keys, note: () => undefined };
  try {
    for (const side of ['common', 'skeleton'] as const) await prepareSide(side, files, options, () => undefined);
  } catch (error) {
    expect((await readdir(cache)).filter((name) => name.endsWith('.tmp'))).toEqual([]); // nothing half-written stays
    throw error;
  }
  return async (side: Side, split: FileSplit) => {
    const entry = await openPart(side, split, options, { note: () => undefined }, () =>
      Promise.reject(new Error('It was made before')),
    );
    return { entry, description: parseDescription(entry.description) };
  };
}

test('four small files', async () => {
  const part = await prepare({});
  const { entry, description } = await part('skeleton', 'train');
  expect(description).toMatchObject({ rows: 2, entries: 3, leftOut: 0, ids: { '205': 2, '210': 1 } });
  expect(partNotes(description)).toEqual([]);
  const samples = await entry.table('samples').read(0);
  expect(samples.columns).toEqual([Int32Array.of(1, 0), Uint8Array.of(0, 1), Uint8Array.of(0, 1)]);
  const test = await part('common', 'test');
  expect(test.description.ids['101']).toBe(3); // the test's user has the index after those of training
  expect((await test.entry.table('users').read(0)).columns[0]).toEqual(Int32Array.of(3));
});

test('packed files, Windows line ends and blank last lines make the same tables', async () => {
  const plain = await (await prepare({}))('skeleton', 'train');
  const windows = Object.fromEntries(
    Object.entries(good).map(([name, text]) => [name, `${text.replaceAll('\n', '\r\n')}\r\n`]),
  );
  const others = [await prepare(windows)];
  const packed = Object.entries(good).flatMap(([name, text]) => [
    [name, ''] as const,
    [`${name}.gz`, gzipSync(text)] as const,
  ]);
  others.push(await prepare(Object.fromEntries(packed)));
  for (const part of others) {
    const { entry } = await part('skeleton', 'train');
    for (const table of ['samples', 'features', 'ids']) {
      expect((await entry.table(table).read(0)).columns).toEqual((await plain.entry.table(table).read(0)).columns);
    }
  }
});

test('fields that are not known, and rows that say another number of features, are counted', async () => {
  const rows = `1,0,0,${b},5,${list('205 3=1.0', '999 1=1.0')}\n2,1,1,${a},1,${list('205 4=1.0')}\n3,0,1,${a},0,\n`;
  const { description } = await (await prepare({ 'sample_skeleton_train.csv': rows }))('skeleton', 'train');
  expect(partNotes(description)).toEqual([
    'sample_skeleton_train.csv: 1 row with a conversion but no click left out.',
    'sample_skeleton_train.csv: 1 row with another number of features than they say.',
    'sample_skeleton_train.csv: 1 entries of fields that are not read (999).',
  ]);
});

test.each<[string, string, string, RegExp]>([
  ['an index that is none', 'common_features_train.csv', `${a},0,\nxyz,0,\n`, /train\.csv:2: 'xyz' is no index/],
  [
    'an index twice',
    'common_features_train.csv',
    `${a},0,\n${b},0,\n${a},0,\n`,
    /row 3 has the index of a row before it/,
  ],
  ['a label that is none', 'sample_skeleton_train.csv', `1,2,0,${a},0,\n`, /train\.csv:1: the click is '2'/],
  [
    'an index without features',
    'sample_skeleton_test.csv',
    `1,0,0,${b},0,\n`,
    /test\.csv:1: .*common_features_test\.csv has no row/,
  ],
  ['half an entry', 'sample_skeleton_train.csv', `1,0,0,${a},1,${list('205 3')}\n`, /the entry '205.3' is not a field/],
  ['an id that is too large', 'common_features_test.csv', `${a},1,${list('101 4294967296=1')}\n`, /an id below 2\^31/],
  ['a value that is none', 'common_features_test.csv', `${a},1,${list('101 1=x')}\n`, /the entry '101.1.x'/],
  [
    'a cut-off last row',
    'sample_skeleton_train.csv',
    `1,0,0,${a},2,${list('205 3=1')}`,
    /:1: the last row .* Is the file whole/,
  ],
  ['no index at all', 'sample_skeleton_train.csv', '1,0,0', /:1: /],
  ['bytes of another kind', 'sample_skeleton_train.csv', '\u0000\u0000\u0000', /:1: '···' is no whole number/],
])('%s is a line that says where', async (_, name, content, message) => {
  const failure = prepare({ [name]: content });
  await expect(failure).rejects.toThrow(DataError);
  await expect(failure).rejects.toThrow(message);
});

const real = process.env.PLE_ALI_CCP_LINES ?? '';
test.skipIf(real === '')('the first two lines of common_features_train.csv (PLE_ALI_CCP_LINES)', async () => {
  const content = await readFile(real);
  const part = await prepare({
    'common_features_train.csv': content,
    'sample_skeleton_train.csv': `1,0,0,84dceed2e3a667f8,0,\n2,0,0,0000350f0c2121e7,0,\n`,
  });
  const { entry, description } = await part('common', 'train');
  expect(description).toMatchObject({ rows: 2, entries: 343 + 811, miscounted: 0, unread: { count: 0 }, repeated: {} });
  const { columns } = await entry.table('features').read(0);
  expect(columns.slice(0, 9)).toEqual(Array.from({ length: 9 }, () => expect.any(Int32Array)));
  const lengths = columns
    .slice(9)
    .map((values) =>
      'offsets' in values ? Array.from(values.offsets, (n, i) => n - (values.offsets[i - 1] ?? 0)).slice(1) : [],
    );
  expect(lengths).toEqual([
    [35, 99],
    [107, 316],
    [65, 190],
    [127, 197],
  ]);
});
