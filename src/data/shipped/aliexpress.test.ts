import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, expect, test } from 'vitest';
import { folderOfFile } from '../../support/folder.fixture.js';
import { readRows } from '../table/table-loader.fixture.js';
import { makeLines, toCsv, writeFiles } from './aliexpress.fixture.js';
import { openDataset } from './open-dataset.fixture.js';

const [train, held] = [makeLines(400, 1), makeLines(120, 2)];
const path = folderOfFile();
const folder = join(path, 'AliExpress_NL');

beforeAll(() => writeFiles(path, train, held));

const byNumber = (a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>) =>
  Number(a.numerical_63) - Number(b.numerical_63);
const asRead = (lines: typeof train) =>
  lines.map(({ search_id, click, conversion, ...inputs }) => ({
    ...Object.fromEntries(
      Object.entries(inputs).map(([name, value]) => [
        name,
        name.startsWith('categorical') ? String(value) : Math.fround(value),
      ]),
    ),
    ...{ 'y:ctr': click, 'y:ctcvr': conversion, 'y:cvr': click === 1 ? conversion : 'outside' },
  }));

test('training and validation rows are the training file’s, test rows the test file’s, with 16 + 63 inputs', async () => {
  const source = await openDataset('aliexpress', [`folder=${folder}`]);
  const [kept, drawn] = [await readRows(source, 'train'), await readRows(source, 'validation')];
  expect([...kept, ...drawn].toSorted(byNumber)).toEqual(asRead(train));
  expect((await readRows(source, 'test')).toSorted(byNumber)).toEqual(asRead(held));
  const kinds = source.columns.map(({ name, kind }) => `${name.split('_')[0]} ${kind}`);
  expect(kinds.filter((kind) => kind === 'categorical categorical')).toHaveLength(16);
  expect(kinds.filter((kind) => kind === 'numerical numeric')).toHaveLength(63);
  const searchPages = (rows: typeof kept) => new Set(rows.map((row) => train[Number(row.numerical_63)]?.search_id));
  expect([...searchPages(drawn)].filter((page) => searchPages(kept).has(page))).toEqual([]);
});

test('a file that is missing is said with where to get it, and may be packed', async () => {
  const file = join(folder, 'test.csv');
  rmSync(file);
  const open = () => openDataset('aliexpress', [`folder=${folder}`, 'columns.numerical_1=ignored']);
  await expect(open()).rejects.toThrow(/There is no file \S+test\.csv\. Get it from https:/);
  writeFileSync(`${file}.gz`, gzipSync(toCsv(held)));
  const source = await open();
  expect(source.columns).toHaveLength(78);
  expect(source.splits.test.rows).toBe(120);
});
