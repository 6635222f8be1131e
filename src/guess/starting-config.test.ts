import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBConnection } from '@duckdb/node-api';
import { expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { queryRows } from '../data/store/database.js';
import { table } from '../data/table/table-loader.js';
import { usualMissing } from '../data/table/table-options.js';
import { DataError } from '../support/errors.js';
import { temporaryFolder } from '../support/folder.fixture.js';
import { randomFromSeed } from '../support/random.js';
import { withStagedFiles } from './staged-files.js';
import { startingConfig } from './starting-config.js';

type Cell = string | number;
const random = randomFromSeed(3);
const bit = () => random.below(2);
const pick = (...values: readonly Cell[]) => values[random.below(values.length)] ?? '';
const normal = () => random.normal().toFixed(3);
const date = (days: number) => new Date(86_400_000 * days).toISOString().slice(0, 10);
const second = Date.UTC(2023, 2, 1) / 1000;

function file(name: string, text: string | Buffer): string {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, text);
  return path;
}

/** A text table. `columns`: by name, the value of a row. */
function tableOf(columns: Readonly<Record<string, (row: number) => Cell>>, rows = 400, delimiter = ',', header = true) {
  const lines = Array.from({ length: rows }, (_, row) => Object.values(columns).map((value) => value(row)));
  return [...(header ? [Object.keys(columns)] : []), ...lines].map((line) => `${line.join(delimiter)}\n`).join('');
}

/** What is guessed for a file; the loader accepts it. */
async function guessed(path: string, options: { readonly tasks?: readonly string[]; readonly test?: string } = {}) {
  const notes: string[] = [];
  const text = await startingConfig(path, { ...options, note: (message) => notes.push(message) });
  const config = parse(text);
  const cache = join(path, '../cache');
  const source = await table.open({ ...config.dataset, cache }, { seed: 0, note: () => undefined });
  const inputs = source.columns.map(({ name, kind }) => `${name} ${kind}`);
  return { notes, text, config, source, inputs, tasks: Object.keys(config.dataset.tasks) };
}

/** By the columns of a table: the tasks, what is said of columns, and the inputs as the loader reads them. */
interface Guess {
  readonly tasks?: readonly string[];
  readonly columns?: Readonly<Record<string, unknown>> | undefined;
  readonly inputs?: readonly string[];
}

const times = { kind: 'time', parts: ['month', 'weekday'] };
const label = { label: bit };

