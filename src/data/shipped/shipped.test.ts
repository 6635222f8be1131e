import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { readDocument } from '../../config/document.js';
import { inputsSchema, taskSchema } from '../../config/parts.js';
import { temporaryFolder } from '../../support/folder.fixture.js';
import { type Source, splitNames } from '../dataset.js';
import { encode } from '../encode/encode.js';
import { open, readRows } from '../table/table-loader.fixture.js';
import { numbers, rawColumns, rawRows, rawText } from './census-income.fixture.js';

type Row = Readonly<Record<string, unknown>>;
type Files = Readonly<Record<string, string>>;

const shape = z.looseObject({
  dataset: z.looseObject({}),
  inputs: inputsSchema.optional(),
  tasks: z.array(taskSchema).optional(),
});
const parsed = (text: string, file: string, folder: string, words: readonly string[]) =>
  shape.parse(
    readDocument(
      text,
      file,
      [`folder=${folder}`, ...words].map((word) => `dataset.${word}`),
    ).value,
  );
const folderOf = (files: Files) => {
  const folder = temporaryFolder();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
};
/** @param words Overrides behind `dataset.` */
const openDataset = (from: string, folder: string, words: readonly string[] = [], keys = '') =>
  open(parsed(`dataset: { from: ${from}${keys} }`, 'config.yaml', folder, words).dataset);
const rowsOf = async (source: Source): Promise<Readonly<Record<string, readonly Row[]>>> =>
  Object.fromEntries(await Promise.all(splitNames.map(async (name) => [name, await readRows(source, name)])));
/** In one order: training rows are stored in another than that of the files. */
const inOrder = (rows: readonly Row[] = []) => rows.map((row) => Object.entries(row).toSorted()).toSorted();

/** `categorical_1` and so on, in the columns that MTReclib writes; `numerical_63` numbers the lines. */
const page = (line: number) => Math.floor(line / 4);
const aliexpress = (count: number) =>
  Array.from({ length: count }, (_, line) => ({
    search_id: page(line),
    ...Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`categorical_${i + 1}`, (line * 7 + i) % (i + 2)])),
    ...Object.fromEntries(Array.from({ length: 62 }, (_, i) => [`numerical_${i + 1}`, ((line * 31 + i) % 100) / 100])),
    ...{ numerical_63: line, click: line % 2, conversion: Number(line % 4 === 1) },
  }));
const toCsv = (lines: readonly object[]) =>
  `${[Object.keys(lines[0] ?? {}), ...lines.map((line) => Object.values(line))].map((row) => row.join(',')).join('\n')}\n`;

/** Made-up lines in the publisher's format. Each impression has a `duration_ms` of its own; one user and one video have no features. */
const madeUp = join(import.meta.dirname, 'kuairand-made-up');
const kuairand: Files = Object.fromEntries(
  readdirSync(madeUp).map((name) => [
    name.replaceAll('-', '_').replace('.csv', '_pure.csv'),
    readFileSync(join(madeUp, name), 'utf8'),
  ]),
);
const linesOf = (name: string) =>
  z.array(z.record(z.string(), z.string())).parse(parse(kuairand[`${name}_pure.csv`] ?? '', { columns: true }));
const [earlier, later, byChance] = ['standard_4_08_to_4_21', 'standard_4_22_to_5_08', 'random_4_22_to_5_08'].map(
  (name) => linesOf(`log_${name}`),
);

const [people, others] = [rawRows(60, 1), rawRows(21, 2)];
const files: Readonly<Record<string, Files>> = {
  'census-income': { 'census-income.data': rawText(people), 'census-income.test': rawText(others) },
  aliexpress: { 'train.csv': toCsv(aliexpress(120)), 'test.csv': toCsv(aliexpress(40)) },
  kuairand,
};

test.each([
  ...['census-income/compare', 'census-income/search', 'kuairand/compare', 'recipes/kuairand-stem'],
  ...['aliexpress/compare', 'recipes/aliexpress-mtreclib'],
])('the shipped config %s names inputs and tasks that there are', async (config) => {
  const file = resolve(import.meta.dirname, `../../../configs/${config}.yaml`);
  const from = Object.keys(files).find((name) => config.includes(name)) ?? '';
  const { dataset, inputs, tasks = [] } = parsed(readFileSync(file, 'utf8'), file, folderOf(files[from] ?? {}), []);
  const encoded = await encode(await open(dataset), inputsSchema.parse(inputs), tasks);
  expect(encoded.tasks.map(({ name }) => name)).toEqual(tasks.map(({ name }) => name));
});

