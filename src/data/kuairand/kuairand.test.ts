import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { folderOfFile } from '../../support/folder.fixture.js';
import { must } from '../../support/must.js';
import type { Source } from '../dataset.js';
import { rowsOf } from '../table/table-loader.fixture.js';
import { type Line, makeLines, textOf, writeFiles } from './kuairand.fixture.js';
import { kuairand } from './kuairand.js';
import { signals } from './kuairand-columns.js';

const made = makeLines({ earlier: 300, later: 130, random: 80, users: 20, videos: 30 });
/** What several tests look at, and so is prepared once. */
const first = { tasks: ['is_click', 'play_time_ms'] };
const week = { tasks: [...signals], validation: 'next-week', exposure: 'both' };
const days = {
  columns: { upload_dt: 'ignored', video_id: { kind: 'categorical', hash: 16 } },
  validation: 'last-days',
};
const folder = folderOfFile();

beforeAll(() => writeFiles(join(folder, 'plain'), made));

const open = (settings: object = {}): Promise<Source> =>
  kuairand.open(
    { loader: 'kuairand', path: join(folder, 'plain'), cache: join(folder, 'cache'), ...settings },
    { seed: 1, note: () => undefined },
  );

const splits = ['train', 'validation', 'test'] as const;
const everyRow = async (source: Source) =>
  (await Promise.all(splits.map((split) => rowsOf(source, split)))).flat().toSorted(byDuration);
const byDuration = (a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>) =>
  Number(a.duration_ms) - Number(b.duration_ms);
/** An impression's: no two have the same. */
const durationsIn = async (source: Source, split: (typeof splits)[number]) =>
  (await rowsOf(source, split)).map((row) => Number(row.duration_ms)).toSorted((a, b) => a - b);
const durationsOf = (lines: readonly Line[]) => lines.map((line) => Number(line.duration_ms)).toSorted((a, b) => a - b);

/** The rows of both logs, joined in plain JavaScript. */
function joined(users: readonly Line[], videos: readonly Line[], tasks: readonly string[]) {
  const text = (value: unknown) => String(value).replace(/^(\d+)\.0$/, '$1');
  const categories = (line: Line, numbers: readonly string[]) =>
    Object.fromEntries(
      Object.entries(line).map(([name, value]) => [name, numbers.includes(name) ? Number(value) : text(value)]),
    );
  return [...made.earlier, ...made.later].toSorted(byDuration).map((log) => {
    const { tag, visible_status, video_duration, ...shown } = must(videos[Number(log.video_id)], 'video');
    return {
      ...categories(must(users[Number(log.user_id)], 'user'), [
        ...['follow_user_num', 'fans_user_num', 'friend_user_num', 'register_days'],
      ]),
      ...categories(shown, ['server_width', 'server_height']),
      ...{ tab: text(log.tab), hour: text(Number(log.hourmin) / 100), duration_ms: log.duration_ms },
      tag: tag === '' ? [] : String(tag).split(','),
      ...Object.fromEntries(tasks.map((task) => [`y:${task}`, log[task]])),
    };
  });
}

