import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DataError } from '../../support/errors.js';
import { folderOfFile } from '../../support/folder.fixture.js';
import { aliCcp } from './ali-ccp.js';

const folder = folderOfFile();
let cases = 0;

const list = (...entries: string[]) =>
  entries.map((entry) => entry.replace(/[ =]/g, (c) => (c === ' ' ? '\u0002' : '\u0003'))).join('\u0001');
const [a, b] = ['00000000000000aa', 'ffffffffffffffff'];
const good = {
  'common_features_train.csv': `${a},2,${list('101 7=1.0', '109_14 5=0.69315')}\n${b},1,${list('101 8=1.0')}\n`,
  'common_features_test.csv': `${a},1,${list('101 9=1.0')}\n`,
  'sample_skeleton_train.csv': `1,0,0,${b},1,${list('205 3=1.0')}\n2,1,1,${a},2,${list('205 4=1.0', '210 6=0.5')}\n`,
  'sample_skeleton_test.csv': `1,0,0,${a},1,${list('205 3=1.0')}\n`,
};

/** Prepares the files, and gives the notes. */
async function prepare(change: Readonly<Record<string, string>>) {
  const path = join(folder, String(++cases));
  const cache = join(path, 'cache');
  await mkdir(path);
  for (const [name, content] of Object.entries({ ...good, ...change })) await writeFile(join(path, name), content);
  const notes: string[] = [];
  const context = { seed: 1, note: (text: string) => notes.push(text) };
  try {
    await aliCcp.open({ loader: 'ali-ccp', path, cache, validation: 'test-half' }, context);
  } catch (error) {
    if (/No row is in the \w+ split/.test(String(error))) return notes;
    expect(await readdir(cache).catch(() => [])).toEqual([]); // nothing half-written stays
    throw error;
  }
  throw new Error('One user cannot be in both halves');
}

test('rows with a conversion but no click, and rows that say another number of features, are counted', async () => {
  const rows = `1,0,0,${b},5,${list('205 3=1.0', '999 1=1.0')}\n2,1,1,${a},1,${list('205 4=1.0')}\n3,0,1,${a},0,\n`;
  const notes = await prepare({ 'sample_skeleton_train.csv': rows });
  expect(notes).toEqual([
    'sample_skeleton_train.csv: 1 row with a conversion but no click left out.',
    'sample_skeleton_train.csv: 1 row with another number of features than they say.',
  ]);
});

test('rows without a user are each drawn alone', async () => {
  const keys = Array.from({ length: 40 }, (_, row) => row.toString(16).padStart(16, '0'));
  const common = keys.map((key) => `${key},1,${list('109_14 5=1.0')}\n`);
  const samples = keys.map((key, row) => `${row + 1},0,0,${key},1,${list('205 3=1.0')}\n`);
  const files = { 'common_features_test.csv': common.join(''), 'sample_skeleton_test.csv': samples.join('') };
  await expect(prepare(files)).rejects.toThrow('One user cannot be in both halves'); // and these are
});

test('the largest id, and values with a sign, an exponent or no digit before the point', async () => {
  const rows = `1,0,0,${b},3,${list('205 2147483647=1.0E-4', '205 3=.5', '205 4=-0.5')}\n2,1,1,${a},0,\n`;
  expect(await prepare({ 'sample_skeleton_train.csv': rows })).toEqual([]);
});

test.each<[string, string, string, RegExp]>([
  ['an index that is none', 'common_features_train.csv', `${a},0,\nxyz,0,\n`, /train\.csv:2: 'xyz,0' is not as/],
  [
    'an entry that is none',
    'common_features_test.csv',
    `${b},0,\n${a},2,${list('101 9=1.0', '109_14 x=1.0')}\n`,
    /test\.csv:2: '109_14�x�1\.0' is not as/,
  ],
  ['an id that is too large', 'common_features_train.csv', `${a},1,${list('101 2147483648=1')}\n`, /:1: '101�21/],
  ['a value that is too large', 'common_features_train.csv', `${a},1,${list('101 7=1e99')}\n`, /:1: '101�7�1e99'/],
  [
    'an index that stands twice',
    'common_features_train.csv',
    `${a},0,\n${b},0,\n${a},0,\n`,
    /train\.csv:3: .* before it/,
  ],
  [
    'a last row that is cut off',
    'sample_skeleton_test.csv',
    `1,0,0,${a},2,${list('205 3=1.0')}\n`,
    /:1: .* file whole/,
  ],
  [
    'an index without features',
    'sample_skeleton_test.csv',
    `1,0,0,${b},0,\n`,
    /test\.csv:1: .*common_features_test\.csv has no row/,
  ],
])('%s is a line that says where', async (_, name, content, message) => {
  const failure = prepare({ [name]: content });
  await expect(failure).rejects.toThrow(DataError);
  await expect(failure).rejects.toThrow(message);
});