test.each<[what: string, columns: Readonly<Record<string, (row: number) => Cell>>, guess: Guess]>([
  [
    'a shop: events and amounts are tasks, ids and hours are categories',
    {
      ...{ user_id: () => 1000 + random.below(90), itemId: () => random.below(90), hour: () => random.below(24) },
      ...{ price: normal, clicked: bit, is_bought: bit, watch_seconds: normal },
    },
    {
      tasks: ['clicked', 'is_bought', 'watch_seconds'],
      inputs: ['user_id categorical', 'itemId categorical', 'hour categorical', 'price numeric'],
    },
  ],
  [
    'counts of what was before are no labels, nor are coordinates, people, or ids of labels',
    {
      ...{ clicks_7d: bit, last_purchase: bit, is_weekend: bit, married: bit, label_id: () => random.below(30) },
      ...{ x: normal, y: normal, subscribed: bit },
    },
    { tasks: ['subscribed'] },
  ],
  [
    '`y12` and `class`',
    { x: normal, y12: normal, Class: () => pick('a', 'b'), is_x: bit },
    { tasks: ['y12', 'Class'] },
  ],
  [
    'without a label’s name, that of what is often one',
    { a: normal, default: () => pick('yes', 'no'), b: () => pick('u', 'v') },
    { tasks: ['default'] },
  ],
  ['an amount that is often predicted', { carat: normal, price: normal, x: normal, y: normal }, { tasks: ['price'] }],
  ['else 0 and 1 at the end of the row', { a: normal, b: bit, c: normal, d: bit, e: bit }, { tasks: ['d', 'e'] }],
  ['else the last that can be one', { a: normal, b: normal, when: (row) => date(19_000 + row) }, { tasks: ['b'] }],
  [
    'row numbers, constants, texts of a row alone, and a column without values are ignored',
    {
      ...{ '': (row) => row, id: (row) => `r${row}`, same: () => 'x', none: () => '', text: (row) => `words ${row}` },
      ...{ counted: (row) => row + 7, some: (row) => (row % 3 ? '' : 'x'), size: normal, ...label },
    },
    {
      columns: {
        ...{ 1: 'ignored', id: 'ignored', same: 'ignored' },
        none: 'ignored',
        text: 'ignored',
        counted: 'ignored',
      },
      inputs: ['some categorical', 'size numeric'],
    },
  ],
  [
    'row numbers with gaps, as after rows were dropped: they grow, or have the name of a column without one',
    {
      ...{ grows: (row) => 3 * row + (row % 2), X: (row) => (997 * row) % 2003, cost: (row) => (997 * row) % 2011 },
      ...{ starts: (row) => (row < 300 ? 3 * row : 3 * (row - 300) + 1) },
      ...label,
    },
    { columns: { grows: 'ignored', X: 'ignored' }, inputs: ['cost numeric', 'starts numeric'] },
  ],
  [
    'lists',
    { tags: () => `a|b${random.below(5)}`, more: () => `a;${random.below(5)}`, ...label },
    { columns: { tags: { kind: 'list', separator: '|' }, more: { kind: 'list', separator: ';' } } },
  ],
  [
    'marks among numbers are missing values, whatever their share; one that is a category stays one',
    {
      ...{ a: (row) => (row % 3 ? normal() : '?'), b: (row) => (row % 3 ? normal() : '-') },
      ...{
        c: (row) => (row % 3 ? normal() : 'None'),
        d: () => pick('None', 'Some'),
        e: () => pick('?', 'u', 'v'),
        ...label,
      },
    },
    {
      columns: { c: 'ignored' },
      inputs: ['a numeric', 'b numeric', 'd categorical', 'e categorical'],
    },
  ],
  [
    'seconds',
    { zeta: () => second + random.below(1e7), x: normal, ...label },
    { columns: { zeta: { kind: 'time', parts: ['month', 'weekday', 'hour'] } } },
  ],
  [
    'milliseconds',
    { zeta: (row) => 1000 * (second + 60 * row), x: normal, ...label },
    { columns: { zeta: undefined }, inputs: ['zeta numeric', 'x numeric'] }, // of seven hours
  ],
  ['dates', { zeta: () => date(19_000 + random.below(900)), x: normal, ...label }, { columns: { zeta: times } }],
  [
    'numbers such as 20240531',
    { zeta: () => date(19_000 + random.below(900)).replaceAll('-', ''), ...label },
    { columns: { zeta: times } },
  ],
  [
    'of times the one with the most values; dates of birth are numbers',
    {
      a: () => date(19_000 + random.below(60)),
      b: (row) => date(19_000 + row),
      born: () => date(random.below(20_000)),
      ...label,
    },
    { columns: { b: times }, inputs: ['a numeric', 'b.month categorical', 'b.weekday categorical', 'born numeric'] },
  ],
  ['no time: ids of ten digits', { policy: () => 1e9 + random.below(4e9), ...label }, { columns: undefined }],
  [
    'no time: ids by their name',
    { cookie: () => second + random.below(30), ...label },
    { columns: { cookie: 'categorical' } },
  ],
  [
    'no time: days and months alike, and dates in words',
    {
      when: () => `0${1 + random.below(9)}/0${1 + random.below(9)}/2023`,
      day: (row) => `Jun ${1 + (row % 30)} ${1990 + (row % 19)}`,
      ...{ x: normal, ...label },
    },
    { columns: { when: 'ignored', day: 'ignored' }, inputs: ['x numeric'] },
  ],
  [
    'a time in spite of a few values that are none',
    { zeta: (row) => (row % 50 ? date(19_000 + row) : '1998-13-45'), x: normal, ...label },
    { columns: { zeta: times } },
  ],
  [
    'dates over many years, by their days, if no other column has times',
    { seen: (row) => date(100 * row - 10_000), x: normal, ...label },
    { columns: { seen: { kind: 'time', parts: ['days'] } }, inputs: ['seen.days numeric', 'x numeric'] },
  ],
])('%s', async (_, columns, expected) => {
  const { config, inputs, tasks } = await guessed(file('rows.csv', tableOf(columns)));
  if (expected.tasks) expect(tasks).toEqual(expected.tasks);
  if (expected.inputs) expect(inputs).toEqual(expected.inputs);
  if ('columns' in expected) {
    if (expected.columns) expect(config.dataset.columns ?? {}).toEqual(expected.columns);
    else expect(config.dataset.columns).toBeUndefined();
  }
});

