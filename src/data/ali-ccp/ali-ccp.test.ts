import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Interrupted } from '../../support/errors.js';
import type { Source, SplitName } from '../dataset.js';
import { aliCcp } from './ali-ccp.js';
import { makeAliCcpFiles } from './made-files.fixture.js';
import { type JoinedSample, leastIds, naiveJoin, type PlainRow, plainRows } from './naive-join.fixture.js';

const made = {
  ...{ rows: { train: 2500, test: 400 }, common: { train: 100, test: 50 }, entries: 12, items: 400, users: 70 },
  ...{ clickRate: 0.2, conversionRate: 0.3, seed: 3 },
};
let folder = '';
let notes: string[] = [];

const open = (options: object = {}, seed = 1): Promise<Source> => {
  notes = [];
  return aliCcp.open(
    { loader: 'ali-ccp', path: join(folder, 'raw'), cache: join(folder, 'cache'), ...options },
    {
      seed,
      note: (message) => notes.push(message),
    },
  );
};

let joined: { readonly train: JoinedSample[]; readonly test: JoinedSample[] };
let least: ReadonlyMap<string, number>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ple-ali-ccp-'));
  await makeAliCcpFiles(join(folder, 'raw'), made);
  joined = { train: naiveJoin(join(folder, 'raw'), 'train'), test: naiveJoin(join(folder, 'raw'), 'test') };
  least = leastIds(joined);
}, 120_000);
afterAll(() => rm(folder, { recursive: true }));

/** An index is the id's distance from the smallest of its field. */
function idOf(field: string, index: number): number | null {
  return index === 0 ? null : (least.get(field) ?? Number.NaN) + index - 1;
}

const rowsOf = (source: Source, split: 'train' | 'validation' | 'test') => plainRows(source, split, idOf);
const userOf = (row: PlainRow) => row['101'] ?? null;
const inOrder = (rows: readonly PlainRow[]) => rows.map((row) => JSON.stringify(Object.entries(row).toSorted()));
const text = (rows: readonly PlainRow[]) => inOrder(rows).toSorted();

describe('the join', () => {
  test('gives the rows of an independent one: training rows in their order, those of the test in two halves', async () => {
    const source = await open({ validation: 'test-half' });
    const train = await rowsOf(source, 'train');
    expect(inOrder(train.rows)).toEqual(inOrder(joined.train.map(({ columns }) => columns)));
    expect(train.labels).toEqual(joined.train.map(({ click, conversion }) => [click, click ? conversion : Number.NaN]));
    const halves = [...(await rowsOf(source, 'validation')).rows, ...(await rowsOf(source, 'test')).rows];
    expect(text(halves)).toEqual(text(joined.test.map(({ columns }) => columns)));
  });

  test('tells what it left out', async () => {
    await open();
    const dropped = made.rows.train - joined.train.length;
    expect(notes).toContain(`sample_skeleton_train.csv: ${dropped} rows with a conversion but no click left out.`);
    expect(notes.filter((note) => /several entries of 216/.test(note))).toHaveLength(2);
  });
});

describe('tasks', () => {
  test.each([
    ['clicks', 'cvr', (click: number) => click],
    ['impressions', 'cvr', () => 1],
    ['ctcvr', 'ctcvr', () => 1],
  ])('%s: the second is %s', async (cvr, name, inSpace) => {
    const source = await open({ cvr, validation: 'test-half' });
    expect(source.tasks.map((task) => task.name)).toEqual(['ctr', name]);
    const { labels, masks } = await rowsOf(source, 'train');
    expect(labels).toEqual(
      joined.train.map(({ click, conversion }) => [click, inSpace(click) ? conversion : Number.NaN]),
    );
    expect(masks).toEqual(joined.train.map(({ click }) => [1, inSpace(click)]));
  });
});

describe('splits', () => {
  test('a user is in one of train and validation; both together are the training file', async () => {
    const source = await open({ validation: { train: 0.3 } });
    const [train, validation] = [await rowsOf(source, 'train'), await rowsOf(source, 'validation')];
    expect(text([...train.rows, ...validation.rows])).toEqual(text(joined.train.map(({ columns }) => columns)));
    const users = new Set(train.rows.map(userOf));
    expect(validation.rows.filter((row) => users.has(userOf(row)))).toEqual([]);
    expect(new Set(validation.rows.map(userOf)).size / made.users).toBeGreaterThan(0.1);
    expect(new Set(validation.rows.map(userOf)).size / made.users).toBeLessThan(0.5);
    expect(source.splits.test.rows).toBe(joined.test.length);
  });

  test('with splitSeed: run it follows the run’s seed, and so does the checksum where test rows are drawn', async () => {
    const opened = async (settings: object, seed: number) => {
      const source = await open({ splitSeed: 'run', ...settings }, seed);
      const usersOf = async (name: SplitName) => [...new Set((await rowsOf(source, name)).rows.map(userOf))];
      return { validation: await usersOf('validation'), test: await usersOf('test'), checksum: source.checksum };
    };
    const fixed = await open({ validation: 'test-half', splitSeed: 2 });
    for (const settings of [{ validation: 'test-half' }, { sample: 0.5 }]) {
      const [one, two] = [await opened(settings, 1), await opened(settings, 2)];
      expect(await opened(settings, 1)).toEqual(one);
      expect(two.test).not.toEqual(one.test);
      expect(new Set([fixed, one, two].map(({ checksum }) => checksum)).size).toBe(3);
    }
    const [one, two] = [await opened({}, 1), await opened({}, 2)];
    expect(two.validation).not.toEqual(one.validation);
    expect({ ...two, validation: one.validation }).toEqual(one);
    expect(one.checksum).toBe(fixed.checksum);
    const test = await rowsOf(fixed, 'test');
    expect((await opened({ validation: 'test-half' }, 2)).test).toEqual([...new Set(test.rows.map(userOf))]);
  });

  test('a sample is of users from the whole file, the same ones in every split', async () => {
    const source = await open({ sample: 0.4, validation: 'test-half' });
    const train = await rowsOf(source, 'train');
    const test = [...(await rowsOf(source, 'validation')).rows, ...(await rowsOf(source, 'test')).rows];
    const kept = new Set([...train.rows, ...test].map(userOf));
    const expected = (rows: readonly JoinedSample[]) => rows.filter(({ columns }) => kept.has(userOf(columns)));
    expect(text(train.rows)).toEqual(text(expected(joined.train).map(({ columns }) => columns)));
    expect(text(test)).toEqual(text(expected(joined.test).map(({ columns }) => columns)));
    expect(train.rows.length / joined.train.length).toBeGreaterThan(0.2);
    expect(train.rows.length / joined.train.length).toBeLessThan(0.6);
    const last = joined.train.slice(-500).filter(({ columns }) => kept.has(userOf(columns)));
    expect(last.length).toBeGreaterThan(50);
  });
});

test('what is interrupted leaves nothing half-written, while files are read and after', async () => {
  const [path, cache] = [join(folder, 'raw'), join(folder, 'interrupted-cache')];
  const interrupt = new AbortController();
  const context = {
    seed: 1,
    note: () => undefined,
    progress: () => interrupt.abort(new Interrupted()),
    signal: interrupt.signal,
  };
  await expect(aliCcp.open({ loader: 'ali-ccp', path, cache }, context)).rejects.toThrow(Interrupted);
  expect(existsSync(cache)).toBe(false);
  const prepared = aliCcp.open({ loader: 'ali-ccp', path, cache: join(folder, 'cache') }, context);
  await expect(prepared).rejects.toThrow(Interrupted);
});
