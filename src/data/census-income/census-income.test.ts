import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { ConfigError } from '../../support/errors.js';
import { folderOfFile } from '../../support/folder.fixture.js';
import type { Source, SplitName } from '../dataset.js';
import { rowsOf } from '../table/table-loader.fixture.js';
import { type RawRow, rawRows, rawText, textOf, withValue } from './census-income.fixture.js';
import { censusIncome, rawColumns } from './census-income.js';

const context = { seed: 1, note: () => undefined };
const train = rawRows(300, 1);
const testRows = rawRows(101, 2);
const folder = folderOfFile();
let count = 0;

async function folderWith(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const path = join(folder, String(count++));
  await mkdir(path, { recursive: true });
  for (const [file, content] of Object.entries(files)) await writeFile(join(path, file), content);
  return path;
}

const plain = (rows: readonly RawRow[] = train, test: readonly RawRow[] = testRows) => ({
  'census-income.data': rawText(rows),
  'census-income.test': rawText(test),
});

let path = '';
beforeAll(async () => {
  path = await folderWith(plain());
});

const open = (options: object = {}, more: object = {}) =>
  censusIncome.open(
    { loader: 'census-income', path, cache: join(folder, 'cache'), ...options },
    { ...context, ...more },
  );

const inputsOf = (row: RawRow | undefined, source: Source) => source.columns.map(({ name }) => textOf(row, name));
const isRich = (row: RawRow) => Number(textOf(row, 'income') === '50000+.');
const isSingle = (row: RawRow) => Number(textOf(row, 'marital-status') === 'Never married');
const isCollege = (row: RawRow) => Number(/^(Bachelors|Associates)/.test(textOf(row, 'education')));
/** The classes of group 3, in their order. */
const statuses = ['Never married', 'Married-civilian spouse present', 'Married-spouse absent'].concat([
  'Married-A F spouse present',
  'Separated',
  'Divorced',
  'Widowed',
]);

/** As texts, in one order: those of training are stored in another than that of the file. */
const ordered = (rows: readonly unknown[]) => rows.map((row) => JSON.stringify(row)).toSorted();

/** Every row of a split as texts, in the source's order of columns, with its labels. */
async function contents(source: Source, name: SplitName) {
  const rows = await rowsOf(source, name);
  return {
    rows: rows.map((row) => source.columns.map((column) => String(row[column.name]))),
    labels: rows.map((row) => source.tasks.map((task) => row[`y:${task.name}`])),
  };
}

describe('reading', () => {
  test.each<[number, (row: RawRow) => number[]]>([
    [1, (row) => [isRich(row), isSingle(row)]],
    [2, (row) => [isCollege(row), isSingle(row)]],
    [3, (row) => [isRich(row), statuses.indexOf(textOf(row, 'marital-status'))]],
  ])(
    'pitfall 28: group %i has no label among its inputs; every row of the training file with its texts, numbers and labels',
    async (group, labelsOf) => {
      const source = await open({ group });
      const { rows, labels } = await contents(source, 'train');
      expect(ordered(rows.map((row, r) => [row, labels[r]]))).toEqual(
        ordered(train.map((row) => [inputsOf(row, source), labelsOf(row)])),
      );
      const numeric = source.columns.filter(({ kind }) => kind === 'numeric').map(({ name }) => name);
      expect(numeric).toEqual(rawColumns.filter(([, kind]) => kind === 'continuous').map(([name]) => name));
      expect([numeric.length, source.columns.length]).toEqual([7, 38]);
      for (const name of ['income', 'education', 'marital-status', 'instance-weight'])
        expect(source.columns.map((column) => column.name)).not.toContain(name);
    },
  );

  test('categories that end in a space stay as they are, and ? is a category', async () => {
    const rows = withValue(train, 0, 'major-occupation', 'Sales '); // beside 'Sales'
    const source = await open({ path: await folderWith(plain(rows)) });
    const dictionary = (name: string) => source.columns.find((column) => column.name === name)?.dictionary;
    expect(dictionary('major-occupation')?.toSorted()).toEqual(['Handlers equip cleaners etc ', 'Sales', 'Sales ']);
    expect(dictionary('previous-state')).toContain('?');
  });
});

describe('inputs', () => {
  test('pitfall 28: a column that makes a label is refused as an extra input', async () => {
    const opening = open({ group: 1, extraInputs: ['income'] });
    await expect(opening).rejects.toThrow(ConfigError);
    await expect(opening).rejects.toThrow(/a label of group 1 is made of 'income'/);
  });
});

describe('splits', () => {
  const identity = (row: string[]) => row.join('|');

  test('the test file is halved, and every row is in one half', async () => {
    const source = await open();
    const validation = await contents(source, 'validation');
    const test = await contents(source, 'test');
    expect([validation.rows.length, test.rows.length]).toEqual([51, 50]);
    const all = testRows.map((row) => identity(inputsOf(row, source)));
    expect([...validation.rows, ...test.rows].map(identity).toSorted()).toEqual(all.toSorted());
  });

  test('the halves follow splitSeed, and the run seed only if it says so', async () => {
    const opened = async (splitSeed: number | 'run', seed: number) => {
      const source = await open({ splitSeed }, { seed });
      return { half: (await contents(source, 'validation')).rows.map(identity), checksum: source.checksum };
    };
    const [first, one, two] = [await opened(0, 1), await opened('run', 1), await opened('run', 2)];
    expect(await opened(0, 2)).toEqual(first);
    expect(one.half).toEqual((await opened(1, 9)).half);
    expect(two.half).not.toEqual(one.half);
    expect(new Set([first, one, two].map(({ checksum }) => checksum)).size).toBe(3);
  });

  test('validation can be a part of the training file', async () => {
    const source = await open({ validation: { train: 0.1 } });
    const { rows } = source.splits.validation;
    expect([source.splits.train.rows, rows, source.splits.test.rows]).toEqual([270, 30, 101]);
    const both = [...(await contents(source, 'train')).rows, ...(await contents(source, 'validation')).rows];
    expect(both.map(identity).toSorted()).toEqual(train.map((row) => identity(inputsOf(row, source))).toSorted());
  });
});

test('of the 17 texts of education, six are positive', async () => {
  const below = [
    ...['Children', 'Less than 1st grade', '1st 2nd 3rd or 4th grade', '5th or 6th grade', '7th and 8th grade'],
    ...['9th grade', '10th grade', '11th grade', '12th grade no diploma', 'High school graduate'],
    'Some college but no degree',
  ];
  const college = [
    ...['Associates degree-occup /vocational', 'Associates degree-academic program', 'Bachelors degree(BA AB BS)'],
    ...[
      'Masters degree(MA MS MEng MEd MSW MBA)',
      'Prof school degree (MD DDS DVM LLB JD)',
      'Doctorate degree(PhD EdD)',
    ],
  ];
  const texts = [...below, ...college];
  const numbered = train.slice(0, 17).reduce<RawRow[]>((made, _, row) => withValue(made, row, 'age', `${row}`), train);
  const rows = texts
    .reduce<RawRow[]>((made, text, row) => withValue(made, row, 'education', text), numbered)
    .slice(0, 17);
  const source = await open({ path: await folderWith(plain(rows)), group: 2 });
  const found = (await rowsOf(source, 'train')).map((row) => [row['age'], row['y:education']]);
  expect(ordered(found)).toEqual(ordered(texts.map((text, row) => [row, Number(college.includes(text))])));
});
