import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { inputsSchema, taskSchema } from '../../config/parts.js';
import { must } from '../../support/must.js';
import type { Source } from '../dataset.js';
import { encode } from '../encode/encode.js';
import { rowsOf } from '../table/table-loader.fixture.js';
import { type Line, type MadeFiles, makeLines, textOf, writeFiles } from './kuairand.fixture.js';
import { kuairand } from './kuairand.js';
import { signals } from './kuairand-columns.js';

const made = makeLines({ earlier: 900, later: 300, random: 200, users: 40, videos: 60 });
let folder = '';
let count = 0;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ple-kuairand-'));
  writeFiles(join(folder, 'plain'), made);
});
afterAll(() => rm(folder, { recursive: true }));

const open = (settings: object = {}, seed = 1): Promise<Source> =>
  kuairand.open(
    { loader: 'kuairand', path: join(folder, 'plain'), cache: join(folder, 'cache'), ...settings },
    { seed, note: () => undefined },
  );

/** A folder with these files, and those of `made` where none is given. */
function folderWith(files: Partial<MadeFiles>): string {
  const path = join(folder, `own-${count++}`);
  writeFiles(path, { ...made, ...files });
  return path;
}

const splits = ['train', 'validation', 'test'] as const;
const everyRow = async (source: Source) =>
  (await Promise.all(splits.map((split) => rowsOf(source, split)))).flat().toSorted(byDuration);
const byDuration = (a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>) =>
  Number(a.duration_ms) - Number(b.duration_ms);
/** An impression's: no two have the same. */
const durationsIn = async (source: Source, split: (typeof splits)[number]) =>
  (await rowsOf(source, split)).map((row) => Number(row.duration_ms)).toSorted((a, b) => a - b);
const durationsOf = (lines: readonly Line[]) => lines.map((line) => Number(line.duration_ms)).toSorted((a, b) => a - b);

describe('rows', () => {
  test('have the impression, its user’s and its video’s features, and the labels of an independent join', async () => {
    const source = await open({ tasks: ['is_click', 'play_time_ms'] });
    const text = (value: unknown) => String(value).replace(/^(\d+)\.0$/, '$1');
    const expected = [...made.earlier, ...made.later].toSorted(byDuration).map((log) => {
      const user = must(made.users[Number(log.user_id)], 'user');
      const video = must(made.videos[Number(log.video_id)], 'video');
      const categories = (line: Line, numbers: readonly string[]) =>
        Object.fromEntries(
          Object.entries(line).map(([name, value]) => [name, numbers.includes(name) ? Number(value) : text(value)]),
        );
      const { tag, visible_status, video_duration, ...shown } = video;
      return {
        ...categories(user, ['follow_user_num', 'fans_user_num', 'friend_user_num', 'register_days']),
        ...categories(shown, ['server_width', 'server_height']),
        ...{ tab: text(log.tab), hour: text(Number(log.hourmin) / 100), duration_ms: log.duration_ms },
        tag: tag === '' ? [] : String(tag).split(','),
        ...{ 'y:is_click': log.is_click, 'y:play_time_ms': log.play_time_ms },
      };
    });
    expect(await everyRow(source)).toEqual(expected);
    expect(source.group).toBe('user_id');
    expect(source.tasks).toEqual([
      { name: 'is_click', type: 'binary' },
      { name: 'play_time_ms', type: 'regression' },
    ]);
  });

  test('are as published: missing values and several tags in the features', () => {
    const some = (lines: readonly Line[], of: (line: Line) => boolean) =>
      expect(lines.filter(of).length).toBeGreaterThan(0);
    some(made.users, (user) => user.onehot_feat12 === '');
    some(made.videos, (video) => video.music_type === '');
    some(made.videos, (video) => String(video.tag).includes(','));
  });

  test.each([[['is_hate']], [['long_view', 'play_time_ms']], [[...signals]]])(
    'no signal is an input, chosen or not: %s',
    async (tasks) => {
      const source = await open({ tasks, statistics: true });
      expect(source.tasks.map(({ name }) => name)).toEqual(tasks);
      const hidden: readonly string[] = [...signals, 'split', 'date', 'time_ms', 'is_rand'];
      expect(source.columns.map(({ name }) => name).filter((name) => hidden.includes(name))).toEqual([]);
    },
  );

  test('the default tasks are a click and a like', async () => {
    expect((await open()).tasks.map(({ name }) => name)).toEqual(['is_click', 'is_like']);
  });

  test('a user and a video without features have missing ones, and no row is lost', async () => {
    const [users, videos] = [made.users.slice(1), made.videos.slice(1)];
    const source = await open({ path: folderWith({ users, videos }) });
    const rows = await everyRow(source);
    expect(rows).toHaveLength(1200);
    const [user] = rows.filter((row) => row.user_id === '0');
    expect(user).toMatchObject({ register_days: Number.NaN, user_active_degree: '', onehot_feat0: '' });
    const [video] = rows.filter((row) => row.video_id === '0');
    expect(video).toMatchObject({ server_width: Number.NaN, author_id: '', tag: [] });
  });

  test('statistics are inputs only if they are asked for, and their file is needed only then', async () => {
    const path = folderWith({});
    rmSync(join(path, 'video_features_statistic_pure.csv'));
    const without = await open({ path });
    await expect(open({ path, statistics: true })).rejects.toThrow('There is no video_features_statistic_pure.csv');
    const source = await open({ statistics: true });
    expect(source.columns.length - without.columns.length).toBe(
      Object.keys(must(made.statistics[0], 'line')).length - 1,
    );
    const [row] = await rowsOf(source, 'test');
    const show = Number(made.statistics[Number(row?.video_id)]?.show_cnt);
    expect(row?.video_show_cnt).toBe(Math.fround(show));
  });

  test('tags are lists also where no video has several', async () => {
    const videos = made.videos.map((video) => ({ ...video, tag: String(video.tag).replace(/,.*/, '') }));
    const [row] = await rowsOf(await open({ path: folderWith({ videos }) }), 'train');
    const { tag } = must(videos[Number(row?.video_id)], 'video');
    expect(row?.tag).toEqual(tag === '' ? [] : [tag]);
  });

  test('columns leaves inputs out and hashes ids', async () => {
    const columns = { upload_dt: 'ignored', video_id: { kind: 'categorical', hash: 16 } };
    const source = await open({ columns });
    expect(source.columns.find(({ name }) => name === 'upload_dt')).toBeUndefined();
    expect(source.columns.find(({ name }) => name === 'video_id')).toMatchObject({ size: 16 });
  });
});