test.each(['aliexpress', 'kuairand'])(
  '%s: a missing file is said with where to get it, and may be packed',
  async (from) => {
    const folder = folderOf(files[from] ?? {});
    const expected = await rowsOf(await openDataset(from, folder));
    const name = from === 'kuairand' ? 'log_standard_4_22_to_5_08_pure.csv' : 'test.csv';
    const content = readFileSync(join(folder, name));
    rmSync(join(folder, name));
    await expect(openDataset(from, folder)).rejects.toThrow(
      /No file matches \S+\. Get it from https:|no file \S+\. Get it from https:/,
    );
    writeFileSync(join(folder, `${name}.gz`), gzipSync(content));
    expect(await rowsOf(await openDataset(from, folder))).toEqual(expected);
  },
);

describe('census-income', () => {
  const classes = [
    ...['Never married', 'Married-civilian spouse present', 'Married-spouse absent'],
    ...['Married-A F spouse present', 'Separated', 'Divorced', 'Widowed'],
  ];
  const college = [
    ...['Associates degree-occup /vocational', 'Associates degree-academic program', 'Bachelors degree(BA AB BS)'],
    ...['Masters degree(MA MS MEng MEd MSW MBA)', 'Prof school degree (MD DDS DVM LLB JD)'],
    'Doctorate degree(PhD EdD)',
  ];
  const school = [
    ...['Children', 'Less than 1st grade', '1st 2nd 3rd or 4th grade', '5th or 6th grade', '7th and 8th grade'],
    ...['9th grade', '10th grade', '11th grade', '12th grade no diploma', 'High school graduate'],
    'Some college but no degree',
  ];
  const notInputs = ['education', 'marital-status', 'income', 'instance-weight'];
  const expected = (rows: readonly (readonly string[])[]): Row[] =>
    rows.map((row) => {
      const cells = Object.fromEntries(rawColumns.map((name, c) => [name, row[c] ?? '']));
      const inputs = Object.entries(cells).filter(([name]) => !notInputs.includes(name));
      return {
        ...Object.fromEntries(inputs.map(([name, text]) => [name, numbers.includes(name) ? Number(text) : text])),
        'y:income': Number(cells.income === '50000+.'),
        'y:education': Number(college.includes(cells.education ?? '')),
        'y:never-married': Number(cells['marital-status'] === 'Never married'),
        'y:marital-status': classes.indexOf(cells['marital-status'] ?? ''),
      };
    });

  test('pitfall 28: no label is an input; rows have their texts, numbers and labels; half of the test file is for validation', async () => {
    // Every text of education, and a category that ends in a space beside one that does not.
    const train = people.map((row, r) =>
      row
        .with(rawColumns.indexOf('education'), [...school, ...college][r] ?? 'Children')
        .with(rawColumns.indexOf('major-occupation'), r === 0 ? 'Sales ' : 'Sales'),
    );
    const source = await openDataset(
      'census-income',
      folderOf({ ...files['census-income'], 'census-income.data': rawText(train) }),
    );
    const rows = await rowsOf(source);
    expect(inOrder(rows.train)).toEqual(inOrder(expected(train)));
    expect(inOrder([...(rows.validation ?? []), ...(rows.test ?? [])])).toEqual(inOrder(expected(others)));
    expect([rows.validation?.length, source.columns.length, numbers.length]).toEqual([11, 38, 7]);
  });

  test('census-six: adults, labels in their sample spaces, and no input that is a label or nearly tells one', async () => {
    const given = files['census-income'] ?? {};
    const classes = ['Private', 'Not in universe', 'Local government', 'Without pay'];
    const varied = (rows: typeof people) =>
      rows.map((row, r) =>
        row
          .with(0, String(15 + (r % 7)))
          .with(1, classes[r % 4] ?? '')
          .with(23, r % 3 ? 'Householder' : 'Child 18 or older')
          .with(39, ['0', '51', '52'][r % 3] ?? ''),
      );
    const [train, test] = [varied(people), varied(others)];
    const texts = { ...given, 'census-income.data': rawText(train), 'census-income.test': rawText(test) };
    const left = ['class-of-worker', 'tax-filer-status', 'household-and-family-status', 'household-summary'];
    const none = new Set([...notInputs, ...left, 'family-members-under-18', 'weeks-worked']);
    const six = (all: typeof train, chosen: (draw: number) => boolean): Row[] =>
      all.flatMap((row, r) => {
        const draw =
          createHash('md5')
            .update(String(r + 1))
            .digest()
            .readUInt32BE() /
          2 ** 32;
        const [, worker = '', weeks] = [row[0], row[1], row[39]];
        const [base = {}] = expected([row.map((text) => text.trim())]);
        if (Number(row[0]) < 18 || !chosen(draw)) return [];
        const { 'y:marital-status': _, ...kept } = Object.fromEntries(
          Object.entries(base).filter(([name]) => !none.has(name)),
        );
        return [
          {
            ...kept,
            'y:full-year': weeks === '0' ? 'outside' : Number(weeks === '52'),
            'y:private': /^(Not|Without)/.test(worker) ? 'outside' : Number(worker === 'Private'),
            'y:with-parents': Number(row[23] === 'Child 18 or older'),
          },
        ];
      });
    const folder = folderOf(texts);
    // Up to a quarter, the other rows of the training file are test rows too.
    for (const [share, isTest] of [
      [0.75, () => false],
      [0.2, (draw: number) => draw >= 0.25],
    ] as const) {
      const rows = await rowsOf(await openDataset('census-six', folder, [`variables.share=${share}`]));
      const parts = {
        train: six(train, (draw) => draw < share),
        validation: six(test, (draw) => draw < 0.5),
        test: [...six(train, isTest), ...six(test, (draw) => draw >= 0.5)],
      };
      for (const split of splitNames) {
        expect(parts[split].length).toBeGreaterThan(3);
        expect(inOrder(rows[split])).toEqual(inOrder(parts[split]));
      }
    }
  });

  test('a task that a config takes away gives its column back to the inputs', async () => {
    const source = await openDataset(
      'census-income',
      folderOf(files['census-income'] ?? {}),
      [],
      ', tasks: { education: null }',
    );
    expect(source.columns.map(({ name }) => name)).toContain('education');
    expect(source.tasks.map(({ name }) => name)).toEqual(['income', 'never-married', 'marital-status']);
  });
});

