import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { file, open } from '../table/table-loader.fixture.js';
import { startingConfig } from './table-starting-config.js';
import {
  adult,
  bankMarketing,
  energyEfficiency,
  hillstrom,
  type KnownTable,
  kuaiRand,
  movieLens,
  yeast,
} from './well-known-tables.fixture.js';

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

test('KuaiRand: many kinds of feedback, times in milliseconds and as 20220408, users with many rows', async () => {
  const found = await started(kuaiRand());
  const bits = ['is_click', 'is_like', 'is_follow', 'is_comment', 'is_forward', 'is_hate', 'long_view'];
  expect(found.tasks).toEqual([
    ...bits.map((name) => `${name} binary`),
    'play_time_ms regression',
    'profile_stay_time regression',
    'comment_stay_time regression',
    'is_profile_enter binary',
  ]);
  expect(found.config.dataset.columns).toMatchObject({ date: 'ignored', time_ms: 'ignored' });
  expect(found.numeric).toEqual(['duration_ms']);
  expect(found.categorical).toEqual(['user_id', 'video_id', 'hourmin', 'is_rand', 'tab']);
  expect(found.config.dataset.split).toMatchObject({ stratify: 'is_hate' });
  const [split = ''] = /^ {2}split: .*$/m.exec(found.written) ?? [];
  expect(split).toMatch(/the \d+ rows of the rarer class of is_hate;/);
  expect(split).toContain('{ time: time_ms, validation: 0.1, test: 0.1 }');
  expect(split).toContain('{ fraction: { validation: 0.1, test: 0.1 }, group: user_id }');
  expect(found.config.compare.models).toHaveLength(5);
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
  expect(found.config.inputs.columns).toEqual({ pdays: { numeric: 'value' }, previous: { numeric: 'value' } });
  const { name, text } = bankMarketing();
  const asked = parse(await startingConfig(await file(text, name), { tasks: ['y', 'loan'] }));
  expect(asked.dataset.tasks).toEqual({ y: { positive: 'yes' }, loan: { positive: 'yes' } });
  expect(asked.dataset.columns).not.toHaveProperty('default');
});

test('Yeast: fourteen labels', async () => {
  const found = await started(yeast());
  expect(found.tasks).toEqual(Array.from({ length: 14 }, (_, c) => `Class${c + 1} binary`));
  expect(found.numeric).toEqual(Array.from({ length: 6 }, (_, c) => `Att${c + 1}`));
  expect(found.config.dataset.columns).toBeUndefined();
  expect(found.config.dataset.split.stratify).toBe('Class14');
  expect(found.config.compare.models).toContainEqual(expect.objectContaining({ type: 'mmoe', experts: 15 }));
});

test('Energy efficiency: two regressions; columns and rows without a value', async () => {
  const found = await started(energyEfficiency());
  expect(found.tasks).toEqual(['Y1 regression', 'Y2 regression']);
  expect(found.config.dataset.columns).toEqual({ 11: 'ignored', 12: 'ignored' });
  expect(found.numeric).toEqual(['X1', 'X2', 'X3', 'X4', 'X5', 'X7']);
  expect(found.categorical).toEqual(['X6', 'X8']);
  expect(found.config.dataset.split).toEqual({ fraction: { validation: 0.1, test: 0.1 } });
  expect(found.config.train).toMatchObject({ batchSize: 8 * 2, epochs: 200 });
});