describe('splits', () => {
  test('training and validation are the earlier log, cut by time; the test is the later one', async () => {
    const source = await open();
    const [train, validation] = [await durationsIn(source, 'train'), await durationsIn(source, 'validation')];
    const timeOf = (duration: number) =>
      Number(made.earlier.find(({ duration_ms }) => duration_ms === duration)?.time_ms);
    expect(Math.max(...train.map(timeOf))).toBeLessThan(Math.min(...validation.map(timeOf)));
    expect([...train, ...validation].toSorted((a, b) => a - b)).toEqual(durationsOf(made.earlier));
    expect(validation.length / 900).toBeCloseTo(0.1, 2);
    expect(await durationsIn(source, 'test')).toEqual(durationsOf(made.later));
    expect((await open({ validation: { time: 0.3 } })).splits.validation.rows / 900).toBeCloseTo(0.3, 2);
  });

  test('validation can be users, whom splitSeed alone draws', async () => {
    const drawn = async (splitSeed: number, seed: number) => {
      const source = await open({ validation: { users: 0.3 }, splitSeed }, seed);
      const usersIn = async (split: 'train' | 'validation') =>
        new Set((await rowsOf(source, split)).map((row) => String(row.user_id)));
      const [train, validation] = [await usersIn('train'), await usersIn('validation')];
      expect([...validation].filter((user) => train.has(user))).toEqual([]);
      expect(train.size + validation.size).toBe(40);
      expect(source.splits.train.rows + source.splits.validation.rows).toBe(900);
      expect(source.splits.test.rows).toBe(300);
      return [...validation].toSorted();
    };
    const users = await drawn(0, 1);
    expect(users.length).toBeGreaterThan(5);
    expect(users.length).toBeLessThan(20);
    expect(await drawn(0, 2)).toEqual(users);
    expect(await drawn(1, 1)).not.toEqual(users);
  });

  test('next-week: all of the earlier log is for training, 22 to 28 April for validation', async () => {
    const source = await open({ validation: 'next-week', exposure: 'both' });
    const later = [...made.later, ...made.random];
    const [week, rest] = [
      later.filter(({ date }) => Number(date) <= 20220428),
      later.filter(({ date }) => Number(date) >= 20220429),
    ];
    expect(week.length).toBeGreaterThan(50);
    expect(await durationsIn(source, 'train')).toEqual(durationsOf(made.earlier));
    expect(await durationsIn(source, 'validation')).toEqual(durationsOf(week));
    expect(await durationsIn(source, 'test')).toEqual(durationsOf(rest));
  });

  test('last-days: 7 May is for validation, 8 May for the test, the other days for training', async () => {
    const source = await open({ validation: 'last-days' });
    const of = (...dates: readonly number[]) => made.later.filter(({ date }) => dates.includes(Number(date)));
    const [validation, test] = [of(20220507), of(20220508)];
    expect(Math.min(validation.length, test.length)).toBeGreaterThan(5);
    expect(await durationsIn(source, 'validation')).toEqual(durationsOf(validation));
    expect(await durationsIn(source, 'test')).toEqual(durationsOf(test));
    const rest = made.later.filter(({ date }) => Number(date) < 20220507);
    expect(await durationsIn(source, 'train')).toEqual(durationsOf([...made.earlier, ...rest]));
  });

  test.each([
    ['standard', made.later],
    ['random', made.random],
    ['both', [...made.later, ...made.random]],
  ])('exposure %s chooses the rows of the test, not of training', async (exposure, lines) => {
    const source = await open({ exposure });
    expect(await durationsIn(source, 'test')).toEqual(durationsOf(lines));
    expect(source.splits.train.rows + source.splits.validation.rows).toBe(900);
  });

  test('equal options and files have one checksum, wherever they lie; other options another', async () => {
    const path = join(folder, 'elsewhere');
    cpSync(join(folder, 'plain'), path, { recursive: true });
    const { checksum } = await open();
    expect((await open({ path, cache: join(folder, 'other') }, 9)).checksum).toBe(checksum);
    const others = [{ exposure: 'both' }, { validation: { time: 0.2 } }, { tasks: ['is_click'] }];
    const sums = await Promise.all(others.map(async (settings) => (await open(settings)).checksum));
    expect(new Set([checksum, ...sums]).size).toBe(4);
  });
});

