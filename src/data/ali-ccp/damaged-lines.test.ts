import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DataError } from '../../support/errors.js';
import { literal, rowsOf, withDatabase } from '../store/database.js';
import { aliCcp } from './ali-ccp.js';

let folder = '';
let cases = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ple-ali-ccp-lines-'));
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

/** Prepares the files, and gives notes and tables. */
async function prepare(change: { readonly [Name in keyof Files]?: Files[Name] } | Record<string, string | Uint8Array>) {
  const path = join(folder, String(++cases));
  const cache = join(path, 'cache');
  await mkdir(path);
  for (const [name, content] of Object.entries({ ...good, ...change })) {
    if (content.length > 0) await writeFile(join(path, name), content);
  }
  const notes: string[] = [];
  const context = { seed: 1, note: (text: string) => notes.push(text) };
  try {
    await aliCcp.open({ loader: 'ali-ccp', path, cache, validation: 'test-half' }, context);
  } catch (error) {
    if (/The \w+ split has no rows/.test(String(error))) return { notes, tables: await tablesIn(cache) };
    expect(await readdir(cache).catch(() => [])).toEqual([]); // nothing half-written stays
    throw error;
  }
  throw new Error('One user cannot be in both halves');
}

/** All rows of each table, as they lie in it. */
async function tablesIn(cache: string) {
  const [name = ''] = await readdir(cache);
  return withDatabase(async (database) => {
    await database.run(`ATTACH ${literal(join(cache, name, 'data.duckdb'))} AS prepared (READ_ONLY)`);
    const tables: Record<string, readonly (readonly unknown[])[]> = {};
    for (const table of ['samples_train', 'samples_test', 'common_train', 'common_test', 'ids']) {
      tables[table] = await rowsOf(database, `FROM prepared.${table}`);
    }
    return tables;
  });
}

test('four small files', async () => {
  const { notes, tables } = await prepare({});
  expect(notes).toEqual([]);
  const items = tables.samples_train?.map((row) => row.slice(0, 9));
  expect(items).toEqual([
    [0, 0, 0, 0, 1, 0, 0, 0, 0], // the item has index 1
    [1, 1, 1, 1, 2, 0, 0, 0, 0],
  ]);
  const entries = JSON.stringify(tables.samples_train?.[1]?.[9]);
  expect(entries).toBe('{"items":[{"entries":{"field":18,"index":1,"value":0.5}}]}');
  // in the order of the samples: the second row of the file, then the first
  expect(tables.common_train?.map((row) => row.slice(0, 4))).toEqual([
    [0, 1, 2, 0],
    [1, 0, 1, 0],
  ]);
  expect(tables.common_test?.[0]?.slice(0, 4)).toEqual([0, 0, 3, 0]); // the test's user has the index after those of training
});

test('packed files, Windows line ends and blank last lines make the same tables', async () => {
  const { tables } = await prepare({});
  const windows = Object.fromEntries(
    Object.entries(good).map(([name, text]) => [name, `${text.replaceAll('\n', '\r\n')}\r\n`]),
  );
  const packed = Object.entries(good).flatMap(([name, text]) => [
    [name, ''] as const,
    [`${name}.gz`, gzipSync(text)] as const,
  ]);
  expect((await prepare(windows)).tables).toEqual(tables);
  expect((await prepare(Object.fromEntries(packed))).tables).toEqual(tables);
});

test('fields that are not known, and rows that say another number of features, are counted', async () => {
  const rows = `1,0,0,${b},5,${list('205 3=1.0', '999 1=1.0')}\n2,1,1,${a},1,${list('205 4=1.0')}\n3,0,1,${a},0,\n`;
  const { notes } = await prepare({ 'sample_skeleton_train.csv': rows });
  expect(notes).toEqual([
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
  [
    'a cut-off last row',
    'sample_skeleton_train.csv',
    `1,0,0,${a},2,${list('205 3=1')}`,
    /:1: the last row .* Is the file whole/,
  ],
])('%s is a line that says where', async (_, name, content, message) => {
  const failure = prepare({ [name]: content });
  await expect(failure).rejects.toThrow(DataError);
  await expect(failure).rejects.toThrow(message);
});

const real = process.env.PLE_ALI_CCP_LINES ?? '';
test.skipIf(real === '')('the first two lines of common_features_train.csv (PLE_ALI_CCP_LINES)', async () => {
  const content = await readFile(real);
  const { notes, tables } = await prepare({
    'common_features_train.csv': content,
    'sample_skeleton_train.csv': `1,0,0,84dceed2e3a667f8,0,\n2,0,0,0000350f0c2121e7,0,\n`,
  });
  expect(notes).toEqual([]); // 343 and 811 entries, as many as the rows say
  const lengths = tables.common_train?.map((row) => row.slice(11).map((blob) => Object(blob).bytes.length / 8));
  expect(lengths).toEqual([
    [35, 107, 65, 127],
    [99, 316, 190, 197],
  ]);
});