test('marks of missing values stand in the config', async () => {
  const text = tableOf({ a: (row) => (row % 3 ? normal() : '?'), b: (row) => (row % 3 ? normal() : '-'), ...label });
  expect((await guessed(file('marks.csv', text))).config.dataset.missing).toEqual([...usualMissing, '?', '-']);
});

test.each<[columns: Readonly<Record<string, () => Cell>>, options: unknown]>([
  [{ y: () => pick(0, 1) }, {}],
  [{ y: () => pick('no', 'no', 'yes') }, { positive: 'yes' }],
  [{ y: () => pick('yes', 'yes', 'no') }, { positive: 'yes' }],
  [{ y: () => pick(1, 1, 2) }, { positive: '2' }],
  [{ y: () => pick(2, 2, 1) }, { positive: '2' }],
  [{ y: () => pick('left', 'left', 'right') }, { positive: 'right' }],
  [{ y: () => pick('<=50K', '<=50K', '>50K') }, { positive: ['>50K'] }],
])('of two values one is positive: %#', async (columns, options) => {
  const { config } = await guessed(file('two.csv', tableOf({ x: normal, ...columns })));
  expect(config.dataset.tasks.y).toEqual(options);
  expect(config.tasks).toEqual([{ name: 'y', type: 'binary' }]);
});

test('asked tasks are the tasks: by a comparison, several of one column, classes; other labels are no inputs', async () => {
  const columns = {
    x: normal,
    rating: (row: number) => row % 5,
    genre: () => pick('sport', 'news', 'film'),
    bought: bit,
  };
  const [path, later] = [file('ratings.csv', tableOf(columns)), file('later.csv', tableOf(columns))];
  const tasks = ['liked=rating>=4', 'stars=rating', 'sport=genre==sport', 'genre'];
  const { config, inputs, notes } = await guessed(path, { tasks, test: later });
  expect(config.dataset).toMatchObject({
    ...{ test: later, split: { fraction: { validation: 0.1 } }, columns: { bought: 'ignored' } },
    tasks: {
      liked: { column: 'rating', positive: '>= 4' },
      stars: { column: 'rating', regression: true },
      sport: { column: 'genre', positive: 'sport' },
    },
  });
  expect(config.dataset.tasks.genre.multiclass.toSorted()).toEqual(['film', 'news', 'sport']);
  expect(config.tasks.map(({ type }: { type: string }) => type)).toEqual([
    'binary',
    'regression',
    'binary',
    'multiclass',
  ]);
  expect(config.compare.models).toHaveLength(5);
  expect([inputs, notes]).toEqual([['x numeric'], []]);
});