describe('files', () => {
  test('are found in the unpacked archive, packed with gzip, and of the 1K version', async () => {
    const path = join(folder, 'archive');
    writeFiles(join(path, 'KuaiRand-1K', 'data'), made, '1k');
    const log = join(path, 'KuaiRand-1K', 'data', 'log_standard_4_22_to_5_08_1k.csv');
    rmSync(log);
    writeFileSync(`${log}.gz`, gzipSync(textOf(made.later)));
    const source = await open({ path, version: '1k' });
    expect(await everyRow(source)).toEqual(await everyRow(await open()));
    await expect(open({ path })).rejects.toThrow('There is no log_standard_4_08_to_4_21_pure.csv');
  });

  test.each([
    'log_standard_4_08_to_4_21',
    'log_standard_4_22_to_5_08',
    'log_random_4_22_to_5_08',
    'user_features',
    'video_features_basic',
  ])('%s missing: the file and the page to get it from', async (name) => {
    const path = folderWith({});
    rmSync(join(path, `${name}_pure.csv`));
    await expect(open({ path, exposure: 'both' })).rejects.toThrow(
      `There is no ${name}_pure.csv (or ${name}_pure.csv.gz) in ${path}. Get it from https://zenodo.org/records/10439422 (see datasets/kuairand.md).`,
    );
  });

  const renamed = (lines: readonly Line[], from: string, to: string) =>
    lines.map((line) =>
      Object.fromEntries(Object.entries(line).map(([name, value]) => [name === from ? to : name, value])),
    );
  const changed = (lines: readonly Line[], row: number, name: string, value: string) =>
    lines.map((line, index) => (index === row ? { ...line, [name]: value } : line));
  test.each<[string, Partial<MadeFiles>, RegExp]>([
    [
      'a header without a task',
      { later: renamed(made.later, 'is_like', 'like') },
      /log_standard_4_22_to_5_08_pure\.csv:1: the header has no column 'is_like'.* it has: user_id, .*, like, /,
    ],
    [
      'a header without a key',
      { users: renamed(made.users, 'user_id', 'user') },
      /user_features_pure\.csv:1: the header has no column 'user_id'/,
    ],
    [
      'a header without a feature',
      { videos: renamed(made.videos, 'tag', 'tags') },
      /video_features_basic_pure\.csv:1: the header has no column 'tag' \(did you mean 'tags'\?\)/,
    ],
    [
      'two rows of one user',
      { users: [...made.users, must(made.users[7], 'user')] },
      /user_features has two rows of one user_id/,
    ],
    [
      'two rows of one video',
      { videos: [...made.videos, must(made.videos[7], 'video')] },
      /video_features_basic has two rows of one video_id/,
    ],
    ['a label of another kind', { later: changed(made.later, 4, 'is_like', '2') }, /column 'is_like' is '2'/],
    ['a time that is none', { earlier: changed(made.earlier, 4, 'time_ms', 'noon') }, /dataset\.query: .*noon/],
  ])('%s is one line that says where', async (_, files, message) => {
    const error: unknown = await open({ path: folderWith(files) }).catch((error: unknown) => error);
    expect(error).toMatchObject({ name: 'DataError' });
    expect(String(error)).toMatch(message);
    expect(String(error)).not.toContain('\n');
  });

  test('a row with a cell too many is named by file and line', async () => {
    const path = folderWith({});
    const lines = textOf(made.videos).split('\n');
    writeFileSync(join(path, 'video_features_basic_pure.csv'), lines.with(4, `${lines[4]},1`).join('\n'));
    await expect(open({ path })).rejects.toThrow(/video_features_basic_pure\.csv:5: this row has 13 columns, not 12/);
  });
});

