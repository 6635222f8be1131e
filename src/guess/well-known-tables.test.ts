import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { file, open } from '../data/table/table-loader.fixture.js';
import { startingConfig } from './starting-config.js';

const lines = (count: number, line: (row: number) => readonly (string | number)[], delimiter: string) =>
  Array.from({ length: count }, (_, row) => `${line(row).join(delimiter)}\n`).join('');
/** One of the values, in an order that does not follow the row's number. */
const pick = (row: number, salt: number, ...values: readonly (string | number)[]) =>
  values[Math.floor(Math.abs(1e4 * Math.sin(row * salt + salt))) % values.length] ?? '';

/** The config of a file, and what the loader makes of it: tasks, and inputs with their kinds. */
async function started(text: string, name: string, options: { readonly test?: string } = {}) {
  const written = await startingConfig(await file(text, name), options);
  const config = parse(written);
  const source = await open(config.dataset);
  const tasks = source.tasks.map((task) => `${task.name} ${task.type}`);
  return { written, config, source, tasks, inputs: source.columns.map(({ name, kind }) => `${name} ${kind}`) };
}

test('Adult: no header, blanks behind commas, labels with a point in the test file', async () => {
  const rows = (end: string) =>
    lines(
      400,
      (row) => [
        ...[17 + ((row * 37) % 71), pick(row, 5, '?', 'Private', 'State-gov', 'Local-gov')],
        ...[row % 12 ? 0 : 100 + row, `${row % 4 ? '<=' : '>'}50K${end}`],
      ],
      ', ',
    );
  const found = await started(rows(''), 'adult.data', { test: await file(`${rows('.')}\n`, 'adult.test') });
  expect(found.config.dataset).toMatchObject({ delimiter: ',', header: false });
  expect(found.config.dataset.missing).toBeUndefined(); // `?` is a category of its own: it stands among texts alone
  expect(found.config.dataset.tasks).toEqual({ 4: { positive: ['>50K', '>50K.'] } });
  expect(found.config.dataset.split).toEqual({ fraction: { validation: 0.1 }, stratify: '4' });
  expect(found.tasks).toEqual(['4 binary']);
  expect(found.inputs).toEqual(['1 numeric', '2 categorical', '3 numeric']);
  expect(found.config.inputs.columns).toEqual({ 3: { numeric: 'value' } });
  expect(found.config.compare).toBeUndefined();
  const { labels } = await found.source.splits.test.read(0);
  expect(labels[0]?.filter((label) => label === 1)).toHaveLength(100);
});

test('Hillstrom: three labels, each of which needs the one before', async () => {
  const text = lines(
    1500,
    (row) => {
      const visited = row % 7 === 0;
      const converted = visited && row % 5 === 0;
      const [history, spend] = [30 + 1000 * Math.abs(Math.sin(row)), converted ? 29.99 + (row % 400) : 0];
      return [history.toFixed(2), pick(row, 7, 'Phone', 'Web'), Number(visited), Number(converted), spend];
    },
    ',',
  );
  const found = await started(`history,channel,visit,conversion,spend\n${text}`, 'hillstrom.csv');
  expect(found.tasks).toEqual(['visit binary', 'conversion binary', 'spend regression']);
  expect(found.written).toMatch(/^ {4}conversion: .*\{ mask: \{ column: visit, equals: 1 \} \}$/m);
  expect(found.written).toMatch(/^ {4}spend: .*\{ mask: \{ column: conversion, equals: 1 \} \}$/m);
  expect(found.config.dataset.split.stratify).toBe('conversion');
  expect(found.inputs).toEqual(['history numeric', 'channel categorical']);
});

test('MovieLens: users and movies by number, stars, a time, behind two colons', async () => {
  const text = lines(
    1000,
    (row) => [
      ...[1 + (row % 150), 1 + ((row * 17) % 161), pick(row, 7, 1, 2, 3, 3, 4, 4, 5)],
      874_724_710 + row * 17_003,
    ],
    '::',
  );
  const found = await started(text, 'ratings.dat');
  const time = { kind: 'time', parts: ['month', 'weekday', 'hour'] };
  const columns = { 1: 'categorical', 2: 'categorical', 4: time };
  expect(found.config.dataset).toMatchObject({ header: false, delimiter: '::', columns });
  expect(found.tasks).toEqual(['3 regression']);
  expect(found.written).toMatch(/^ {4}"3": .*--task 'liked=3>=4' makes a binary task$/m);
  expect(found.written).toMatch(/^ {2}split: .*\{ time: "4", validation: 0\.1, test: 0\.1 \}/m);
});
