import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { table } from '../data/table/table-loader.js';
import { usualMissing } from '../data/table/table-options.js';
import { DataError } from '../support/errors.js';
import { temporaryFolder } from '../support/folder.fixture.js';
import { randomFromSeed } from '../support/random.js';
import { startingConfig } from './starting-config.js';

function file(name: string, lines: readonly string[]): string {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

const random = randomFromSeed(3);
const rows = (make: (row: number) => readonly (string | number)[], delimiter = ',') =>
  Array.from({ length: 400 }, (_, row) => make(row).join(delimiter));
const nineUsers = Array.from({ length: 9 }, (_, user) => `${user},${20.5 + user}`);
const bit = () => random.below(2);

/** The loader accepts the config. Returns the inputs and their kinds. */
async function opened(config: { readonly dataset: object }, path: string) {
  const cache = join(path, '../cache');
  const source = await table.open({ ...config.dataset, cache }, { seed: 0, note: () => undefined });
  return { tasks: source.tasks, inputs: source.columns.map(({ name, kind }) => `${name} ${kind}`) };
}

test('a shop: events and what they led to are tasks, ids and hours are categories, and two tasks can be compared', async () => {
  const lines = Array.from({ length: 1000 }, () => {
    const [clicked, bought] = [Number(random.uniform() < 0.4), Number(random.uniform() < 0.4)];
    const seconds = clicked * (1 + random.below(500) / 10);
    return [1000 + random.below(150), 77_000 + random.below(90), random.below(24), random.uniform() * 50, clicked]
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
  expect(config.compare.models).toContainEqual({
    ...{ type: 'single-task', levels: [[64], [32]], tower: [16] },
    tune: {
      'model.levels': [
        [[64], [32]],
        [[128], [64]],
      ],
      'model.dropout': [0, 0.1],
    },
  });
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
  expect(parse(await startingConfig(path, { tasks: ['plan'] })).dataset.tasks.plan).toEqual({
    multiclass: ['a', 'b', 'c'],
  });
  await expect(startingConfig(path, { tasks: ['clickd'] })).rejects.toThrow(
    /no column 'clickd' \(did you mean 'clicked'\?\)/,
  );
  await expect(startingConfig(path, { tasks: ['clicked', 'clicked'] })).rejects.toThrow(
    /two tasks are named 'clicked'; NAME=COLUMN gives another name/,
  );
});

test('a few texts among numbers or dates are marks of missing values; a label by its name stays one', async () => {
  const lines = rows((row) => [
    random.normal(),
    row === 7 ? 'abc' : row % 50 === 3 ? 'on request' : random.normal(),
    row === 9 ? 'x?' : row / 8,
    row % 90 === 5 ? '0000-00-00' : `20${10 + (row % 9)}-0${1 + (row % 9)}-1${row % 9}`,
    row % 3 === 0 ? '-' : `2024-0${1 + (row % 9)}-1${row % 9}`,
    row % 100 === 50 ? 'many' : row % 5,
    bit(),
  ]);
  const path = file('texts.csv', ['x,price,rating,born,sold,doors,clicked', ...lines]);
  const text = await startingConfig(path);
  const config = parse(text);
  expect(config.dataset.missing.toSorted()).toEqual(
    [...usualMissing, 'on request', 'abc', 'x?', '0000-00-00', '-'].toSorted(),
  );
  expect(text).toMatch(/^ {2}missing: \[.*\] # with 'on request', 'abc', 'x\?', '0000-00-00', '-', which stand among/m);
  expect(config.dataset.tasks).toEqual({ rating: { regression: true }, clicked: {} });
  expect((await opened(config, path)).inputs).toEqual([
    ...['x numeric', 'price numeric', 'born numeric', 'sold numeric', 'doors categorical'], // few numbers and a word are categories
  ]);
});

test('texts among numbers that are too many, or values elsewhere: the remark names them, and no label has them', async () => {
  const lines = rows((row) => [
    row % 100 === 3 ? 'none' : random.normal(),
    row % 25 === 3 ? `no. ${row}` : random.normal(),
    row % 100 === 3 ? 'none' : row / 8,
    row % 10 === 3 ? 'gone' : random.normal(),
    row % 2 ? 'some' : 'none',
    bit(),
  ]);
  const path = file('odd.csv', ['x,price,rating,height,stock,clicked', ...lines]);
  const text = await startingConfig(path);
  const config = parse(text);
  expect(config.dataset.missing).toBeUndefined();
  expect(text).toMatch(/^# x has numbers but for 'none' \(1\.00 % of the values\), which count as missing$/m);
  expect(text).toMatch(
    /^# price has numbers but for 'no\. \d+', .*, … \(4\.00 % of the values\), which count as missing$/m,
  );
  expect(text).toMatch(/^ {4}rating: ignored # a label by its name, but 'none' is no number$/m);
  expect(text).toMatch(/^ {4}height: ignored # has almost a value of its own in every row/m);
  expect((await opened(config, path)).inputs).toEqual(['x numeric', 'price numeric', 'stock categorical']);
});

test('numbers with a comma are numbers; dates with the day first are times; a text in windows-1252 is read as such', async () => {
  const day = () => `${1 + random.below(28)}.${1 + random.below(12)}.2023`;
  const lines = rows(
    (row) => [`${random.below(900)},${random.below(10)}`, day(), row % 2 ? 'groß' : 'klein', bit()],
    ';',
  );
  const path = file('comma.csv', []);
  writeFileSync(path, Buffer.from(`amount;day;size;label\n${lines.join('\n')}\n`, 'latin1'));
  const text = await startingConfig(path);
  const config = parse(text);
  expect(config.dataset).toMatchObject({ decimal: ',', encoding: 'windows-1252' });
  expect(config.dataset.columns).toEqual({ day: { kind: 'time', parts: ['month', 'weekday'] } });
  expect((await opened(config, path)).inputs).toEqual([
    ...['amount numeric', 'day.month categorical', 'day.weekday categorical', 'size categorical'],
  ]);
});

test('ids are categories, those of rows ignored; a time is by its parts, and for the split; lists, constants, an unnamed column', async () => {
  const lines = Array.from({ length: 2000 }, (_, row) =>
    [
      row,
      random.below(1500),
      2 ** 33 + random.below(50),
      `x${random.below(9)}`,
      `a|b${random.below(5)}`,
      'same',
      1.7e9 + random.below(1e6),
    ]
      .concat([bit()])
      .join(','),
  );
  const path = file('my log (2024).csv', [',cookie,key,shop,tags,source,timestamp,label', ...lines]);
  const text = await startingConfig(path);
  const config = parse(text);
  expect(config.name).toBe('my-log-2024');
  expect(config.dataset.columns).toEqual({
    1: 'ignored',
    cookie: 'categorical',
    key: 'categorical',
    tags: { kind: 'list', separator: '|' },
    source: 'ignored',
    timestamp: { kind: 'time', parts: ['weekday', 'hour'] },
  });
  expect(text).toMatch(/^ {2}split: .* # or, .*\{ time: timestamp, validation: 0\.1, test: 0\.1 \}$/m);
  expect(await opened(config, path)).toEqual({
    tasks: [{ name: 'label', type: 'binary' }],
    inputs: [
      ...['cookie categorical', 'key categorical', 'shop categorical', 'tags list'],
      ...['timestamp.weekday categorical', 'timestamp.hour categorical'],
    ],
  });
});

test('a count named like a thing is a number; numbered things are categories, also by falling popularity', async () => {
  const geometric = () => Math.ceil(Math.log(1 - random.uniform()) / Math.log(0.85));
  const popularity = Array.from({ length: 48 }, () => random.uniform() ** 2);
  const city = () => {
    for (;;) {
      const place = random.below(48);
      if (random.uniform() < (popularity[place] ?? 0)) return place;
    }
  };
  const ranked = (row: number) => 31 - Math.floor(Math.sqrt(row / 2)); // 0 has the most rows, 31 the fewest
  const lines = Array.from({ length: 2048 }, (_, row) =>
    [geometric(), city(), ranked(row), geometric(), bit()].join(','),
  );
  const path = file('2024.csv', ['campaign,city,store,campaign_id,y', ...lines]);
  const { name, dataset } = parse(await startingConfig(path));
  expect(name).toBe('2024'); // a text
  expect(dataset.columns).toEqual({ city: 'categorical', store: 'categorical', campaign_id: 'categorical' });
});

test('likely labels that became inputs are named, and so are inputs that were left out for their names', async () => {
  const [depth, search] = [
    () => random.normal().toFixed(2),
    (share: number) => (random.uniform() < share ? 'YES' : 'NO'),
  ];
  const stops = ['citation,personSearch,vehicleSearch,age,race'].concat(
    rows(() => [search(0.4), search(0.1), search(0.1), 20 + random.below(60), `r${random.below(4)}`]),
  );
  const said: string[] = [];
  const text = await startingConfig(file('stops.csv', stops), { note: (message) => said.push(message) });
  const label = Object.keys(parse(text).dataset.tasks);
  const others = ['citation', 'personSearch', 'vehicleSearch'].filter((name) => !label.includes(name));
  expect(said).toEqual([
    `inputs that may be labels: ${others.join(', ')}; --task NAME, once for each task, names the labels`,
  ]);
  expect(text).toContain(`\n# ${said[0]}\n`);
  const asked: string[] = [];
  const note = (message: string) => asked.push(message);
  await startingConfig(file('stops.csv', stops), { tasks: ['personSearch'], note });
  expect(asked).toEqual([]);

  const stones = ['carat,price,x,y,z'].concat(
    rows(() => [depth(), 300 + random.below(9000), depth(), depth(), depth()]),
  );
  const guessed = parse(await startingConfig(file('stones.csv', stones)));
  expect(guessed.dataset.tasks).toEqual({ price: { regression: true } });
  expect(guessed.dataset.columns).toBeUndefined(); // y is a coordinate there

  const plain = ['x,y,price'].concat(rows(() => [depth(), depth(), 300 + random.below(9000)]));
  const left = await startingConfig(file('plain.csv', plain), { tasks: ['price'], note });
  expect(asked).toEqual([
    'left out, as a label is often named so: y; an input, if known before price: delete its line',
  ]);
  expect(left).toMatch(/^ {4}y: ignored # left out for its name, which labels often have; known before\? Then delete/m);
});

test('without names: columns by number, 0 and 1 at the end are labels; another delimiter is found', async () => {
  const lines = rows(() => [random.normal(), random.below(9) + 3, bit(), bit()], '\t');
  for (const name of ['plain.tsv', 'plain.txt']) {
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

test('texts in single quotes are read as such; a row that is too long is named with its line', async () => {
  const lines = rows((row) => [random.normal(), `'shop ${row % 5}, north'`, bit()]);
  const path = file('single.csv', ['x,shop,label', ...lines]);
  const config = parse(await startingConfig(path));
  expect(config.dataset.quote).toBe("'");
  expect((await opened(config, path)).inputs).toEqual(['x numeric', 'shop categorical']);
  const ragged = file('ragged.csv', ['2,x', ...rows((row) => [row / 7, bit(), bit()])]);
  await expect(startingConfig(ragged)).rejects.toThrow(/ragged\.csv:2: this row has 3 columns, not 2/);
});

test('two texts in the last column: the rarer one is positive, or the one that says so; a property may be named like an outcome', async () => {
  const lines = rows((row) => [random.normal(), random.below(5), row % 4 ? 'kept' : 'left']);
  const { dataset, model } = parse(await startingConfig(file('one.csv', ['a,b,result', ...lines])));
  expect(dataset.tasks).toEqual({ result: { positive: 'left' } });
  expect(model.type).toBe('single-task');
  const frequent = rows((row) => [bit() ? 'yes' : 'no', random.normal(), row % 4 ? 'yes' : 'no']);
  expect(parse(await startingConfig(file('yes.csv', ['default,a,y', ...frequent]))).dataset.tasks).toEqual({
    y: { positive: 'yes' },
  });
});

test('a file whose columns are all of types that are not supported is refused', async () => {
  const path = file('nested.json', ['{ "a": { "b": 1 } }', '{ "a": { "b": 2 } }']);
  await expect(startingConfig(path)).rejects.toThrow(/nested\.json: no column has a type that is supported/);
});

test('a file without anything that could be a label, or without an input, is refused', async () => {
  const path = file('texts.csv', ['a,b', ...rows((row) => [`x${row % 7}`, `y${row % 9}`])]);
  await expect(startingConfig(path)).rejects.toThrow(DataError);
  const labels = file('labels.csv', ['clicked,bought', ...rows(() => [bit(), bit()])]);
  await expect(startingConfig(labels)).rejects.toThrow(/no column is left as an input/);
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
  expect(config.compare.models[0]).toEqual({ type: 'single-task', levels: [[64], [32]], tower: [16] }); // of few rows
  expect((await opened(config, path)).inputs).toEqual(['x numeric']);
  await expect(startingConfig(path, { tasks: ['liked=rating>=many'] })).rejects.toThrow('behind >= stands a number');
});

test('a label that the test file spells otherwise is caught in both spellings and told; one that no row has is refused', async () => {
  const lines = (no: string, yes: string) => rows((row) => [random.normal(), row % 4 ? no : yes]);
  const path = file('adult.csv', ['x,income', ...lines('<=50K', '>50K')]);
  const spelled = async (yes: string) => {
    const later = file('later.csv', ['x,income', ...lines('<=50K.', yes)]);
    const text = await startingConfig(path, { tasks: ['rich=income==>50K'], test: later });
    return { positive: parse(text).dataset.tasks.rich.positive, text };
  };
  const { positive, text } = await spelled('>50K.');
  expect(positive).toEqual(['>50K', '>50K.']);
  expect(text).toMatch(/rich: .*25\.0 % are 1; .*the test file writes '>50K' as '>50K\.'$/m);
  expect((await spelled('>50k')).positive).toEqual(['>50K', '>50k']);
  expect((await spelled('more')).text).toMatch(/12\.5 % are 1; .*the test file alone has 'more'$/m);
  await expect(startingConfig(path, { tasks: ['rich=income=50K'] })).rejects.toThrow(
    "--task rich: no row of column 'income' is '50K'; frequent are '<=50K', '>50K'.",
  );
});

test('a query over files: the config has it, and takes it', async () => {
  const [r, u] = [
    file('r.csv', ['user,stars', ...rows((row) => [row % 9, row % 5])]),
    file('u.csv', ['user,age', ...nineUsers]),
  ];
  const query = 'SELECT r.user, u.age,\n  r.stars > 3 AS liked\nFROM r JOIN u USING (user)';
  const config = parse(await startingConfig({ query, files: { r, u } }));
  expect(config.dataset).toMatchObject({ query, files: { r, u }, tasks: { liked: {} } });
  expect(await opened(config, r)).toEqual({
    tasks: [{ name: 'liked', type: 'binary' }],
    inputs: ['user categorical', 'age numeric'],
  });
});

test('batches and epochs follow the number of rows', async () => {
  const long = Array.from({ length: 10_000 }, (_, row) => `${row % 7}.5,${row % 2}`);
  const of = async (lines: readonly string[]) => {
    const { train } = parse(await startingConfig(file(`${lines.length}.csv`, ['x,label', ...lines])));
    const { learningRate, schedule } = train.optimizer;
    return [train.batchSize, train.epochs, learningRate, schedule.patience, train.earlyStopping.patience];
  };
  expect(await of(long.slice(0, 600))).toEqual([16, 800, 0.001, 20, 67]); // 30 steps an epoch: 24,000, 600 and 2,000
  expect(await of(long)).toEqual([128, 80, 0.008, 2, 8]);
});

test('columns are judged by the whole file: what varies, or has other texts, behind row 20,000', async () => {
  const late = (row: number) => row >= 20_500; // DuckDB samples 20,480 rows
  const lines = Array.from({ length: 20_600 }, (_, row) =>
    [late(row) ? random.below(300) : -1, late(row) ? 'x' : row / 4, row % 2].join(','),
  );
  const path = file('bank.csv', ['pdays,height,y', ...lines]);
  const text = await startingConfig(path);
  const config = parse(text);
  expect(text).toMatch(/^# A beginning, guessed from all 20600 rows of bank\.csv/);
  expect(config.dataset.missing).toEqual([...usualMissing, 'x']);
  expect(config.inputs.columns).toEqual({ pdays: { numeric: 'value' } });
});

test('dates, however written, are a time to split by, the first with the most values; the others are inputs', async () => {
  const two = (value: number) => String(value).padStart(2, '0');
  const written = (row: number) => {
    const [month, day] = [two(1 + (row % 12)), two(1 + (row % 28))];
    return [
      ...[`2024-${month}-${day}`, `2024/${month}/${day}`, `${day}.${month}.2024`, `${day}/${month}/2024`],
      ...[`${month}/${day}/2024`, `2024-${month}-${day}T17:30:00Z`],
    ];
  };
  const path = file('dates.csv', ['created_at,a,b,c,d,e,label', ...rows((row) => [...written(row), bit()])]);
  const text = await startingConfig(path);
  const config = parse(text);
  expect(config.dataset.columns).toEqual({ created_at: { kind: 'time', parts: ['month', 'weekday'] } });
  expect(text).toMatch(
    /^ {4}created_at: .* # a time by its values \(dates\): its parts; with a split by time, see below, months that training/m,
  );
  expect(text).toMatch(/^# numeric inputs, as inferred: a, b, c, d, e$/m);
  const [, split = ''] = /or, the last rows as the test: (\{.*?\})/.exec(text) ?? [];
  expect(parse(split)).toEqual({ time: 'created_at', validation: 0.1, test: 0.1 });
  const { inputs } = await opened({ dataset: { ...config.dataset, split: parse(split) } }, path);
  expect(inputs).toEqual([
    ...['created_at.month categorical', 'created_at.weekday categorical'],
    ...['a', 'b', 'c', 'd', 'e'].map((name) => `${name} numeric`),
  ]);
});

describe('a time is told by its values, under any name', () => {
  const second = Date.UTC(2023, 2, 1) / 1000;
  const any = (from: number, to: number) => from + random.below(to - from);
  const date = (days: number) => new Date(86_400_000 * days).toISOString().slice(0, 10);
  const compact = (days: number) => date(days).replaceAll('-', '');
  const splitOf = async (name: string, value: (row: number) => string | number) => {
    const path = file('odd.csv', [`${name},x,label`, ...rows((row) => [value(row), random.normal(), bit()])]);
    const text = await startingConfig(path);
    return { split: /\{ time: (\w+), /.exec(text)?.[1], kind: parse(text).dataset.columns?.[name] };
  };

  test.each<[string, (row: number) => string | number]>([
    ['seconds', () => second + random.below(1e7)],
    ['milliseconds', () => 1000 * second + random.below(1e10)],
    ['microseconds', () => 1e6 * (second + random.below(1e7))],
    ['ISO dates', () => date(any(19_000, 19_900))],
    ['ISO times', () => new Date(1000 * (second + random.below(1e7))).toISOString()],
    ['numbers such as 20240531', () => compact(any(19_000, 19_900))],
    ['dates of decades, in the order of the rows', (row) => date(60 * row)],
    ['dates of decades, of one group after the other', (row) => date(600 * (row % 40))],
    ['dates of decades, the last one first', (row) => date(-60 * row)],
  ])('%s', async (_, value) => {
    expect(await splitOf('zeta', value)).toMatchObject({ split: 'zeta', kind: { kind: 'time' } });
  });

  test.each<[string, string, (row: number) => string | number]>([
    ['ids by their name', 'cookie', () => second + random.below(1e7)],
    ['ids of ten digits', 'policy', () => 1e9 + random.below(4e9)],
    ['ids that begin with a year', 'plate', () => 2_013_000_000 + random.below(1e6)],
    ['ids that follow one another', 'ticket', (row) => 1_000_000_001 + 2 * row + random.below(2)],
    ['bar codes', 'ean', () => 4e12 + random.below(1e11)],
    ['prices', 'amount', () => 1e8 + random.below(2e9)],
    ['dates of birth', 'born', () => date(any(-10_000, 13_000))],
    ['dates of birth as numbers', 'born', () => compact(any(-10_000, 13_000))],
    ['numbers of eight digits that are no dates', 'amount', () => 20_200_000 + random.below(9999)],
  ])('not %s', async (_, name, value) => {
    expect((await splitOf(name, value)).split).toBeUndefined();
  });

  test('or by its type: days are numbers of days otherwise', async () => {
    const r = file('r.csv', ['days,label', ...rows(() => [19_000 + random.below(900), bit()])]);
    const query = "SELECT days, DATE '1970-01-01' + days::INT AS zeta, label FROM r";
    const { columns } = parse(await startingConfig({ query, files: { r } })).dataset;
    expect(columns).toEqual({ zeta: { kind: 'time', parts: ['month', 'weekday'] } });
  });
});

test('a rare label is cut with the same share in each split, unless its column has too many values for that', async () => {
  const of = async (positives: number, count: number, tasks: readonly string[] = []) => {
    const lines = Array.from({ length: count }, (_, row) => `${row % 97}.5,${row % 7},${row < positives ? 1 : 0}`);
    const path = file(`${positives}.csv`, ['x,z,bought', ...lines]);
    const text = await startingConfig(path, { tasks });
    return { text, split: parse(text).dataset.split };
  };
  const plain = { fraction: { validation: 0.1, test: 0.1 } };
  const rare = await of(999, 4000);
  expect(rare.split).toEqual({ ...plain, stratify: 'bought' });
  expect(rare.text).toMatch(/ # each split has its share of the 999 rows of the rarer class of bought$/m);
  expect((await of(1000, 4000)).split).toEqual(plain);
  expect((await of(3100, 4000)).split).toEqual({ ...plain, stratify: 'bought' }); // the rarer class is 0
  expect((await of(2000, 4000, ['high=x>=96'])).split).toEqual(plain);
});

test('users with several rows: the remark has the split that keeps their rows together', async () => {
  const of = async (users: number) => {
    const lines = rows((row) => [`u${row % users}`, random.normal(), bit()]);
    return startingConfig(file(`${users}.csv`, ['user_id,x,label', ...lines]));
  };
  expect(await of(100)).toMatch(
    /^ {2}split: .*; or, all rows of a user in one split: \{ fraction: \{ validation: 0\.1, test: 0\.1 \}, group: user_id \}$/m,
  );
  expect(await of(300)).not.toContain('group:');
});

test('all files of a pattern are judged, and the test file with them', async () => {
  const header = 'x,kind,clicked';
  const first = file('part-1.csv', [header, ...rows((row) => [row / 7, 'a', bit()])]);
  const folder = join(first, '..');
  writeFileSync(join(folder, 'part-2.csv'), `${[header, ...rows((row) => [row / 7, 'b', bit()])].join('\n')}\n`);
  const pattern = join(folder, 'part-*.csv');
  const text = await startingConfig(pattern);
  expect(text).toMatch(/^# A beginning, guessed from all 800 rows of part-\*\.csv\./);
  expect(parse(text).dataset.columns).toBeUndefined();
  const later = file('later.csv', [header, ...rows((row) => [row % 9 ? row / 7 : '-', 'a', bit()])]);
  expect(parse(await startingConfig(first, { test: later })).dataset).toMatchObject({
    ...{ missing: [...usualMissing, '-'], columns: { kind: 'ignored' } },
  });
});

test('embeddings of many values with few rows for each get a penalty', async () => {
  const lines = Array.from({ length: 4000 }, (_, row) => `u${row % 1000},${row % 7},${row % 2}`);
  const text = await startingConfig(file('sparse.csv', ['user_id,x,label', ...lines]));
  expect(parse(text).train.optimizer).toMatchObject({ type: 'adam', l2Embeddings: 0.001 });
  expect(text).toMatch(/ # few rows for each of the 1000 values of user_id$/m);
});
