import { existsSync } from 'node:fs';
import { appendFile, cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inputsSchema, taskSchema } from '../../config/parts.js';
import { Interrupted } from '../../support/errors.js';
import type { Source, SplitName } from '../dataset.js';
import { encode } from '../encode/encode.js';
import { literal, rowsOf as queried, withDatabase } from '../store/database.js';
import { DamagedEntry } from '../store/prepared.js';
import { aliCcp } from './ali-ccp.js';
import { fields } from './fields.js';
import { makeAliCcpFiles } from './made-files.fixture.js';
import { type JoinedSample, naiveJoin, type PlainRow, plainRows } from './naive-join.fixture.js';

const made = {
  ...{ rows: { train: 5000, test: 800 }, common: { train: 120, test: 60 }, entries: 12, items: 400, users: 70 },
  ...{ clickRate: 0.2, conversionRate: 0.3, seed: 3 },
};
let folder = '';
let notes: string[] = [];
let prepared: string[] = [];
let readings = 0;

const open = (options: object = {}, seed = 1, compareUpTo?: number): Promise<Source> => {
  [notes, prepared, readings] = [[], [], 0];
  return aliCcp.open(
    { loader: 'ali-ccp', path: join(folder, 'raw'), cache: join(folder, 'cache'), ...options },
    {
      seed,
      note: (message) => notes.push(message),
      prepared: (path) => prepared.push(path),
      progress: () => readings++,
      ...(compareUpTo === undefined ? {} : { compareUpTo }),
    },
  );
};

let joined: { readonly train: JoinedSample[]; readonly test: JoinedSample[] };
let idOf: (field: string, index: number) => number | null;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ple-ali-ccp-'));
  await makeAliCcpFiles(join(folder, 'raw'), made);
  joined = { train: naiveJoin(join(folder, 'raw'), 'train'), test: naiveJoin(join(folder, 'raw'), 'test') };
  await open();
  expect(readings).toBeGreaterThan(0);
  idOf = await readIds(prepared[0] ?? '');
}, 120_000);
afterAll(() => rm(folder, { recursive: true }));

async function readIds(path: string) {
  const known = new Map<string, number>();
  await withDatabase(async (database) => {
    await database.run(`ATTACH ${literal(join(path, 'data.duckdb'))} AS prepared (READ_ONLY)`);
    for (const [place, index, id] of await queried(database, 'SELECT field, "index", id FROM prepared.ids'))
      known.set(`${fields[Number(place)]?.name} ${index}`, Number(id));
  });
  return (field: string, index: number) => known.get(`${field} ${index}`) ?? null;
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
    expect(train.labels).toEqual(joined.train.map(({ click, conversion }) => [click, conversion]));
    const halves = [...(await rowsOf(source, 'validation')).rows, ...(await rowsOf(source, 'test')).rows];
    expect(text(halves)).toEqual(text(joined.test.map(({ columns }) => columns)));
  });

  test('was of rows as the real ones are', () => {
    const some = (of: (row: PlainRow) => boolean) => joined.train.filter(({ columns }) => of(columns)).length;
    expect(joined.train.length).toBeLessThan(made.rows.train); // conversions without a click
    expect(some((row) => row['216'] === null)).toBeGreaterThan(50);
    expect(some((row) => row['124'] === null)).toBeGreaterThan(5);
    expect(some((row) => Array.isArray(row['853']) && row['853'].length > 1)).toBeGreaterThan(100);
    expect(some((row) => Array.isArray(row['508']) && row['508'].length === 0)).toBeGreaterThan(100);
    const items = new Set(joined.train.map(({ columns }) => columns['205']));
    expect(joined.test.filter(({ columns }) => !items.has(columns['205'] ?? null)).length).toBeGreaterThan(10);
  });

  test('holds for more common rows than are put in order at once', async () => {
    const path = join(folder, 'many');
    const many = { ...made, rows: { train: 5000, test: 60 }, common: { train: 4200, test: 20 }, entries: 3 };
    await makeAliCcpFiles(path, many);
    const source = await open({ path, cache: join(folder, 'cache-many'), validation: 'test-half' });
    const { rows } = await plainRows(source, 'train', await readIds(prepared[0] ?? ''));
    expect(inOrder(rows)).toEqual(inOrder(naiveJoin(path, 'train').map(({ columns }) => columns)));
  });

  test('tells what it left out', async () => {
    await open();
    const dropped = made.rows.train - joined.train.length;
    expect(notes).toContain(`sample_skeleton_train.csv: ${dropped} rows with a conversion but no click left out.`);
    expect(notes.filter((note) => /several entries of 216/.test(note))).toHaveLength(2);
  });

  test('is read again without the raw files being parsed, and block by block in any order', async () => {
    const source = await open();
    expect(readings).toBe(0);
    const { train } = source.splits;
    const copy = async (index: number) => structuredClone((await train.read(index)).labels);
    const [one, two] = [await copy(1), await copy(0)];
    expect(await copy(0)).toEqual(two);
    expect(await copy(1)).toEqual(one);
  });

  test('other bytes are other data, with another checksum', async () => {
    const path = join(folder, 'touched');
    await cp(join(folder, 'raw'), path, { recursive: true });
    const one = await open();
    await appendFile(join(path, 'sample_skeleton_test.csv'), '\n');
    const two = await open({ path, cache: join(folder, 'cache-touched') });
    expect(two.splits.train.rows).toBe(one.splits.train.rows);
    expect(two.checksum).not.toBe(one.checksum);
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
    expect(labels).toEqual(joined.train.map(({ click, conversion }) => [click, conversion]));
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

  test('the draw follows splitSeed alone', async () => {
    const users = async (splitSeed: number) => {
      const { rows } = await rowsOf(await open({ validation: { train: 0.3 }, splitSeed }), 'validation');
      return [...new Set(rows.map(userOf))];
    };
    expect(await users(1)).toEqual(await users(1));
    expect(await users(1)).not.toEqual(await users(2));
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
    const last = joined.train.slice(-600).filter(({ columns }) => kept.has(userOf(columns)));
    expect(last.length).toBeGreaterThan(100);
  });
});

