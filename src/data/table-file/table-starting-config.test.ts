import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { DataError } from '../../support/errors.js';
import { randomFromSeed } from '../../support/random.js';
import { table } from '../table-loader.js';
import { startingConfig } from './table-starting-config.js';

function file(name: string, lines: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'ple-start-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, name);
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

const random = randomFromSeed(3);
const rows = (make: (row: number) => readonly (string | number)[], delimiter = ',') =>
  Array.from({ length: 400 }, (_, row) => make(row).join(delimiter));
const bit = () => random.below(2);

test('labels by name, ids, lists and constants are guessed, and the loader takes it', async () => {
  const lines = rows((row) => [
    ...[`u${row}`, random.below(7), random.normal(), `a|b${random.below(5)}|c`, 'same'],
    ...[bit(), random.normal()],
  ]);
  const path = file('my ratings.csv', ['user,shop,price,tags,source,click,y2', ...lines]);
  const text = await startingConfig(path);
  const config = parse(text);
  expect(config).toMatchObject({
    name: 'my-ratings',
    dataset: {
      path,
      tasks: { click: {}, y2: { regression: true } },
      columns: { user: 'ignored', tags: { kind: 'list', separator: '|' }, source: 'ignored' },
    },
    tasks: [
      { name: 'click', type: 'binary' },
      { name: 'y2', type: 'regression', standardize: true },
    ],
  });
  expect(text).toMatch(/^# user: has almost a value of its own in every row/m);

  const cache = join(path, '../cache');
  const source = await table.open({ ...config.dataset, cache }, { seed: 0, note: () => undefined });
  expect(source.tasks).toEqual([
    { name: 'click', type: 'binary' },
    { name: 'y2', type: 'regression' },
  ]);
  expect(source.columns.map(({ name, kind }) => `${name} ${kind}`)).toEqual([
    'shop categorical',
    'price numeric',
    'tags list',
  ]);
});

test('without names: columns by number, 0 and 1 at the end are labels', async () => {
  const path = file(
    'plain.tsv',
    rows(() => [random.normal(), random.below(9) + 3, bit(), bit()], '\t'),
  );
  const { dataset, tasks } = parse(await startingConfig(path));
  expect(dataset).toMatchObject({ header: false, tasks: { 3: {}, 4: {} } });
  expect(tasks).toEqual([
    { name: '3', type: 'binary' },
    { name: '4', type: 'binary' },
  ]);
});

test('two texts in the last column: the rarer one is positive', async () => {
  const path = file('one.csv', [
    'a,b,result',
    ...rows((row) => [random.normal(), random.below(5), row % 4 ? 'lost' : 'won']),
  ]);
  const { dataset, model } = parse(await startingConfig(path));
  expect(dataset.tasks).toEqual({ result: { positive: 'won' } });
  expect(model.type).toBe('single-task');
});

test('a file without anything that could be a label is refused', async () => {
  const path = file('texts.csv', ['a,b', ...rows((row) => [`x${row % 7}`, `y${row % 9}`])]);
  await expect(startingConfig(path)).rejects.toThrow(DataError);
});