test.each([
  ['clickd', "no column 'clickd' (did you mean 'clicked'?); there are: x, clicked, text."],
  ['liked=x>=many', 'behind >= stands a number'],
  ['liked=x==', 'behind == stands a value'],
  ['text', "column 'text' is no label"],
])('--task %s is refused', async (task, message) => {
  const path = file('few.csv', tableOf({ x: normal, clicked: bit, text: (row) => `t${row % 30}` }));
  await expect(startingConfig(path, { tasks: [task] })).rejects.toThrow(message);
  await expect(startingConfig(path, { tasks: ['clicked', 'clicked'] })).rejects.toThrow(
    "two tasks are named 'clicked'",
  );
});

test('without a label or an input, or with types alone that are not supported, a file is refused', async () => {
  const texts = file('texts.csv', tableOf({ a: (row) => `x${row % 7}`, b: (row) => `y${row % 9}` }));
  await expect(startingConfig(texts)).rejects.toThrow(DataError);
  const labels = file('labels.csv', tableOf({ clicked: bit, bought: bit }));
  await expect(startingConfig(labels)).rejects.toThrow(/no column is left as an input/);
  const nested = file('nested.json', '{ "a": { "b": 1 } }\n{ "a": { "b": 2 } }\n');
  await expect(startingConfig(nested)).rejects.toThrow(/nested\.json: no column has a type that is supported/);
  await expect(startingConfig(file('none.csv', 'a,b\n'))).rejects.toThrow(DataError);
});

test('a column each of whose values has equally many rows, as persons of a panel have, is asked about', async () => {
  const person = { nr: (row: number) => Math.floor(row / 8) + 100, wave: (row: number) => row % 8, x: normal, y: bit };
  const { notes, text } = await guessed(file('panel.csv', tableOf(person)), { tasks: ['y'] });
  const question = "each value of 'nr' is in 8 rows: if it names a person";
  expect(notes).toEqual([expect.stringContaining(question)]);
  expect(text).toContain(`# ${question}`);
  const drawn = { ...person, nr: () => random.below(50) };
  expect((await guessed(file('drawn.csv', tableOf(drawn)), { tasks: ['y'] })).notes).toEqual([]);
});

test('inputs that may be labels are named', async () => {
  const columns = {
    citation: () => pick('YES', 'NO'),
    search: () => pick('YES', 'NO'),
    race: () => pick('a', 'b', 'c'),
    on: bit,
  };
  const { notes, text } = await guessed(file('stops.csv', tableOf(columns)));
  expect(notes).toEqual([
    'inputs that may be labels: citation, search; --task NAME, once for each task, names the labels',
  ]);
  expect(text).toContain(`\n# ${notes[0]}\nname: stops\n`);
});

test('Adult: no header, blanks behind commas, labels with a point in the test file', async () => {
  const rows = (end: string) =>
    tableOf(
      {
        ...{ age: () => 17 + random.below(71), work: () => pick('?', 'Private', 'State-gov') },
        ...{ gain: (row) => (row % 12 ? 0 : 100 + row), income: (row) => `${row % 4 ? '<=' : '>'}50K${end}` },
      },
      ...[400, ', ', false],
    );
  const { config, inputs, source } = await guessed(file('adult.data', rows('')), {
    test: file('adult.test', rows('.')),
  });
  expect(config.dataset).toMatchObject({ delimiter: ',', header: false });
  expect(config.dataset.missing).toBeUndefined(); // `?` is a category: it stands among texts alone
  expect(config.dataset.tasks).toEqual({ 4: { positive: ['>50K', '>50K.'] } });
  expect(config.dataset.split).toEqual({ fraction: { validation: 0.1 }, stratify: '4' });
  expect(inputs).toEqual(['1 numeric', '2 categorical', '3 numeric']);
  expect(config.inputs.columns).toEqual({ 3: { numeric: 'value' } });
  const { labels } = await source.splits.test.read(0);
  expect(labels[0]?.filter((label) => label === 1)).toHaveLength(100);
});

