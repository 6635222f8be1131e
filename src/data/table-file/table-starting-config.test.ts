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

/** The loader takes the config, and says which columns are inputs of which kind. */
async function opened(config: { readonly dataset: object }, path: string) {
  const cache = join(path, '../cache');
  const source = await table.open({ ...config.dataset, cache }, { seed: 0, note: () => undefined });
  return { tasks: source.tasks, inputs: source.columns.map(({ name, kind }) => `${name} ${kind}`) };
}

test('a shop: events and what they led to are tasks, ids and hours are categories, and two tasks can be compared', async () => {
  const lines = Array.from({ length: 2000 }, () => {
    const [clicked, bought] = [Number(random.uniform() < 0.4), Number(random.uniform() < 0.4)];
    const seconds = clicked * (1 + random.below(500) / 10);
    return [1000 + random.below(300), 77_000 + random.below(90), random.below(24), random.uniform() * 50, clicked]
      .concat([clicked * bought, seconds])
      .join(',');
  });
  const path = file('shop.csv', ['user_id,item_id,hour,price,clicked,bought,watch_seconds', ...lines]);
  const text = await startingConfig(path);
  const config = parse(text);
  expect(config.tasks).toEqual([
    { name: 'clicked', type: 'binary' },
    { name: 'bought', type: 'binary' },
    { name: 'watch_seconds', type: 'regression', standardize: true },
  ]);
  expect(config.dataset.tasks).toEqual({ clicked: {}, bought: {}, watch_seconds: { regression: true } });
  expect(text).toMatch(/^ {4}bought: .*none where clicked is 0.*\{ mask: \{ column: clicked, equals: 1 \} \}$/m);
  expect(text).toMatch(/^ {4}clicked: \{\} # a label by its name; \d\d(\.\d)? % are 1$/m);
  expect(await opened(config, path)).toMatchObject({
    inputs: ['user_id categorical', 'item_id categorical', 'hour categorical', 'price numeric'],
  });
  expect(config.compare.models.map(({ type }: { type: string }) => type)).toContain('single-task');
});

test('asked tasks are the tasks; other labels, and what is there only after one, are no inputs', async () => {
  const lines = rows((row) => [
    random.normal(),
    row % 2,
    row % 2 ? 1 + random.below(90) : '',
    bit(),
    'abc'[row % 3] ?? '',
  ]);
  const path = file('asked.csv', ['x,clicked,click_position,is_bought,plan', ...lines]);
  const text = await startingConfig(path, { tasks: ['clicked'] });
  const { dataset, compare } = parse(text);
  expect(dataset.tasks).toEqual({ clicked: {} });
  expect(dataset.columns).toEqual({ click_position: 'ignored', is_bought: 'ignored' });
  expect(text).toMatch(/^ {4}click_position: ignored # has something only where clicked is 1/m);
  expect(compare).toBeUndefined(); // there is nothing to share with
  expect(parse(await startingConfig(path, { tasks: ['plan'] })).dataset.tasks.plan).toMatchObject({
    positive: /[abc]/,
  });
  await expect(startingConfig(path, { tasks: ['clickd'] })).rejects.toThrow(
    /no column 'clickd' \(did you mean 'clicked'\?\)/,
  );
});

test('one text among numbers: the remark names it; a label by its name is no input then', async () => {
  const lines = rows((row) => [
    random.normal(),
    row === 7 ? 'abc' : random.normal(),
    row === 9 ? 'x?' : row / 8,
    bit(),
  ]);
  const path = file('texts.csv', ['x,price,rating,clicked', ...lines]);
  const text = await startingConfig(path);
  expect(parse(text).dataset.tasks).toEqual({ clicked: {} });
  expect(text).toMatch(
    /^ {4}price: categorical # numbers but for 'abc': numeric, if dataset\.missing lists that, with those of its defaults that the file has$/m,
  );
  const config = parse(text);
  const { dataset } = config;
  const followed = { ...dataset, missing: ['', 'abc'], columns: { ...dataset.columns, price: 'numeric' } };
  expect((await opened({ ...config, dataset: followed }, path)).inputs).toContain('price numeric');
  expect(text).toMatch(/^ {4}rating: ignored # a label by its name, but 'x\?' is no number$/m);
});

test('a time with one day that no calendar has is a time still, and the remark names that day', async () => {
  const day = (row: number) => (row === 9 ? '2024-02-30' : `2024-0${1 + (row % 9)}-${10 + (row % 19)}`);
  const text = await startingConfig(
    file('days.csv', ['timestamp,x,label', ...rows((row) => [day(row), random.normal(), bit()])]),
  );
  expect(text).toMatch(
    /^ {4}timestamp: ignored # a time: for a split by time, see below, but no calendar has '2024-02-30', which a split by time refuses$/m,
  );
});

test('numbers with a comma are numbers; dates with the day first are no inputs; a text in windows-1252 is read as such', async () => {
  const day = () => `${1 + random.below(28)}.${1 + random.below(12)}.2023`;
  const lines = rows(
    (row) => [`${random.below(900)},${random.below(10)}`, day(), row % 2 ? 'groß' : 'klein', bit()],
    ';',
  );
  const path = file('comma.csv', []);
  writeFileSync(path, Buffer.from(`amount;day;size;label\n${lines.join('\n')}\n`, 'latin1'));
  const text = await startingConfig(path);
  const config = parse(text);
  expect(config.dataset).toMatchObject({ decimal: ',', encoding: 'windows-1252', columns: { day: 'ignored' } });
  expect(text).toMatch(/^ {4}day: ignored # dates: written as 2024-05-31/m);
  expect((await opened(config, path)).inputs).toEqual(['amount numeric', 'size categorical']);
});

test('ids: many are hashed, those of rows ignored; a time is for the split; lists, constants, an unnamed column', async () => {
  const lines = Array.from({ length: 12_000 }, (_, row) =>
    [
      row,
      random.below(6000),
      2 ** 33 + random.below(50),
      `x${random.below(9)}`,
      `a|b${random.below(5)}`,
      'same',
      1.7e9 + random.below(1e6),
    ]
      .concat([bit()])
      .join(','),
  );
  const path = file('my log.csv', [',cookie,key,shop,tags,source,timestamp,label', ...lines]);
  const text = await startingConfig(path);
  const config = parse(text);
  expect(config.name).toBe('my-log');
  expect(config.dataset.columns).toEqual({
    1: 'ignored',
    cookie: { kind: 'categorical', hash: 2 ** 18 },
    key: 'categorical',
    tags: { kind: 'list', separator: '|' },
    source: 'ignored',
    timestamp: 'ignored',
  });
  expect(text).toMatch(/^ {2}split: .* # or, .*\{ time: timestamp, validation: 0\.1, test: 0\.1 \}$/m);
  expect(await opened(config, path)).toEqual({
    tasks: [{ name: 'label', type: 'binary' }],
    inputs: ['cookie categorical', 'key categorical', 'shop categorical', 'tags list'],
  });
});

test('without names: columns by number, 0 and 1 at the end are labels; another delimiter is found', async () => {
  const lines = rows(() => [random.normal(), random.below(9) + 3, bit(), bit()], '\t');
  for (const name of ['plain.tsv', 'plain.csv', 'plain.txt']) {
    const path = file(name, lines);
    const { dataset, tasks } = parse(await startingConfig(path));
    expect(dataset).toMatchObject({ header: false, tasks: { 3: {}, 4: {} } });
    expect(dataset.delimiter).toBe(name === 'plain.tsv' ? undefined : '\t');
    expect(tasks).toEqual([
      { name: '3', type: 'binary' },
      { name: '4', type: 'binary' },
    ]);
  }
});

test('without names: the first column, if it alone has 0 and 1; texts are no header where a number is among them', async () => {
  const path = file(
    'first.tsv',
    rows(() => [bit(), random.below(300), 'a', 'a', ['x', 'y', 'z'][random.below(3)] ?? ''], '\t'),
  );
  const { dataset } = parse(await startingConfig(path));
  expect(dataset).toMatchObject({ header: false, tasks: { 1: {} } });
});

test('what has no label outside its sample space needs no mask; an id with few rows each is one', async () => {
  const lines = Array.from({ length: 600 }, (_, row) =>
    [`u${row % 400}`, row % 3 ? 0 : 1, row % 3 ? '' : bit()].join(','),
  );
  const text = await startingConfig(file('spaces.csv', ['user,click,share', ...lines]));
  expect(text).toMatch(
    /^ {4}share: \{\} # a label by its name; [\d.]+ % are 1; empty in 66\.7 % of the rows, .* sample space$/m,
  );
  expect(parse(text).dataset.columns).toBeUndefined();
});

test('two texts in the last column: the rarer one is positive, or the one that says so', async () => {
  const lines = rows((row) => [random.normal(), random.below(5), row % 4 ? 'kept' : 'left']);
  const { dataset, model } = parse(await startingConfig(file('one.csv', ['a,b,result', ...lines])));
  expect(dataset.tasks).toEqual({ result: { positive: 'left' } });
  expect(model.type).toBe('single-task');
  const frequent = rows((row) => [random.normal(), row % 4 ? 'yes' : 'no']);
  expect(parse(await startingConfig(file('yes.csv', ['a,result', ...frequent]))).dataset.tasks).toEqual({
    result: { positive: 'yes' },
  });
  const numbers = rows((row) => [random.normal(), row % 4 ? 2 : 1]);
  expect(parse(await startingConfig(file('two.csv', ['a,result', ...numbers]))).dataset.tasks).toEqual({
    result: { positive: 2 },
  });
});

test('a file without anything that could be a label, or without an input, is refused', async () => {
  const path = file('texts.csv', ['a,b', ...rows((row) => [`x${row % 7}`, `y${row % 9}`])]);
  await expect(startingConfig(path)).rejects.toThrow(DataError);
  const labels = file('labels.csv', ['clicked,bought', ...rows(() => [bit(), bit()])]);
  await expect(startingConfig(labels)).rejects.toThrow(/no column is left as an input/);
});

test('marks of missing values other than the usual ones are listed', async () => {
  const lines = rows((row) => [
    row % 50 === 3 ? ' ?' : random.normal(),
    row % 40 === 1 ? 'N/A' : ('ab'[row % 2] ?? ''),
    bit(),
  ]);
  const path = file('marks.csv', ['x,word,label', ...lines]);
  const config = parse(await startingConfig(path));
  expect(config.dataset.missing).toEqual(['', 'NA', 'NaN', 'nan', 'null', 'NULL', '\\N', '?']);
  expect((await opened(config, path)).inputs).toEqual(['x numeric', 'word categorical']);
});

test('a mark that is a value elsewhere, as of a label, is none', async () => {
  const lines = rows((row) => [row % 50 === 3 ? 'None' : random.normal(), row % 3 ? 'None' : 'Some']);
  const path = file('none.csv', ['x,outcome', ...lines]);
  const config = parse(await startingConfig(path, { tasks: ['o=outcome==Some'] }));
  expect(config.dataset.missing).toBeUndefined();
});

test('tasks by a comparison, several of one column, and a class of a text; the test file is named', async () => {
  const lines = rows((row) => [random.normal(), row % 5, ['sport', 'news', 'film'][row % 3] ?? '']);
  const path = file('ratings.csv', ['x,rating,genre', ...lines]);
  const later = file('later.csv', ['x,rating,genre', ...lines]);
  const tasks = ['liked=rating>=4', 'stars=rating', 'sport=genre==sport'];
  const config = parse(await startingConfig(path, { tasks, test: later }));
  expect(config.dataset).toMatchObject({
    ...{ test: later, split: { fraction: { validation: 0.1 } } },
    tasks: {
      liked: { column: 'rating', positive: '>= 4' },
      stars: { column: 'rating', regression: true },
      sport: { column: 'genre', positive: 'sport' },
    },
  });
  expect(config.tasks).toEqual([
    { name: 'liked', type: 'binary' },
    { name: 'stars', type: 'regression', standardize: true },
    { name: 'sport', type: 'binary' },
  ]);
  expect(config.compare.models).toHaveLength(5);
  expect((await opened(config, path)).inputs).toEqual(['x numeric']);
  await expect(startingConfig(path, { tasks: ['liked=rating>=many'] })).rejects.toThrow('behind >= stands a number');
  await expect(startingConfig(path, { tasks: ['a=rating', 'a=rating>2'] })).rejects.toThrow("two tasks are named 'a'");
  await expect(startingConfig(path, { test: 'nowhere.csv' })).rejects.toThrow('nowhere.csv');
});

test('batches and epochs follow the number of rows, which is estimated for a long file', async () => {
  const long = Array.from({ length: 30_000 }, (_, row) => `${row % 7}.5,${row % 2}`);
  const of = async (lines: readonly string[]) => {
    const { train } = parse(await startingConfig(file(`${lines.length}.csv`, ['x,label', ...lines])));
    return [train.batchSize, train.epochs, train.earlyStopping.patience];
  };
  expect(await of(long.slice(0, 600))).toEqual([16, 200, 10]);
  expect(await of(long)).toEqual([256, 50, 3]);
});

test('a numeric column that is mostly one value is fed by its values', async () => {
  const lines = rows((row) => [row % 4 ? 0 : row / 2, random.normal(), bit()]);
  const path = file('mostly.csv', ['gain: 0,x,label', ...lines]);
  const config = parse(await startingConfig(path));
  expect(config.inputs).toEqual({ embedding: 8, columns: { 'gain: 0': { numeric: 'value' } } });
  expect((await opened(config, path)).inputs).toEqual(['gain: 0 numeric', 'x numeric']);
});
