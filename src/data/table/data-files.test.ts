import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { DataError } from '../../support/errors.js';
import { folderOfFile } from '../../support/folder.fixture.js';
import { findDataFiles } from './data-files.js';

const folder = folderOfFile();
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
