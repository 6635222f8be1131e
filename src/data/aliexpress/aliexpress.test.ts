import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Source } from '../dataset.js';
import { rowsOf } from '../table/table-loader.fixture.js';
import { type Line, makeLines, textOf, writeFiles } from './aliexpress.fixture.js';
import { aliexpress } from './aliexpress.js';

const [train, held] = [makeLines(400, 1), makeLines(120, 2)];
let folder = '';
let count = 0;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ple-aliexpress-'));
  writeFiles(join(folder, 'plain'), train, held);
});
afterAll(() => rm(folder, { recursive: true }));

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
  const kinds = source.columns.map(({ name, kind }) => [name.split('_')[0], kind].join(' '));
  expect(kinds.filter((kind) => kind === 'categorical categorical')).toHaveLength(16);
  expect(kinds.filter((kind) => kind === 'numerical numeric')).toHaveLength(63);
  expect(kinds).toHaveLength(79);
});

test.each([
  ['clicks', 'cvr', (line: Line) => line.click === 1],
  ['impressions', 'cvr', () => true],
  ['ctcvr', 'ctcvr', () => true],
])('conversion %s: the second task is %s', async (conversion, name, inSpace) => {
  const source = await open({ conversion });
  expect(source.tasks).toEqual([
    { name: 'ctr', type: 'binary' },
    { name, type: 'binary' },
  ]);
  const rows = (await rowsOf(source, 'test')).toSorted(byNumber);
  expect(rows.map((row) => row['y:ctr'])).toEqual(held.map(({ click }) => click));
  expect(rows.map((row) => row[`y:${name}`])).toEqual(
    held.map((line) => (inSpace(line) ? line.conversion : 'outside')),
  );
});

describe('validation', () => {
  const pagesIn = async (source: Source, split: 'train' | 'validation') =>
    new Set((await rowsOf(source, split)).map((row) => train[Number(row.numerical_63)]?.search_id));

  test('has whole result pages, of the share that is asked for', async () => {
    const source = await open({ validation: 0.3 });
    const [kept, drawn] = [await pagesIn(source, 'train'), await pagesIn(source, 'validation')];
    expect([...drawn].filter((page) => kept.has(page))).toEqual([]);
    const pages = new Set(train.map(({ search_id }) => search_id)).size;
    expect(kept.size + drawn.size).toBe(pages);
    expect(drawn.size / pages).toBeGreaterThan(0.2);
    expect(drawn.size / pages).toBeLessThan(0.4);
    expect(source.splits.test.rows).toBe(120);
  });
});

test('packed files of another country; columns leaves inputs out', async () => {
  const path = join(folder, 'packed');
  writeFiles(path, train, held, 'RU');
  for (const [name, lines] of [['train.csv', train] as const, ['test.csv', held] as const]) {
    rmSync(join(path, 'AliExpress_RU', name));
    writeFileSync(join(path, 'AliExpress_RU', `${name}.gz`), gzipSync(textOf(lines)));
  }
  const source = await open({ path, country: 'RU', columns: { numerical_1: 'ignored' } });
  expect(source.columns).toHaveLength(78);
  const without = asRead(held.map(({ numerical_1: _, ...line }) => line));
  expect((await rowsOf(source, 'test')).toSorted(byNumber)).toEqual(without);
});

describe('files that cannot be used', () => {
  test.each(['train.csv'])('%s missing: the file and the page to get it from', async (name) => {
    const path = join(folder, `own-${count++}`);
    writeFiles(path, train, held);
    rmSync(join(path, 'AliExpress_NL', name));
    await expect(open({ path })).rejects.toThrow(
      `There is no ${name} (or ${name}.gz) in ${join(path, 'AliExpress_NL')}. Get it from https://github.com/easezyc/Multitask-Recommendation-Library (see datasets/aliexpress.md).`,
    );
  });

  const without = (lines: readonly Line[], name: string) =>
    lines.map((line) => Object.fromEntries(Object.entries(line).filter(([column]) => column !== name)));
  test.each<[string, readonly Line[], readonly Line[], RegExp]>([
    [
      'a header without a label',
      train,
      without(held, 'conversion'),
      /test\.csv has no column 'conversion', which .*train\.csv has/,
    ],
  ])('%s is one line that says where', async (_, first, second, message) => {
    const path = join(folder, `own-${count++}`);
    writeFiles(path, first, second);
    const error: unknown = await open({ path }).catch((error: unknown) => error);
    expect(error).toMatchObject({ name: 'DataError' });
    expect(String(error)).toMatch(message);
    expect(String(error)).not.toContain('\n');
  });
});

test.each<[string, object, RegExp]>([['the run’s seed', { splitSeed: 'run' }, /splitSeed/]])(
  '%s is refused',
  async (_, settings, message) => {
    await expect(open(settings)).rejects.toThrow(message);
  },
);

const real = process.env.PLE_ALIEXPRESS;
describe.skipIf(!real)(`the published files${real ? '' : ' (skipped: PLE_ALIEXPRESS names no folder)'}`, () => {
  test('of NL have the rows that public projects count', async () => {
    const { train, validation, test } = (await open({ path: real })).splits;
    expect([train.rows + validation.rows, test.rows]).toEqual([12_157_894, 5_559_301]);
  });
});