test('aliexpress: rows have 16 + 63 inputs, and conversions among all samples and among clicks; a result page is in one split', async () => {
  const {
    train = [],
    validation = [],
    test,
  } = await rowsOf(await openDataset('aliexpress', folderOf(files.aliexpress ?? {})));
  const expected = (count: number) =>
    aliexpress(count).map(({ search_id, click, conversion, ...inputs }) => ({
      ...Object.fromEntries(
        Object.entries(inputs).map(([name, value]) => [
          name,
          name.startsWith('categorical') ? String(value) : Math.fround(value),
        ]),
      ),
      ...{ 'y:ctr': click, 'y:ctcvr': conversion, 'y:cvr': click === 1 ? conversion : 'outside' },
    }));
  expect(inOrder([...train, ...validation])).toEqual(inOrder(expected(120)));
  expect(inOrder(test)).toEqual(inOrder(expected(40)));
  const pages = (rows: readonly Row[]) => new Set(rows.map((row) => page(Number(row.numerical_63))));
  expect(pages(train).size + pages(validation).size).toBe(30);
});

describe('kuairand', () => {
  const numeric = [
    'follow_user_num',
    'fans_user_num',
    'friend_user_num',
    'register_days',
    'server_width',
    'server_height',
  ];
  const signals = [
    ...['is_click', 'is_like', 'is_follow', 'is_comment', 'is_forward', 'is_hate', 'long_view', 'is_profile_enter'],
    ...['play_time_ms', 'profile_stay_time', 'comment_stay_time'],
  ];
  const both = 'files.later=log_*_4_22_to_5_08_*';
  const time = ({ time_ms }: Row) => Number(time_ms);
  const date = (line: Row) => Number(line.date);
  const cut = earlier?.map(time).toSorted((a, b) => a - b)[21]; // nine tenths of 24

  /** A row of the log, joined in plain JavaScript. */
  const joined = (line: Readonly<Record<string, string>>): Row => {
    const users = linesOf('user_features');
    const videos = linesOf('video_features_basic');
    const empty = (lines: typeof users) => Object.fromEntries(Object.keys(lines[0] ?? {}).map((name) => [name, '']));
    const user = users.find(({ user_id }) => user_id === line.user_id) ?? empty(users);
    const video = videos.find(({ video_id }) => video_id === line.video_id) ?? empty(videos);
    const { visible_status, video_duration, tag = '', ...shown } = video;
    const cell = (name: string, text: string) =>
      numeric.includes(name) ? Number(text || Number.NaN) : text.replace(/^(\d+)\.0$/, '$1');
    return {
      ...Object.fromEntries(Object.entries({ ...user, ...shown }).map(([name, text]) => [name, cell(name, text)])),
      ...{ user_id: line.user_id, video_id: line.video_id, tab: line.tab, hour: String(Number(line.hourmin) / 100) },
      ...{ duration_ms: Number(line.duration_ms), tag: tag === '' ? [] : tag.split(',') },
      ...Object.fromEntries(signals.map((task) => [`y:${task}`, Number(line[task])])),
    };
  };

  test.each<[string, readonly string[], (line: Row, isEarlier: boolean) => string]>([
    [
      'the last tenth of the earlier log is for validation',
      [],
      (line, isEarlier) => (isEarlier ? (time(line) > (cut ?? 0) ? 'validation' : 'train') : 'test'),
    ],
    [
      'next-week: 22 to 28 April is',
      ['variables.validation=next-week', both],
      (line, isEarlier) => (isEarlier ? 'train' : date(line) <= 20220428 ? 'validation' : 'test'),
    ],
    [
      'last-days: 7 May is, and 8 May for the test',
      ['variables.validation=last-days'],
      (line) => (date(line) < 20220507 ? 'train' : date(line) === 20220507 ? 'validation' : 'test'),
    ],
  ])(
    'rows are those of an independent join, without signals, days and times as inputs; %s',
    async (_, words, splitOf) => {
      const source = await openDataset('kuairand', folderOf(kuairand), words);
      const logs = [...(earlier ?? []), ...(later ?? []), ...(words.includes(both) ? (byChance ?? []) : [])];
      const rows = await rowsOf(source);
      for (const split of splitNames) {
        const expected = logs.filter((line) => splitOf(line, date(line) < 20220422) === split);
        expect(expected.length).toBeGreaterThan(1);
        expect(inOrder(rows[split])).toEqual(inOrder(expected.map(joined)));
      }
      expect(source.group).toBe('user_id');
      expect(source.tasks.map(({ name }) => name)).toEqual(signals);
      expect(source.tasks.filter(({ type }) => type === 'regression')).toHaveLength(3);
    },
  );

  test('another version is other files; a tag is a text, also where no video has several; an id may be hashed, a column ignored', async () => {
    const files = Object.entries(kuairand).map(([name, text]) => [
      name.replace('pure', '1k'),
      text.replaceAll(/"(\d+),\d+"$/gm, '$1'),
    ]);
    const words = ['columns.video_id={ kind: categorical, hash: 16 }', 'columns.upload_dt=ignored'];
    const source = await openDataset('kuairand', folderOf(Object.fromEntries(files)), words);
    const column = (name: string) => source.columns.find((column) => column.name === name);
    expect([column('tag')?.kind, column('video_id')?.size, column('upload_dt')]).toEqual(['list', 16, undefined]);
  });

  test.each<[string, readonly string[], RegExp]>([
    ['log', ['variables.validation=last-dys'], /variable validation is share, next-week or last-days/],
    ['log', ['variables.validation=last-days', both], /so later is the standard log alone/],
    ['video', [], /videos has two rows of one video_id[^\n]*$/],
    ['user', [], /users has two rows of one user_id[^\n]*$/],
  ])('of %s %j is refused in one line', async (twice, words, message) => {
    const lines = (text: string) => (twice === 'log' ? text : `${text}${text.split('\n').at(-2)}\n`);
    const files = Object.entries(kuairand).map(([name, text]) => [name, name.startsWith(twice) ? lines(text) : text]);
    const opening = openDataset('kuairand', folderOf(Object.fromEntries(files)), words);
    await expect(opening).rejects.toThrow(
      expect.objectContaining({ name: 'DataError', message: expect.stringMatching(message) }),
    );
  });
});