test('encoding caps lists, counts what it leaves out, and gives unseen ids index 0', async () => {
  const source = await open({ validation: 'test-half' });
  const tasks = ['ctr', 'cvr'].map((name) => taskSchema.parse({ name, type: 'binary' }));
  const columns = { '110_14': { maxLength: 5 } };
  const dataset = await encode(source, inputsSchema.parse({ maxLength: 100, columns }), tasks);
  const lengths = joined.train.map(({ columns }) => [columns['110_14']].flat().length);
  const lists = joined.train.map(({ columns: row }) => row['110_14']).filter((list) => Array.isArray(list));
  const lost = lists.reduce((sum, list) => sum + Math.max(0, list.length - 5), 0);
  expect(lengths.length).toBe(joined.train.length);
  expect(dataset.notes.filter((note) => note.includes("'110_14'"))).toEqual([
    expect.stringContaining(`${lost} are left out`),
  ]);
  const items = new Set(joined.train.map(({ columns }) => columns['205']));
  const unseen = joined.test.filter(({ columns }) => !items.has(columns['205'] ?? null)).length;
  const place = dataset.categorical.findIndex(({ name }) => name === '205');
  const width = dataset.categorical.length + dataset.lists.reduce((sum, { length }) => sum + length, 0);
  let zeros = 0;
  for (const split of [dataset.splits.validation, dataset.splits.test]) {
    for (let b = 0; b * split.blockRows < split.rows; b++) {
      const block = await split.read(b);
      for (let r = 0; r < block.rows; r++) zeros += Number(block.categorical[r * width + place] === 0);
    }
  }
  expect(zeros).toBe(unseen);
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

test('a fault in one file ends the preparation with its place, and leaves nothing half-written', async () => {
  const [path, cache] = [join(folder, 'faulty'), join(folder, 'faulty-cache')];
  await cp(join(folder, 'raw'), path, { recursive: true });
  await appendFile(join(path, 'sample_skeleton_train.csv'), 'no row\n');
  await expect(open({ path, cache })).rejects.toThrow(/sample_skeleton_train\.csv:5001: 'no row' is no whole number/);
  expect(existsSync(cache)).toBe(false);
});

test('damage is named as such where it is met, and the next start prepares anew', async () => {
  const cache = join(folder, 'cache-damaged');
  await cp(join(folder, 'cache'), cache, { recursive: true });
  const [name = ''] = await readdir(cache);
  const file = join(cache, name, 'data.duckdb');
  const bytes = await readFile(file);
  for (let at = 3 * 4096; at < bytes.length; at += 4096) bytes[at] = (bytes[at] ?? 0) ^ 1;
  await writeFile(file, bytes);
  // a large file is compared when it is read, block by block
  await expect(open({ cache }, 1, 0)).rejects.toBeInstanceOf(DamagedEntry);
  const source = await open({ cache });
  expect(notes).toContainEqual(expect.stringMatching(/is damaged \(data\.duckdb: .*\): it is made again/));
  expect(source.splits.train.rows).toBeGreaterThan(0);
});

test('missing files are a line that says where they can be had', async () => {
  await expect(open({ path: join(folder, 'nowhere') })).rejects.toThrow(
    /There is no common_features_train\.csv.*tianchi/,
  );
  expect(existsSync(join(folder, 'nowhere'))).toBe(false);
});