test('MovieLens: users and movies by number, stars, a time, behind two colons', async () => {
  const columns = {
    ...{
      user: (row: number) => 1 + (row % 150),
      movie: (row: number) => 1 + ((row * 17) % 161),
      stars: () => pick(1, 2, 3, 4, 5),
    },
    time: (row: number) => 874_724_710 + row * 17_003,
  };
  const { config, tasks, text } = await guessed(file('ratings.dat', tableOf(columns, 1000, '::', false)));
  const time = { kind: 'time', parts: ['month', 'weekday', 'hour'] };
  expect(config.dataset).toMatchObject({
    header: false,
    delimiter: '::',
    columns: { 1: 'categorical', 2: 'categorical', 4: time },
  });
  expect(tasks).toEqual(['3']);
  expect(text).toMatch(/^ {2}split: .*\{ time: "4", validation: 0\.1, test: 0\.1 \}/m);
});

test('decimal commas, dates with the day first, windows-1252, a semicolon', async () => {
  const day = () => `${1 + random.below(28)}.${1 + random.below(12)}.2023`;
  const amount = () => `${random.below(900)},${random.below(10)}`;
  const text = tableOf({ amount, day, size: (row) => (row % 2 ? 'groß' : 'klein'), ...label }, 400, ';');
  const { config, inputs } = await guessed(file('comma.csv', Buffer.from(text, 'latin1')));
  expect(config.dataset).toMatchObject({ decimal: ',', encoding: 'windows-1252', delimiter: ';' });
  expect(inputs).toEqual(['amount numeric', 'day.month categorical', 'day.weekday categorical', 'size categorical']);
});

test('single quotes; commas before three digits are no decimals; years may be names; a row that is too long has its line', async () => {
  const columns = {
    2024: normal,
    shop: (row: number) => `'shop ${row % 5}, north'`,
    many: () => `'1,${random.below(900) + 100}'`,
    ...label,
  };
  const { config } = await guessed(file('single (1).csv', tableOf(columns)));
  expect([config.name, config.dataset.quote, config.dataset.header, config.dataset.decimal]).toEqual([
    'single-1',
    "'",
    undefined,
    undefined,
  ]);
  const ragged = file('ragged.csv', `2,x\n${tableOf({ a: normal, b: bit, c: bit }, 40, ',', false)}`);
  await expect(startingConfig(ragged)).rejects.toThrow(/ragged\.csv:2: this row has 3 columns, not 2/);
});

test('a query over files, and columns of types: the config has it, and takes it', async () => {
  const r = file('r.csv', tableOf({ user: (row) => row % 9, stars: (row) => row % 5 }));
  const query =
    "SELECT user,\n  DATE '2023-01-01' + (user * 7 + stars)::INT AS zeta, stars > 3 AS liked, {a: 1} AS nested FROM r";
  const text = await startingConfig({ query, files: { r } });
  expect(parse(text).dataset).toMatchObject({
    query,
    files: { r },
    tasks: { liked: {} },
    columns: { zeta: times, nested: 'ignored' },
  });
});