describe('flights', () => {
  /** Each has a day and an hour of its own. A fifth are cancelled; of others some have no arrival, some no weather. */
  const flights = Array.from({ length: 96 }, (_, i) => {
    const [month, day, hour, isCancelled] = [(i % 12) + 1, 1 + Math.floor(i / 4), 5 + (i % 19), i % 5 === 0];
    return {
      ...{ year: 2013, month, day, hour, dep_time: isCancelled ? 'NA' : 100 * hour, dep_delay: i, air_time: i },
      ...{ sched_dep_time: 100 * hour + 30, sched_arr_time: 100 * (i % 24) + (i % 60), distance: 100 + i },
      ...{ arr_delay: isCancelled || i % 7 === 0 ? 'NA' : (1 + i * 37) % 60, tailnum: isCancelled ? 'NA' : `N${i}` },
      ...{ carrier: ['UA', 'B6'][i % 2], flight: 1 + (i % 3), origin: ['EWR', 'JFK', 'LGA'][i % 3], dest: `D${i % 4}` },
      time_hour: new Date(Date.UTC(2013, month - 1, day, hour + 5)).toISOString(),
    };
  });
  type Flight = (typeof flights)[number];
  const hasWeather = ({ distance }: Flight) => distance % 8 > 0;
  const names = ['temp', 'dewp', 'humid', 'wind_speed', 'wind_gust', 'precip', 'pressure', 'visib', 'wind_dir'];
  /** No gust is reported for every second one. */
  const observed = (flight: Flight) =>
    Object.fromEntries(
      names.map((name, n) => [
        name,
        hasWeather(flight) && (name !== 'wind_gust' || flight.distance % 2) ? 10 * (flight.distance % 35) + n : 'NA',
      ]),
    );
  /** Of the hour before, if there is one, and other weather in the flight's own hour. */
  const weather = flights.flatMap((flight) => {
    const { origin, year, month, day, hour, time_hour } = flight;
    const before = new Date(Date.parse(time_hour) - 3_600_000).toISOString();
    const row = { origin, year, month, day, hour, ...observed(flight) };
    const own = { ...row, temp: -50, wind_dir: 355, time_hour };
    return hasWeather(flight) ? [{ ...row, time_hour: before }, own] : [own];
  });
  const clock = (time: number) => 60 * Math.floor(time / 100) + (time % 100);
  const joined = (flight: Flight): Row => {
    const { origin, dest, carrier, distance, hour, month, day, arr_delay } = flight;
    const { wind_dir, wind_speed, wind_gust, ...air } = observed(flight);
    const numbers = { ...air, wind_speed, wind_gust: wind_gust === 'NA' ? wind_speed : wind_gust, distance };
    return {
      ...Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, Number(value)])),
      ...{ origin, dest, carrier, service: `${carrier}${flight.flight}`, hour: `${hour}` },
      ...{ wind_dir: hasWeather(flight) ? `${wind_dir}` : '' },
      ...{ weekday: `${new Date(Date.UTC(2013, month - 1, day)).getUTCDay() || 7}` },
      ...{ departure: clock(flight.sched_dep_time), arrival: clock(flight.sched_arr_time) },
      ...{ 'y:cancelled': Number(flight.dep_time === 'NA'), 'y:delay': arr_delay === 'NA' ? 'outside' : arr_delay },
      'y:late': arr_delay === 'NA' ? 'outside' : Number(Number(arr_delay) > 15),
    };
  };
  const draw = ({ time_hour, origin, carrier, flight }: Flight) =>
    createHash('md5').update(`${time_hour} ${origin} ${carrier} ${flight}`).digest().readUInt32BE() / 2 ** 32;

  test.each([1, 0.25])(
    'inputs are what was known before departure, the last months are the test, a share of %d of training is drawn',
    async (share) => {
      const folder = folderOf({ 'flights.csv': toCsv(flights), 'weather.csv': toCsv(weather) });
      const rows = await rowsOf(await openDataset('flights', folder, [`variables.share=${share}`]));
      const parts = {
        train: flights.filter((flight) => flight.month < 9 && draw(flight) < share),
        validation: flights.filter(({ month }) => month === 9 || month === 10),
        test: flights.filter(({ month }) => month > 10),
      };
      for (const split of splitNames) {
        expect(parts[split].length).toBeGreaterThan(9);
        expect(inOrder(rows[split])).toEqual(inOrder(parts[split].map(joined)));
      }
    },
  );
});
