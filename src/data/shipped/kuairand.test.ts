import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { folderOfFile } from '../../support/folder.fixture.js';
import { must } from '../../support/must.js';
import type { Source, SplitName } from '../dataset.js';
import { readRows } from '../table/table-loader.fixture.js';
import { type Line, makeLines, toCsv, writeFiles } from './kuairand.fixture.js';
import { openDataset } from './open-dataset.fixture.js';

const made = makeLines({ earlier: 300, later: 130, random: 80, users: 20, videos: 30 });
const folder = folderOfFile();
const [plain, archive] = [join(folder, 'plain'), join(folder, 'archive')];
const signals = ['is_click', 'is_like', 'is_follow', 'is_comment', 'is_forward', 'is_hate', 'long_view'].concat([
  ...['is_profile_enter', 'play_time_ms', 'profile_stay_time', 'comment_stay_time'],
]);

beforeAll(() => writeFiles(plain, made));

const open = (overrides: readonly string[] = [], at = plain) => openDataset('kuairand', [`folder=${at}`, ...overrides]);
const both = 'files.later=log_*_4_22_to_5_08_*';

const everyRow = async (source: Source) =>
  (await Promise.all((['train', 'validation', 'test'] as const).map((split) => readRows(source, split))))
    .flat()
    .toSorted(byDuration);
const byDuration = (a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>) =>
  Number(a.duration_ms) - Number(b.duration_ms);
/** An impression's: no two have the same. */
const durationsIn = async (source: Source, split: SplitName) =>
  (await readRows(source, split)).map((row) => Number(row.duration_ms)).toSorted((a, b) => a - b);
const sortedDurations = (lines: readonly Line[]) =>
  lines.map((line) => Number(line.duration_ms)).toSorted((a, b) => a - b);

/** The rows of both logs, joined in plain JavaScript. */
function joined(users: readonly Line[], videos: readonly Line[]) {
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
      ...Object.fromEntries(signals.map((task) => [`y:${task}`, log[task]])),
    };
  });
}

describe('rows', () => {
  test('have the impression, its user’s and its video’s features, and the labels of an independent join', async () => {
    const source = await open();
    expect(await everyRow(source)).toEqual(joined(made.users, made.videos)); // so no signal, day or time is an input
    expect(source.group).toBe('user_id');
    expect(source.tasks.map(({ name }) => name)).toEqual(signals);
    expect(source.tasks.filter(({ type }) => type === 'regression')).toHaveLength(3);
  });

  test('may be of another version, packed; features may be missing; one tag is a list; an id may be hashed', async () => {
    const videos = made.videos.map((video) => ({ ...video, tag: String(video.tag).replace(/,.*/, '') }));
    writeFiles(archive, { ...made, users: made.users.slice(1), videos: videos.slice(1) }, '1k');
    const log = join(archive, 'log_standard_4_22_to_5_08_1k.csv');
    rmSync(log);
    await expect(open([], archive)).rejects.toThrow(/No file matches \S+4_22_to_5_08_\*\. Get it from https:/);
    writeFileSync(`${log}.gz`, gzipSync(toCsv(made.later)));
    const rows = await everyRow(await open([], archive));
    const isKnown = (row: Readonly<Record<string, unknown>>) => row.user_id !== '0' && row.video_id !== '0';
    const expected = joined(made.users, videos);
    expect(rows.filter(isKnown)).toEqual(expected.filter(isKnown));
    expect(rows).toHaveLength(expected.length);
    const ofUser = rows.find((row) => row.user_id === '0');
    expect(ofUser).toMatchObject({ follow_user_num: Number.NaN, user_active_degree: '' });
    expect(rows.find((row) => row.video_id === '0')).toMatchObject({ server_width: Number.NaN, tag: [] });
  });
});

describe('splits', () => {
  test('training and validation are the earlier log, cut by time; the test is the later one', async () => {
    const source = await open();
    const [train, validation] = [await durationsIn(source, 'train'), await durationsIn(source, 'validation')];
    const earlierTime = (duration: number) =>
      Number(made.earlier.find(({ duration_ms }) => duration_ms === duration)?.time_ms);
    expect(Math.max(...train.map(earlierTime))).toBeLessThan(Math.min(...validation.map(earlierTime)));
    expect([...train, ...validation].toSorted((a, b) => a - b)).toEqual(sortedDurations(made.earlier));
    expect(validation).toHaveLength(30);
    expect(await durationsIn(source, 'test')).toEqual(sortedDurations(made.later));
  });

  test('next-week: all of the earlier log is for training, 22 to 28 April for validation', async () => {
    const source = await open(['variables.validation=next-week', both]);
    const later = [...made.later, ...made.random];
    const early = later.filter(({ date }) => Number(date) <= 20220428);
    expect(early.length).toBeGreaterThan(50);
    expect(await durationsIn(source, 'train')).toEqual(sortedDurations(made.earlier));
    expect(await durationsIn(source, 'validation')).toEqual(sortedDurations(early));
    expect(await durationsIn(source, 'test')).toEqual(sortedDurations(later.filter((line) => !early.includes(line))));
  });

  test('last-days: 7 May is for validation, 8 May for the test, the other days for training', async () => {
    const hashed = 'columns.video_id={ kind: categorical, hash: 16 }';
    const source = await open(['variables.validation=last-days', 'columns.upload_dt=ignored', hashed]);
    expect(source.columns.find(({ name }) => name === 'upload_dt')).toBeUndefined();
    expect(source.columns.find(({ name }) => name === 'video_id')).toMatchObject({ size: 16 });
    const of = (...dates: readonly number[]) => made.later.filter(({ date }) => dates.includes(Number(date)));
    const [validation, test] = [of(20220507), of(20220508)];
    expect(Math.min(validation.length, test.length)).toBeGreaterThan(2);
    expect(await durationsIn(source, 'validation')).toEqual(sortedDurations(validation));
    expect(await durationsIn(source, 'test')).toEqual(sortedDurations(test));
    const rest = made.later.filter(({ date }) => Number(date) < 20220507);
    expect(await durationsIn(source, 'train')).toEqual(sortedDurations([...made.earlier, ...rest]));
  });

  test.each([
    [['variables.validation=last-dys'], /variable validation is share, next-week or last-days/],
    [['variables.validation=last-days', both], /so later is the standard log alone/],
  ])('%j is refused', async (overrides, message) => {
    await expect(open(overrides)).rejects.toThrow(message);
  });
});

test('two rows of one video, as of two versions in a folder, are refused in one line', async () => {
  const path = join(folder, 'twice');
  writeFiles(path, { ...made, videos: [...made.videos, must(made.videos[7], 'video')] });
  const error: unknown = await open([], path).catch((error: unknown) => error);
  expect(error).toMatchObject({ name: 'DataError' });
  expect(String(error)).toMatch(/videos has two rows of one video_id[^\n]*$/);
});