describe('rows', () => {
  test('have the impression, its user’s and its video’s features, and the labels of an independent join', async () => {
    const source = await open(first);
    expect(await everyRow(source)).toEqual(joined(made.users, made.videos, first.tasks));
    expect(source.group).toBe('user_id');
    expect(source.tasks).toEqual([
      { name: 'is_click', type: 'binary' },
      { name: 'play_time_ms', type: 'regression' },
    ]);
  });

  test('are of the unpacked archive, packed, of the 1K version; features may be missing; one tag is a list', async () => {
    const videos = made.videos.map((video) => ({ ...video, tag: String(video.tag).replace(/,.*/, '') }));
    const path = join(folder, 'archive');
    const data = join(path, 'KuaiRand-1K', 'data');
    writeFiles(data, { ...made, users: made.users.slice(1), videos: videos.slice(1) }, '1k');
    const log = join(data, 'log_standard_4_22_to_5_08_1k.csv');
    rmSync(log);
    writeFileSync(`${log}.gz`, gzipSync(textOf(made.later)));
    const rows = await everyRow(await open({ path, version: '1k' }));
    const isKnown = (row: Readonly<Record<string, unknown>>) => row.user_id !== '0' && row.video_id !== '0';
    const expected = joined(made.users, videos, ['is_click', 'is_like']);
    expect(rows.filter(isKnown)).toEqual(expected.filter(isKnown));
    expect(rows).toHaveLength(expected.length);
    const ofUser = rows.find((row) => row.user_id === '0');
    expect(ofUser).toMatchObject({ follow_user_num: Number.NaN, user_active_degree: '' });
    expect(rows.find((row) => row.video_id === '0')).toMatchObject({ server_width: Number.NaN, tag: [] });
    await expect(open({ path })).rejects.toThrow('There is no log_standard_4_08_to_4_21_pure.csv');
  });

  test('no signal is an input', async () => {
    const source = await open(week);
    expect(source.tasks.map(({ name }) => name)).toEqual(signals);
    const names = source.columns.map(({ name }) => name);
    const hidden: readonly string[] = [...signals, 'split', 'date', 'time_ms', 'is_rand'];
    expect(names.filter((name) => hidden.includes(name))).toEqual([]);
  });

  test('the default tasks are a click and a like; columns leaves inputs out and hashes ids', async () => {
    const source = await open(days);
    expect(source.tasks.map(({ name }) => name)).toEqual(['is_click', 'is_like']);
    expect(source.columns.find(({ name }) => name === 'upload_dt')).toBeUndefined();
    expect(source.columns.find(({ name }) => name === 'video_id')).toMatchObject({ size: 16 });
  });
});

describe('splits', () => {
  test('training and validation are the earlier log, cut by time; the test is the later one', async () => {
    const source = await open(first);
    const [train, validation] = [await durationsIn(source, 'train'), await durationsIn(source, 'validation')];
    const timeOf = (duration: number) =>
      Number(made.earlier.find(({ duration_ms }) => duration_ms === duration)?.time_ms);
    expect(Math.max(...train.map(timeOf))).toBeLessThan(Math.min(...validation.map(timeOf)));
    expect([...train, ...validation].toSorted((a, b) => a - b)).toEqual(durationsOf(made.earlier));
    expect(validation).toHaveLength(30);
    expect(await durationsIn(source, 'test')).toEqual(durationsOf(made.later));
  });

  test('next-week: all of the earlier log is for training, 22 to 28 April for validation', async () => {
    const source = await open(week);
    const later = [...made.later, ...made.random];
    const early = later.filter(({ date }) => Number(date) <= 20220428);
    expect(early.length).toBeGreaterThan(50);
    expect(await durationsIn(source, 'train')).toEqual(durationsOf(made.earlier));
    expect(await durationsIn(source, 'validation')).toEqual(durationsOf(early));
    expect(await durationsIn(source, 'test')).toEqual(durationsOf(later.filter((line) => !early.includes(line))));
  });

  test('last-days: 7 May is for validation, 8 May for the test, the other days for training', async () => {
    const source = await open(days);
    const of = (...dates: readonly number[]) => made.later.filter(({ date }) => dates.includes(Number(date)));
    const [validation, test] = [of(20220507), of(20220508)];
    expect(Math.min(validation.length, test.length)).toBeGreaterThan(2);
    expect(await durationsIn(source, 'validation')).toEqual(durationsOf(validation));
    expect(await durationsIn(source, 'test')).toEqual(durationsOf(test));
    const rest = made.later.filter(({ date }) => Number(date) < 20220507);
    expect(await durationsIn(source, 'train')).toEqual(durationsOf([...made.earlier, ...rest]));
  });
});

test('two rows of one video are refused in one line', async () => {
  const path = join(folder, 'twice');
  writeFiles(path, { ...made, videos: [...made.videos, must(made.videos[7], 'video')] });
  const error: unknown = await open({ path }).catch((error: unknown) => error);
  expect(error).toMatchObject({ name: 'DataError' });
  expect(String(error)).toMatch(/video_features_basic has two rows of one video_id.*$/);
  expect(String(error)).not.toContain('\n');
});

test('a resolved config of an earlier run has splitSeed: 0, as every new one', () => {
  expect(kuairand.options.parse({ loader: 'kuairand' })).toMatchObject({ splitSeed: 0 });
  expect(() => kuairand.options.parse({ loader: 'kuairand', splitSeed: 1 })).toThrow('which is gone');
});
