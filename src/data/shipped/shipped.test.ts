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
