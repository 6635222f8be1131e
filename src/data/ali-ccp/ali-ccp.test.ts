import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { Interrupted } from '../../support/errors.js';
import { folderOfFile } from '../../support/folder.fixture.js';
import type { Source, SplitName } from '../dataset.js';
import { readRows } from '../table/table-loader.fixture.js';
import { aliCcp } from './ali-ccp.js';
import { makeAliCcpFiles } from './made-files.fixture.js';
import { type JoinedSample, naiveJoin } from './naive-join.fixture.js';

const made = {
  ...{ rows: { train: 2500, test: 400 }, common: { train: 100, test: 50 }, entries: 12, items: 400, users: 70 },
  ...{ clickRate: 0.2, conversionRate: 0.3, seed: 3 },
};
const folder = folderOfFile();

const open = (options: object = {}, seed = 1): Promise<Source> =>
  aliCcp.open(
    { loader: 'ali-ccp', path: join(folder, 'raw'), cache: join(folder, 'cache'), ...options },
    { seed, note: () => undefined },
  );

let joined: { readonly train: JoinedSample[]; readonly test: JoinedSample[] };

beforeAll(async () => {
  await makeAliCcpFiles(join(folder, 'raw'), made);
  joined = naiveJoin(join(folder, 'raw'));
}, 120_000);

type Row = Readonly<Record<string, unknown>>;
const user = (row: Row) => row['101'];
const shownLabel = (label: number) => (Number.isNaN(label) ? 'outside' : label);
const distinctUsers = (rows: readonly Row[]) => [...new Set(rows.map(user))];
/** Rows as texts, in whatever order. */
const text = (rows: readonly Row[]) => rows.map((row) => JSON.stringify(Object.entries(row).toSorted())).toSorted();
/** Rows as the loader gives them with `cvr: clicks`. */
const expected = (samples: readonly JoinedSample[]) =>
  samples.map(({ columns, click, conversion }) => ({
    ...columns,
    'y:ctr': click,
    'y:cvr': shownLabel(click ? conversion : Number.NaN),
  }));
/** Rows of validation and test. */
const halves = async (source: Source) => [
  ...(await readRows(source, 'validation')),
  ...(await readRows(source, 'test')),
];

test('the rows are those of an independent join: training rows in their order, those of the test in two halves', async () => {
  const source = await open({ validation: 'test-half' });
  expect(await readRows(source, 'train')).toEqual(expected(joined.train));
  expect(text(await halves(source))).toEqual(text(expected(joined.test)));
});

test('cvr: ctcvr: the second task is ctcvr, of all samples', async () => {
  const source = await open({ cvr: 'ctcvr', validation: 'test-half' });
  const labels = (await readRows(source, 'train')).map((row) => [row['y:ctr'], row['y:ctcvr']]);
  expect(labels).toEqual(joined.train.map(({ click, conversion }) => [click, conversion]));
});

describe('splits', () => {
  test('a user is in one of train and validation; both together are the training file', async () => {
    const source = await open({ validation: { train: 0.3 } });
    const [train, validation] = [await readRows(source, 'train'), await readRows(source, 'validation')];
    expect(text([...train, ...validation])).toEqual(text(expected(joined.train)));
    const users = new Set(distinctUsers(train));
    expect(distinctUsers(validation).filter((user) => users.has(user))).toEqual([]);
    expect(distinctUsers(validation).length / made.users).toBeGreaterThan(0.1);
    expect(distinctUsers(validation).length / made.users).toBeLessThan(0.5);
    expect(source.splits.test.rows).toBe(joined.test.length);
  });

  test('with splitSeed: run it follows the run’s seed, and so does the checksum where test rows are drawn', async () => {
    const opened = async (settings: object, seed: number) => {
      const source = await open({ splitSeed: 'run', ...settings }, seed);
      const users = async (name: SplitName) => distinctUsers(await readRows(source, name));
      return { validation: await users('validation'), test: await users('test'), checksum: source.checksum };
    };
    for (const settings of [{ validation: 'test-half' }, { sample: 0.8 }, {}]) {
      const [one, two] = [await opened(settings, 1), await opened(settings, 2)];
      const isDrawn = Object.keys(settings).length > 0;
      expect(two.validation).not.toEqual(one.validation);
      expect(two.checksum === one.checksum).toBe(!isDrawn);
      expect(JSON.stringify(two.test) === JSON.stringify(one.test)).toBe(!isDrawn);
    }
  });

  test('a sample is of users from the whole file, the same ones in every split', async () => {
    const source = await open({ sample: 0.4, validation: 'test-half' });
    const [train, test] = [await readRows(source, 'train'), await halves(source)];
    const kept = new Set(distinctUsers([...train, ...test]));
    const ofKept = (samples: readonly JoinedSample[]) => expected(samples).filter((row) => kept.has(user(row)));
    expect(text(train)).toEqual(text(ofKept(joined.train)));
    expect(text(test)).toEqual(text(ofKept(joined.test)));
    expect(train.length / joined.train.length).toBeGreaterThan(0.2);
    expect(train.length / joined.train.length).toBeLessThan(0.6);
    expect(ofKept(joined.train.slice(-500)).length).toBeGreaterThan(50);
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
