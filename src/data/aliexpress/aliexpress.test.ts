import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, expect, test } from 'vitest';
import { folderOfFile } from '../../support/folder.fixture.js';
import type { Source } from '../dataset.js';
import { rowsOf } from '../table/table-loader.fixture.js';
import { type Line, makeLines, textOf, writeFiles } from './aliexpress.fixture.js';
import { aliexpress } from './aliexpress.js';

const [train, held] = [makeLines(400, 1), makeLines(120, 2)];
const folder = folderOfFile();

beforeAll(() => writeFiles(join(folder, 'plain'), train, held));

const open = (settings: object = {}, seed = 1): Promise<Source> =>
  aliexpress.open(
    {
      ...{ loader: 'aliexpress', country: 'NL', path: join(folder, 'plain'), cache: join(folder, 'cache') },
      ...settings,
    },
    { seed, note: () => undefined },
  );

const byNumber = (a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>) =>
  Number(a.numerical_63) - Number(b.numerical_63);
const asRead = (lines: readonly Line[]) =>
  lines.map(({ search_id, click, conversion, ...inputs }) => ({
    ...Object.fromEntries(
      Object.entries(inputs).map(([name, value]) => [
        name,
        name.startsWith('categorical') ? String(value) : Math.fround(value),
      ]),
    ),
    ...{ 'y:ctr': click, 'y:ctcvr': conversion },
  }));

test('training and validation rows are the training file’s, test rows the test file’s, with 16 + 63 inputs', async () => {
  const source = await open();
  const both = [...(await rowsOf(source, 'train')), ...(await rowsOf(source, 'validation'))];
  expect(both.toSorted(byNumber)).toEqual(asRead(train));
  expect((await rowsOf(source, 'test')).toSorted(byNumber)).toEqual(asRead(held));
  const kinds = source.columns.map(({ name, kind }) => `${name.split('_')[0]} ${kind}`);
  expect(kinds.filter((kind) => kind === 'categorical categorical')).toHaveLength(16);
  expect(kinds.filter((kind) => kind === 'numerical numeric')).toHaveLength(63);
});

test('conversion: clicks: the second task is cvr, over clicks', async () => {
  const source = await open({ conversion: 'clicks' });
  expect(source.tasks.map((task) => task.name)).toEqual(['ctr', 'cvr']);
  const rows = (await rowsOf(source, 'test')).toSorted(byNumber);
  expect(rows.map((row) => row['y:cvr'])).toEqual(
    held.map(({ click, conversion }) => (click === 1 ? conversion : 'outside')),
  );
});

test('validation has whole result pages, of the share that is asked for', async () => {
  const source = await open({ validation: 0.3 });
  const pagesIn = async (split: 'train' | 'validation') =>
    new Set((await rowsOf(source, split)).map((row) => train[Number(row.numerical_63)]?.search_id));
  const [kept, drawn] = [await pagesIn('train'), await pagesIn('validation')];
  expect([...drawn].filter((page) => kept.has(page))).toEqual([]);
  const share = drawn.size / (kept.size + drawn.size);
  expect(share).toBeGreaterThan(0.2);
  expect(share).toBeLessThan(0.4);
});

test('packed files of another country; columns leaves inputs out', async () => {
  const path = join(folder, 'packed');
  writeFiles(path, train, held, 'RU');
  const test = join(path, 'AliExpress_RU', 'test.csv');
  rmSync(test);
  await expect(open({ path, country: 'RU' })).rejects.toThrow(/There is no test\.csv .*Get it from https/);
  writeFileSync(`${test}.gz`, gzipSync(textOf(held)));
  const source = await open({ path, country: 'RU', columns: { numerical_1: 'ignored' } });
  expect(source.columns).toHaveLength(78);
  expect(source.splits.test.rows).toBe(120);
});