test.each(['kuairand/compare', 'recipes/kuairand-stem'])(
  'the shipped config %s names inputs and tasks that there are',
  async (config) => {
    const file = resolve(import.meta.dirname, `../../../configs/${config}.yaml`);
    const { dataset, inputs, tasks } = parse(readFileSync(file, 'utf8'));
    const path = folderWith({});
    writeFiles(path, made, '1k');
    const source = await open({ ...dataset, path });
    const listed = tasks.map((task: unknown) => taskSchema.parse(task));
    const encoded = await encode(source, inputsSchema.parse(inputs), listed);
    expect(encoded.tasks.map(({ name }) => name)).toEqual(source.tasks.map(({ name }) => name));
  },
);

test.each<[string, object, RegExp]>([
  ['an unknown signal', { tasks: ['is_clicked'] }, /is_clicked|is_click/],
  ['a signal twice', { tasks: ['is_like', 'is_like'] }, /a signal is named twice/],
  ['no signal', { tasks: [] }, /tasks/],
  ['another version', { version: '27k' }, /version/],
  ['a share of nothing', { validation: { time: 0 } }, /validation/],
  ['chance among days of training', { validation: 'last-days', exposure: 'random' }, /exposure: standard, not random/],
  ['two rules', { validation: { time: 0.1, users: 0.1 } }, /validation/],
  ['the run’s seed', { splitSeed: 'run' }, /splitSeed/],
  ['an unknown option', { path: 'x', sample: 1 }, /sample/],
  ['a signal as an input', { columns: { is_like: 'categorical' } }, /'is_like' is the label of task 'is_like'/],
  ['a signal that is not chosen as an input', { columns: { long_view: 'categorical' } }, /has no column 'long_view'/],
])('%s is refused', async (_, settings, message) => {
  await expect(open(settings)).rejects.toThrow(message);
});

const real = process.env.PLE_KUAIRAND_PURE;
describe.skipIf(!real)(`the published files${real ? '' : ' (skipped: PLE_KUAIRAND_PURE names no folder)'}`, () => {
  test('have the published counts', async () => {
    const source = await open({ path: real, exposure: 'both', validation: 'next-week', statistics: true });
    const { train, validation, test } = source.splits;
    expect(train.rows).toBe(1_141_112);
    expect(train.rows + validation.rows + test.rows).toBe(1_436_609 + 1_186_059);
    expect(source.columns.find(({ name }) => name === 'user_id')?.dictionary).toHaveLength(27_285);
    expect(source.columns.find(({ name }) => name === 'video_id')?.dictionary).toHaveLength(7583);
  });
});
