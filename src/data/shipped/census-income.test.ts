import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../support/folder.fixture.js';
import type { Source, SplitName } from '../dataset.js';
import { readRows } from '../table/table-loader.fixture.js';
import { numbers, type RawRow, rawCell, rawRows, rawText, withValue } from './census-income.fixture.js';
import { openDataset } from './open-dataset.fixture.js';

const train = rawRows(300, 1);
const testRows = rawRows(101, 2);

function open(rows: readonly RawRow[] = train, more: readonly string[] = [], keys = '', seed = 1): Promise<Source> {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'census-income.data'), rawText(rows));
  writeFileSync(join(folder, 'census-income.test'), rawText(testRows));
  return openDataset('census-income', [`folder=${folder}`, ...more], keys, seed);
}

const rawInputs = (row: RawRow | undefined, { columns }: Source) => columns.map(({ name }) => rawCell(row, name));
/** The classes of the task, in their order. */
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
  const rows = await readRows(source, name);
  return {
    rows: rows.map((row) => source.columns.map((column) => String(row[column.name]))),
    labels: rows.map((row) => source.tasks.map((task) => row[`y:${task.name}`])),
  };
}

test('pitfall 28: no label is an input; every row of the training file has its texts, numbers and labels', async () => {
  const source = await open();
  const { rows, labels } = await contents(source, 'train');
  const rawLabels = (row: RawRow) => [
    Number(rawCell(row, 'income') === '50000+.'),
    Number(/^(Bachelors|Associates)/.test(rawCell(row, 'education'))),
    Number(rawCell(row, 'marital-status') === 'Never married'),
    statuses.indexOf(rawCell(row, 'marital-status')),
  ];
  expect(source.tasks.map(({ name }) => name)).toEqual(['income', 'education', 'never-married', 'marital-status']);
  expect(ordered(rows.map((row, r) => [row, labels[r]]))).toEqual(
    ordered(train.map((row) => [rawInputs(row, source), rawLabels(row)])),
  );
  const numeric = source.columns.filter(({ kind }) => kind === 'numeric').map(({ name }) => name);
  expect(numeric).toEqual(numbers);
  expect([numeric.length, source.columns.length]).toEqual([7, 38]);
  for (const name of ['income', 'education', 'marital-status', 'instance-weight'])
    expect(source.columns.map((column) => column.name)).not.toContain(name);
});

test('a task that a config takes away gives its column back to the inputs', async () => {
  const source = await open(train, [], ', tasks: { education: null }');
  expect(source.columns.map(({ name }) => name)).toContain('education');
  expect(source.tasks.map(({ name }) => name)).toEqual(['income', 'never-married', 'marital-status']);
});

test('categories that end in a space stay as they are, and ? is a category', async () => {
  const source = await open(withValue(train, 0, 'major-occupation', 'Sales ')); // beside 'Sales'
  const dictionary = (name: string) => source.columns.find((column) => column.name === name)?.dictionary;
  expect(dictionary('major-occupation')?.toSorted()).toEqual(['Handlers equip cleaners etc ', 'Sales', 'Sales ']);
  expect(dictionary('previous-state')).toContain('?');
});

test('half of the test file is for validation, and every row is in one half', async () => {
  const source = await open();
  const [validation, test] = [await contents(source, 'validation'), await contents(source, 'test')];
  expect([source.splits.train.rows, validation.rows.length, test.rows.length]).toEqual([300, 51, 50]);
  const all = testRows.map((row) => rawInputs(row, source).join('|'));
  const found = [...validation.rows, ...test.rows].map((row) => row.join('|'));
  expect(found.toSorted()).toEqual(all.toSorted());
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
  const rows = texts.reduce<RawRow[]>(
    (made, text, row) => withValue(withValue(made, row, 'education', text), row, 'age', `${row}`),
    train,
  );
  const found = (await readRows(await open(rows.slice(0, 17)), 'train')).map((row) => [row.age, row['y:education']]);
  expect(ordered(found)).toEqual(ordered(texts.map((text, row) => [row, Number(college.includes(text))])));
});
