import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { file, open } from '../table/table-loader.fixture.js';
import { startingConfig } from './table-starting-config.js';
import { adult, bankMarketing, hillstrom, type KnownTable, movieLens } from './well-known-tables.fixture.js';

/** The config of a file, and what the loader makes of it: tasks, and inputs by kind. */
async function started(
  { name, text }: KnownTable,
  options: { readonly tasks?: readonly string[]; readonly test?: string } = {},
) {
  const written = await startingConfig(await file(text, name), options);
  const config = parse(written);
  const notes: string[] = [];
  const source = await open(config.dataset, notes);
  const ofKind = (kind: string) => source.columns.filter((column) => column.kind === kind).map((column) => column.name);
  return {
    written,
    config,
    notes,
    tasks: source.tasks.map((task) => `${task.name} ${task.type}`),
    numeric: ofKind('numeric'),
    categorical: ofKind('categorical'),
    splits: source.splits,
  };
}

test('Adult: no header, blanks behind commas, labels with a point in the test file', async () => {
  const later = adult('adult.test', 300);
  const found = await started(adult('adult.data'), { test: await file(later.text, later.name) });
  expect(found.config.dataset).toMatchObject({ delimiter: ',', header: false });
  expect(found.config.dataset.missing).toBeUndefined(); // `?` is a category of its own: it stands among texts alone
  expect(found.config.dataset.tasks).toEqual({ 15: { positive: ['>50K', '>50K.'] } });
  expect(found.config.dataset.columns).toBeUndefined();
  expect(found.config.dataset.split).toEqual({ fraction: { validation: 0.1 }, stratify: '15' });
  expect(found.tasks).toEqual(['15 binary']);
  expect(found.numeric).toEqual(['1', '3', '11', '12', '13']);
  expect(found.categorical).toEqual(['2', '4', '5', '6', '7', '8', '9', '10', '14']);
  expect(found.config.inputs.columns).toEqual({ 11: { numeric: 'value' }, 12: { numeric: 'value' } });
  expect(found.config.compare).toBeUndefined();
  expect(found.written).toMatch(/^# With a second task \(--task NAME, once for each\), `ple compare` tells/m);
  const labels = await found.splits.test.read(0);
  expect(labels.labels[0]?.filter((label) => label === 1).length).toBeGreaterThan(40);
});

test('Hillstrom: three labels, each of which needs the one before', async () => {
  const found = await started(hillstrom());
  expect(found.tasks).toEqual(['visit binary', 'conversion binary', 'spend regression']);
  expect(found.written).toMatch(/^ {4}conversion: .*\{ mask: \{ column: visit, equals: 1 \} \}$/m);
  expect(found.written).toMatch(/^ {4}spend: .*\{ mask: \{ column: conversion, equals: 1 \} \}$/m);
  expect(found.config.dataset.split.stratify).toBe('conversion');
  expect(found.config.dataset.columns).toBeUndefined();
  expect(found.numeric).toEqual(['history']);
  expect(found.categorical).toEqual([
    ...['recency', 'history_segment', 'mens', 'womens', 'zip_code', 'newbie', 'channel', 'segment'],
  ]);
});

test.each(['u.data', 'ratings.dat'] as const)(
  'MovieLens %s: users and movies by number, stars, a time',
  async (name) => {
    const found = await started(movieLens(name));
    expect(found.config.dataset).toMatchObject({
      ...{ header: false, delimiter: name === 'u.data' ? '\t' : '::' },
      columns: { 1: 'categorical', 2: 'categorical', 4: 'ignored' },
    });
    expect(found.tasks).toEqual(['3 regression']);
    expect(found.categorical).toEqual(['1', '2']);
    expect(found.written).toMatch(/^ {4}"3": .*--task 'liked=3>=4' makes a binary task$/m);
    expect(found.written).toMatch(/^ {2}split: .*\{ time: "4", validation: 0\.1, test: 0\.1 \}/m);
  },
);

test('Bank marketing: semicolons and quotes, columns that vary at the end of the file alone, a property named like an outcome', async () => {
  const found = await started(bankMarketing());
  expect(found.config.dataset).toMatchObject({ delimiter: ';', tasks: { y: { positive: 'yes' } } });
  expect(found.config.dataset.columns).toEqual({ day: 'categorical', campaign: 'categorical' });
  expect(found.tasks).toEqual(['y binary']);
  expect(found.numeric).toEqual(['age', 'balance', 'duration', 'pdays', 'previous']);
  expect(found.categorical).toEqual([
    ...['job', 'marital', 'education', 'default', 'housing', 'loan', 'contact', 'day', 'month', 'campaign', 'poutcome'],
  ]);
});
