import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Random, randomFromSeed } from '../../support/random.js';

/** A line of a file before it is written, by column. */
export type Line = Readonly<Record<string, string | number>>;

export interface MadeSizes {
  readonly earlier: number;
  readonly later: number;
  readonly random: number;
  readonly users: number;
  readonly videos: number;
}

export interface MadeFiles {
  readonly earlier: readonly Line[];
  readonly later: readonly Line[];
  readonly random: readonly Line[];
  readonly users: readonly Line[];
  readonly videos: readonly Line[];
}

const day = 86_400_000;
/** 00:00 in China. */
const april8 = Date.UTC(2022, 3, 7, 16);

/**
 * Made-up lines in the format of the publisher's: columns and their order, numbers with `.0` where pandas wrote a
 * column with missing values, several tags in quotes. Each impression has a `duration_ms` of its own. The same sizes
 * and seed make the same lines.
 */
export function makeLines(sizes: MadeSizes, seed = 1): MadeFiles {
  const random = randomFromSeed(seed).stream('kuairand');
  let made = 0;
  const log = (rows: number, first: number, days: number, byChance: boolean) =>
    Array.from({ length: rows }, () => impression(random, sizes, first, days, byChance, 5000 + made++)).toSorted(
      (a, b) => Number(a.user_id) - Number(b.user_id),
    );
  return {
    earlier: log(sizes.earlier, 0, 14, false),
    later: log(sizes.later, 14, 17, false),
    random: log(sizes.random, 14, 17, true),
    users: Array.from({ length: sizes.users }, (_, user_id) => userLine(random, user_id)),
    videos: Array.from({ length: sizes.videos }, (_, video_id) => videoLine(random, video_id)),
  };
}

/** Writes the files as they are named in the archive. */
export function writeFiles(folder: string, files: MadeFiles, version = 'pure'): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, lines] of Object.entries(fileNames(files)))
    writeFileSync(join(folder, `${name}_${version}.csv`), toCsv(lines));
}

export function toCsv(lines: readonly Line[]): string {
  const cell = (value: string | number) => (String(value).includes(',') ? `"${value}"` : value);
  const [first = {}] = lines;
  return `${[Object.keys(first), ...lines.map((line) => Object.values(line).map(cell))].map((row) => row.join(',')).join('\n')}\n`;
}

function fileNames({ earlier, later, random, users, videos }: MadeFiles) {
  return {
    log_standard_4_08_to_4_21: earlier,
    log_standard_4_22_to_5_08: later,
    log_random_4_22_to_5_08: random,
    user_features: users,
    video_features_basic: videos,
  };
}

function impression(
  random: Random,
  { users, videos }: MadeSizes,
  first: number,
  days: number,
  byChance: boolean,
  duration_ms: number,
): Line {
  const time_ms = april8 + first * day + Math.floor(random.uniform() * days * day);
  const there = new Date(time_ms + day / 3).toISOString(); // eight hours ahead of UTC
  const yes = (rate: number) => Number(random.uniform() < rate);
  const [user_id, video_id] = [random.below(users), random.below(videos)];
  return {
    ...{ user_id, video_id },
    date: Number(there.slice(0, 10).replaceAll('-', '')),
    hourmin: Number(there.slice(11, 13)) * 100,
    time_ms,
    // What a user's and a video's number tell of, so that there is something to learn.
    is_click: yes((user_id + video_id) % 3 === 0 ? 0.7 : 0.3),
    is_like: yes(video_id % 5 === 0 ? 0.2 : 0.02),
    ...{ is_follow: yes(0.01), is_comment: yes(0.01), is_forward: yes(0.01), is_hate: yes(0.01), long_view: yes(0.3) },
    play_time_ms: random.below(60_000),
    duration_ms,
    ...{ profile_stay_time: random.below(3), comment_stay_time: random.below(9000), is_profile_enter: yes(0.02) },
    ...{ is_rand: Number(byChance), tab: random.below(15) },
  };
}

function userLine(random: Random, user_id: number): Line {
  const of = (...texts: readonly string[]) => texts[random.below(texts.length)] ?? '';
  const oneHot = Array.from({ length: 18 }, (_, index) => {
    if (index === 4 || index >= 12) return random.uniform() < 0.15 ? '' : `${random.below(2)}.0`;
    return random.below(7);
  });
  return {
    user_id,
    user_active_degree: of('full_active', 'high_active', 'middle_active', 'UNKNOWN'),
    ...{ is_lowactive_period: 0, is_live_streamer: of('0', '1'), is_video_author: of('0', '1') },
    ...{ follow_user_num: random.below(500), follow_user_num_range: of('0', '(0,10]', '(10,50]', '500+') },
    ...{ fans_user_num: random.below(9000), fans_user_num_range: of('0', '[1,10)', '[1k,5k)') },
    ...{ friend_user_num: random.below(99), friend_user_num_range: of('0', '[1,5)', '250+') },
    ...{ register_days: random.below(3000), register_days_range: of('61-90', '730+') },
    ...Object.fromEntries(oneHot.map((value, index) => [`onehot_feat${index}`, value])),
  };
}

function videoLine(random: Random, video_id: number): Line {
  const missing = random.uniform() < 0.15;
  return {
    ...{ video_id, author_id: random.below(40), video_type: random.below(20) ? 'NORMAL' : 'AD' },
    ...{ upload_dt: `2022-04-0${1 + random.below(9)}`, upload_type: random.below(2) ? 'ShortImport' : 'LongImport' },
    ...{ visible_status: '1.0', video_duration: missing ? '' : `${9000 + random.below(90_000)}.0` },
    ...{ server_width: '720.0', server_height: random.below(2) ? '1280.0' : '960.0' },
    ...{ music_id: 9_000_000_000 + random.below(50), music_type: missing ? '' : `${random.below(10)}.0` },
    tag: missing ? '' : random.below(3) ? `${random.below(30)}` : `${random.below(30)},${30 + random.below(30)}`,
  };
}