test('all files of a pattern are judged', async () => {
  const first = file('part-1.csv', tableOf({ x: () => 3, kind: () => 'a', clicked: bit }));
  writeFileSync(join(first, '../part-2.csv'), tableOf({ x: () => 3, kind: () => 'b', clicked: bit }));
  const { text, config } = await guessed(join(first, '../part-*.csv'));
  expect(text).toMatch(/^# A beginning, guessed from all 800 rows of part-\*\.csv\./);
  expect(config.dataset.columns).toEqual({ x: 'ignored' });
});

test('batches, rates, epochs and choices follow the number of rows', async () => {
  const of = async (rows: number) => {
    const { config } = await guessed(file('rows.csv', tableOf({ x: normal, y1: bit, y2: bit }, rows)));
    const { batchSize, epochs, optimizer, earlyStopping } = config.train;
    const [single] = config.compare.models;
    return [
      batchSize,
      epochs,
      optimizer.learningRate,
      optimizer.schedule.patience,
      earlyStopping.patience,
      Object.keys(single.tune ?? {}),
    ];
  };
  expect(await of(600)).toEqual([16, 800, 0.001, 20, 67, []]); // 30 steps an epoch: 24,000, 600 and 2,000
  expect(await of(1000)).toEqual([16, 480, 0.001, 12, 40, ['model.levels', 'model.dropout']]);
  expect(await of(10_000)).toEqual([128, 80, 0.008, 2, 8, []]);
});

test('a rare label is cut with the same share in each split, unless its column has too many values for that', async () => {
  const of = async (positives: number, count: number, tasks: readonly string[] = []) => {
    const columns = {
      x: (row: number) => (row % 97) + 0.5,
      z: normal,
      bought: (row: number) => Number(row < positives),
    };
    return (await guessed(file('rare.csv', tableOf(columns, count)), { tasks })).config.dataset.split.stratify;
  };
  expect(await of(999, 4000)).toBe('bought');
  expect(await of(3100, 4000)).toBe('bought'); // the rarer class is 0
  expect(await of(1000, 4000)).toBeUndefined();
  expect(await of(2000, 4000, ['high=x==96.5'])).toBeUndefined();
});

test('many ids: a penalty for few rows each, and a hash where a dictionary would be larger', async () => {
  const sparse = tableOf({ user_id: (row) => `u${row % 1000}`, x: (row) => row % 7, ...label }, 4000);
  expect((await guessed(file('sparse.csv', sparse))).config.train.optimizer).toMatchObject({ l2Embeddings: 0.001 });
  const query = 'SELECT (range * 7919) % 262145 AS user_id, range % 2 AS label, a FROM r, range(524290)';
  const { dataset } = parse(await startingConfig({ query, files: { r: file('r.csv', 'a\n1\n') } }));
  expect(dataset.columns).toMatchObject({ user_id: { kind: 'categorical', hash: 2 ** 18 } });
});

test('a machine without memory is told as one', async () => {
  const path = file('rows.csv', tableOf({ x: normal, ...label }));
  const reading = { onBytes: () => undefined };
  const failure = withStagedFiles({ path }, reading, async () => {
    throw new Error('Out of Memory Error: could not allocate block of size 32.0 KiB');
  });
  await expect(failure).rejects.toThrow(DataError);
  await expect(failure).rejects.toThrow(/^The data cannot be prepared: Out of Memory Error: .* Free some memory/);
});

test('a wide table gets the memory of the loader for its columns', async () => {
  const names = Array.from({ length: 700 }, (_, c) => `c${c}`);
  const path = file('wide.csv', `${names}\n${names}\n`);
  const setting = "SELECT current_setting('memory_limit'), current_setting('threads')";
  const rows = await withStagedFiles({ path }, { onBytes: () => undefined }, ({ database }) =>
    queryRows(database, setting),
  );
  const [[limit, threads] = []] = rows;
  const bytes = (640 + 700 * Number(threads)) * 1e6;
  expect(limit).toBe(`${Math.floor((10 * bytes) / 2 ** 30) / 10} GiB`); // DuckDB cuts digits off
});

test('a table five times as wide is guessed in as many passes over its rows, with dates and marks too', async () => {
  const scans = async (columns: number) => {
    const run = vi.spyOn(DuckDBConnection.prototype, 'run');
    const names = Array.from({ length: columns }, (_, c) => c);
    const row = (r: number) => names.map((c) => (c % 2 ? date(19_000 + r) : r === c % 7 ? '?' : r / 7));
    const lines = Array.from({ length: 60 }, (_, r) => [r % 2, ...row(r)].join());
    await startingConfig(
      file('wide.csv', ['label', ...names.map((c) => `c${c}`)].join().concat('\n', lines.join('\n'))),
    );
    const statements = run.mock.calls.map(([sql]) => String(sql));
    run.mockRestore();
    return statements.filter((sql) => /\bstaged\b/.test(sql)).length;
  };
  expect(await scans(100)).toBe(await scans(20));
});
