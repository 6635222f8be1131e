import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { startingConfig } from '../../guess/starting-config.js';
import { randomFromSeed } from '../../support/random.js';
import { type SplitName, splitNames } from '../dataset.js';
import { numberKey } from '../encode/vocabulary.js';
import { literal, queryRows, withDatabase } from '../store/database.js';
import { macros } from './staged-rows.js';
import { file, folds, lines, open, readRows } from './table-loader.fixture.js';
import { openNewRows } from './table-loader.js';

describe('a name with * or ?', () => {
  const text = `id,feat_a,feat_b,w,y\n${lines(100, (i) => `${i},${i % 3},${i % 4},${i % 2},${i % 2}`)}`;
  const kindsBy = async (columns: object) => {
    const source = await open({ path: await file(text), weight: 'w', others: 'ignored', columns });
    return Object.fromEntries(source.columns.map(({ name, kind }) => [name, kind]));
  };

  test('gives all columns that match their kind, but for those that are named, and labels, weights and splits', async () => {
    expect(await kindsBy({ 'feat_*': 'categorical', feat_b: 'numeric' })).toEqual({
      feat_a: 'categorical',
      feat_b: 'numeric',
    });
    expect(await kindsBy({ '*': 'categorical', '?d': 'categorical' })).toEqual({
      id: 'categorical',
      feat_a: 'categorical',
      feat_b: 'categorical',
    });
  });

  test('that matches no column, or another kind of one, is refused', async () => {
    await expect(kindsBy({ 'fet_*': 'numeric' })).rejects.toThrow(
      /dataset\.columns\.fet_\*: no column of \S+ matches; there/,
    );
    const two = kindsBy({ 'feat_*': 'numeric', '*_b': 'categorical' });
    await expect(two).rejects.toThrow(/'feat_\*' and '\*_b' both match column 'feat_b' .* name the column itself/);
    expect(await kindsBy({ 'feat_*': 'numeric', '*_b': 'categorical', feat_b: 'ignored' })).toEqual({
      feat_a: 'numeric',
    });
  });
});

test('a stratified split has the same share of each value, to the row', async () => {
  const path = await file(`x,y\n${lines(2000, (i) => `${i / 3},${Number(i % 100 === 7)}`)}`);
  const options = { path, split: { fraction: { validation: 0.1, test: 0.2 }, stratify: 'y' } };
  const source = await open(options);
  const counts = await Promise.all(
    splitNames.map(async (name) => {
      const rows = await readRows(source, name);
      return [rows.length, rows.filter((row) => row['y:y'] === 1).length];
    }),
  );
  expect(counts).toEqual([
    [1400, 14],
    [200, 2],
    [400, 4],
  ]);
  const again = await open({ ...options, splitSeed: 5 });
  expect(await readRows(again, 'test')).not.toEqual(await readRows(source, 'test'));
});

test('a number column with a few odd texts stays a number, and the note names them; with more it has categories', async () => {
  const text = (odd: number) =>
    `x,y\n${lines(1000, (i) => `${i % 1000 < odd ? ['12_34', 'odd'][i % 2] : i / 7},${i % 2}`)}`;
  const notes: string[] = [];
  const source = await open({ path: await file(text(50)) }, notes);
  expect(source.columns).toEqual([{ name: 'x', kind: 'numeric', cells: { lenient: true } }]);
  const rows = await readRows(source);
  expect(rows.filter((row) => Number.isNaN(row.x))).toHaveLength(50);
  expect(notes[0]).toBe(
    "Column 'x' has numbers but for 50 of 1000 values: '12_34', 'odd'. These count as missing; list them in dataset.missing, or say columns: { x: categorical }.",
  );
  const other = await open({ path: await file(text(51)) });
  expect(other.columns[0]?.kind).toBe('categorical');
  await expect(open({ path: await file(text(1)), columns: { x: 'numeric' } })).rejects.toThrow(
    /data\.csv:2: column 'x' is '12_34', which is no number/,
  );
});

test('dates are numbers, in days since 1970', async () => {
  const path = await file(`when,x,y\n${lines(310, (i) => `${1 + (i % 31)}.05.2024,${i / 7},${i % 2}`)}`);
  const source = await open({ path });
  expect(source.columns.map(({ kind }) => kind)).toEqual(['numeric', 'numeric']);
  const first = Date.UTC(2024, 4, 1) / 86_400_000;
  const whole = await readRows(source);
  expect(new Set(whole.map((row) => row.when))).toEqual(
    new Set(Array.from({ length: 31 }, (_, day) => Math.fround(first + day))),
  );
});

test('dates that may be of two months are categories', async () => {
  const path = await file(`when,x,y\n${lines(300, (i) => `0${1 + (i % 9)}/0${1 + (i % 7)}/2024,${i / 7},${i % 2}`)}`);
  expect((await open({ path })).columns[0]?.kind).toBe('categorical');
});

test.each([
  ['beyond 2^53', Array.from({ length: 100 }, (_, row) => String(2n ** 53n + BigInt(row)))],
  ['beyond 64 bits', ['12345678901234567890123', '12345678901234567890125']],
  ['beside decimals', ['9007199254740993', '9007199254740992', '0.5']],
])('whole numbers %s are categories, each its own, in CSV and JSON', async (_, ids) => {
  const rows = Array.from({ length: 100 }, (_, row) => [ids[row % ids.length] ?? '', row % 2]);
  const csv = await file(`id,y\n${rows.map((row) => `${row}\n`).join('')}`);
  const json = await file(rows.map(([id, y]) => `{"id": ${id}, "y": ${y}, "l": [${id}]}\n`).join(''), 'data.jsonl');
  for (const path of [csv, json]) {
    const source = await open({ path });
    expect(source.columns[0]).toMatchObject({ name: 'id', kind: 'categorical' });
    for (const { dictionary } of source.columns) expect(new Set(dictionary)).toEqual(new Set(ids));
  }
});

/** A table of 400 rows with the days of May 1998, but for those that are no dates. */
const inMay = (odd: number, text: (day: number) => string = (day) => `1998-05-${String(day).padStart(2, '0')}`) =>
  file(`when,y\n${lines(400, (i) => `${i < odd ? '1998-13-45' : text(1 + (i % 31))},${i % 2}`)}`);

test('a column of dates with a few other texts stays one, and the note names them', async () => {
  const notes: string[] = [];
  const path = await inMay(20);
  const source = await open({ path }, notes);
  expect(source.columns).toEqual([{ name: 'when', kind: 'numeric', cells: { lenient: true, time: 0 } }]);
  const missing = (await readRows(source)).map((row) => Number.isNaN(row.when));
  expect(missing).toEqual(Array.from({ length: 400 }, (_, row) => row < 20));
  expect(notes).toEqual([
    "Column 'when' has dates but for 20 of 400 values: '1998-13-45'. These count as missing; list them in dataset.missing, or say columns: { when: categorical }.",
    'Kinds of columns were inferred (dataset.columns overrides): dates, as days since 1970: when.',
  ]);
  await expect(open({ path, columns: { when: 'numeric' } })).rejects.toThrow(
    /data\.csv:2: column 'when' is '1998-13-45', which is no date as those of the column/,
  );
  const byTime = { columns: { when: 'numeric' }, split: { time: 'when' } };
  await expect(open({ path, ...byTime })).rejects.toThrow(
    /data\.csv:2: column 'when' is '1998-13-45', which is neither a number nor a date/,
  );
});

test('so do the parts of a time; new rows with other texts are read alike, unless training had none', async () => {
  const settings = { columns: { when: { kind: 'time', parts: ['weekday', 'days'] } } };
  const context = { seed: 0, note: () => undefined };
  const later = await file('when\n1998-05-04\nsoon\n');
  const read = async (odd: number) => {
    const notes: string[] = [];
    const { columns } = await open({ path: await inMay(odd), ...settings }, notes);
    const inputs = columns.map(({ name, kind, cells }) => ({ ...cells, name, kind }));
    const rows = await openNewRows([later], { inputs, labels: {}, keep: [] }, {}, context);
    const values = await readRows(rows.source, 'test');
    await rows.release();
    return { notes, values };
  };
  const { notes, values } = await read(2);
  expect(notes).toEqual([expect.stringMatching(/^Column 'when' has dates but for 2 of 400 values: '1998-13-45'\./)]);
  expect(values).toEqual([
    { 'when.weekday': '1', 'when.days': 10_350 },
    { 'when.weekday': '', 'when.days': Number.NaN },
  ]);
  await expect(read(0)).rejects.toThrow(/data\.csv:3: column 'when' is 'soon', which is no date as those/);
});

test('a column that was read as texts has another checksum as dates; that of other tables stays', async () => {
  const plain = '81108cf02b1d05e3aefe0e239b3384f90ace66ca64a93cd5c37cd3b8760ca42e';
  const asTexts = '14e4ad0d0b23f5b2f8daec5fe8d0e6b718af5521801dcdb0c91387a6b2a8d2dc';
  expect((await open({ path: await inMay(0) })).checksum).toBe(plain);
  expect((await open({ path: await inMay(1) })).checksum).not.toBe(asTexts);
});

test.each<[text: (day: number) => string, looksDated: boolean]>([
  [(day) => `May ${day} 1998`, true],
  [(day) => `${day}-May-98`, true],
  [(day) => `Fri ${day} May 1998 20:00:00 GMT`, true],
  [(day) => `05/${1 + (day % 12)}/1998`, true], // of which month?
  [(day) => (day % 4 ? `1998-05-${10 + (day % 20)}` : 'unknown'), true],
  [(day) => (day % 2 ? `${day}.5.1998` : `5/${day}/1998`), true],
  [(day) => `v1.2.${day}`, false],
  [(day) => `${day}:30`, false],
  [(day) => `May${day}`, false],
])('what looks like dates and is read as text is told: %#', async (text, looksDated) => {
  const notes: string[] = [];
  const path = await inMay(0, text);
  const { columns } = await open({ path }, notes);
  expect(columns[0]?.kind).toBe('categorical');
  const note = /^Column 'when' looks like dates, read as text: '[^']*', .*, … \(\d+\)\. Write them as 2024-05-31, or /;
  expect(notes.slice(0, -1)).toEqual(looksDated ? [expect.stringMatching(note)] : []);
  const ofCategories: string[] = [];
  await open({ path, columns: { when: 'categorical' } }, ofCategories);
  expect(ofCategories).toEqual([]);
});

test('infinity is no date', async () => {
  const days = (row: number) => (row === 7 ? 'infinity' : `${1 + (row % 31)}.05.1998`);
  const rows = await readRows(await open({ path: await file(`when,y\n${lines(400, (i) => `${days(i)},${i % 2}`)}`) }));
  expect(rows.flatMap((row, index) => (Number.isNaN(row.when) ? [index] : []))).toEqual([7]);
});

const parts = ['month', 'weekday', 'hour', 'days'] as const;
const start = Date.UTC(2023, 10, 20, 5, 30);
/** Every 7.5 hours. */
const times = Array.from({ length: 300 }, (_, row) => new Date(start + row * 27_000_000));
const y = (row: number) => row % 2;
const expected = times.map((time) => ({
  'at.month': String(time.getUTCMonth() + 1),
  'at.weekday': String(time.getUTCDay() || 7),
  'at.hour': String(time.getUTCHours()),
  'at.days': Math.fround(time.getTime() / 86_400_000),
}));
const settings = { columns: { at: { kind: 'time', parts } }, split: { time: 'at' } };

/** Every way of writing the same times. */
async function written(): Promise<Record<string, string>> {
  const csv = (text: (time: Date) => unknown) =>
    file(`at,x,y\n${times.map((time, row) => `${text(time)},${row / 7},${y(row)}\n`).join('')}`);
  const parquet = join(dirname(await file('')), 'rows.parquet');
  const rows = times.map((time, row) => `(${time.getTime()}, ${row / 7}, ${y(row)})`);
  await withDatabase((database) =>
    database.run(
      `COPY (SELECT epoch_ms(t::BIGINT) AS at, x, y FROM (VALUES ${rows.join(', ')}) v(t, x, y)) TO '${parquet}' (FORMAT parquet)`,
    ),
  );
  return {
    iso: await csv((time) => time.toISOString()),
    zone: await csv((time) => new Date(time.getTime() + 7_200_000).toISOString().replace('Z', '+02:00')),
    seconds: await csv((time) => time.getTime() / 1000),
    milliseconds: await csv((time) => time.getTime()),
    parquet,
  };
}

test('parts of times are inputs, whatever way the times are written', async () => {
  for (const [way, path] of Object.entries(await written())) {
    const source = await open({ path, ...settings });
    expect(source.columns.map(({ name, kind }) => `${name} ${kind}`)).toEqual([
      ...['at.month categorical', 'at.weekday categorical', 'at.hour categorical', 'at.days numeric', 'x numeric'],
    ]);
    expect(await readRows(source), way).toMatchObject(expected);
    expect(splitNames.map((name) => source.splits[name].rows)).toEqual([240, 30, 30]);
  }
});

test('new rows get them by the way of training, in a file with types too', async () => {
  const { iso = '', parquet = '', seconds = '' } = await written();
  for (const [trained, later] of [
    [iso, iso],
    [iso, parquet],
    [parquet, iso],
    [seconds, seconds],
  ] as const) {
    const { columns } = await open({ path: trained, ...settings });
    const inputs = columns.map(({ name, kind, cells }) => ({ ...cells, name, kind }));
    const wanted = { inputs, labels: {}, weight: undefined, keep: [] };
    const rows = await openNewRows([later], wanted, {}, { seed: 0, note: () => undefined });
    expect(await readRows(rows.source, 'test')).toMatchObject(expected);
    await rows.release();
  }
});

test('what is no time is refused with its line, as are names that are taken, and columns without times', async () => {
  const failure = async (text: string, more: object = {}) =>
    open({ path: await file(text), ...settings, split: undefined, ...more }).then(() => '', String);
  const lines = times.map((time, row) => `${time.toISOString()},${y(row)}`);
  const soon = lines.map((line, row) => (row < 16 ? 'soon,1' : line));
  expect(await failure(`at,y\n${soon.join('\n')}\n`)).toMatch(/Column 'at' has no times, or none in one format/);
  expect(
    await failure(`at,y\n${lines.map((_, row) => `0${1 + (row % 9)}/0${1 + (row % 8)}/2024,${y(row)}`).join('\n')}\n`),
  ).toMatch(/none in one format that tells days and months apart/);
  expect(await failure(`at,at.hour,y\n${lines.map((line) => line.replace(',', ',1,')).join('\n')}\n`)).toMatch(
    /dataset\.columns\.at: there is a column 'at\.hour' already; rename it/,
  );
  expect(await failure(`at,y\n${lines.map((_, row) => `${1 + row},${y(row)}`).join('\n')}\n`)).toBe('');
  expect(await failure(`at,y\n${lines.map((_, row) => `${1e6 * (1 + row)},${y(row)}`).join('\n')}\n`)).toMatch(
    /has no times/,
  );
});

test('a missing time is a missing value of each part', async () => {
  const path = await file(
    `at,y\n${times.map((time, row) => `${row % 3 ? time.toISOString() : ''},${y(row)}\n`).join('')}`,
  );
  const source = await open({ path, ...settings, split: undefined });
  const rows = await readRows(source, 'train');
  const missing = rows.filter((row) => Number.isNaN(row['at.days']));
  expect(missing.length).toBeGreaterThan(50);
  for (const row of missing) expect([row['at.month'], row['at.weekday'], row['at.hour']]).toEqual(['', '', '']);
});

const table = (user: (row: number) => string) =>
  file(`user,x,y\n${Array.from({ length: 1200 }, (_, i) => `${user(i)},${i / 2},${i % 2}`).join('\n')}\n`);
const columns = { user: 'categorical', x: 'numeric' };
const shares = { fraction: { validation: 0.2, test: 0.2 } };

/** How many rows of each user each split has, by number. */
async function users(user: (row: number) => string, split: object) {
  const path = await table(user);
  const source = await open({ path, columns, split: { ...shares, ...split } });
  const found = new Map<number, Partial<Record<SplitName, number>>>();
  for (const name of splitNames)
    for (const { user } of await readRows(source, name)) {
      const counts = found.get(Number(user)) ?? {};
      found.set(Number(user), { ...counts, [name]: (counts[name] ?? 0) + 1 });
    }
  return found;
}

const mixed = (row: number) => `${row % 60}${row % 7 < 3 ? '.0' : ''}`;

test('7 and 7.0 are one group: no user is in two splits; a group of one spelling is drawn by it', async () => {
  const found = await users(mixed, { group: 'user' });
  expect(found.size).toBe(60);
  for (const splits of found.values()) expect(Object.keys(splits)).toHaveLength(1);
  const plain = await users((row) => `${row % 60}.0`, { group: 'user' });
  const random = randomFromSeed(0).stream('split');
  for (const [user, splits] of plain) {
    const draw = random.stream(`${user}.0`).uniform();
    expect(Object.keys(splits)).toEqual([draw < 0.2 ? 'test' : draw < 0.4 ? 'validation' : 'train']);
  }
});

test('7 and 7.0 are one stratum, of which each split has its share', async () => {
  const fraction = { validation: 0.05, test: 0.05 }; // of 20 rows, of which 10 are spelled otherwise
  const found = await users((row) => `${row % 60}${row < 600 ? '.0' : ''}`, { stratify: 'user', fraction });
  expect([...found.values()]).toEqual(Array(60).fill({ train: 18, validation: 1, test: 1 }));
});

test('1 and 1.0 are one class, in training, in other splits and in a list', async () => {
  const labels = ['2', '1.0', '0.0', '1', 'true', '2.0', '0.0'];
  const path = await file(`x,fold,kind\n${labels.map((one, i) => `${i},${['v', 't'][i] ?? ''},${one}`).join('\n')}\n`);
  const read = async (multiclass: unknown) => {
    const source = await open({ path, tasks: { kind: { multiclass } }, split: folds, columns: { x: 'numeric' } });
    return [source.tasks[0]?.classes, (await readRows(source)).map((row) => row['y:kind'])];
  };
  expect(await read(true)).toEqual([
    ['0.0', '1', '2.0'],
    [2, 1, 0, 1, 1, 2, 0],
  ]);
  expect(await read([2, 1, 0])).toEqual([
    ['2', '1', '0'],
    [0, 1, 2, 1, 1, 0, 2],
  ]);
  await expect(read(['1', '1.0'])).rejects.toThrow('a class is listed twice');
});

test('number_key in SQL is numberKey', async () => {
  const texts = ['7', '7.0', '-7.0', '0.0', '-0.0', '07.0', '7.00', '7.10', '1.0e5', 'True', 'FALSE', 'x.0', '.0', ''];
  texts.push('123456789012345.0', '8999999999999999.0', '-8999999999999999.0', '9007199254740993.0', '+1.0');
  await withDatabase(async (database) => {
    for (const macro of macros) await database.run(macro);
    for (const text of texts) {
      const [[key] = []] = await queryRows(database, `SELECT number_key(${literal(text)})`);
      expect([text, key]).toEqual([text, numberKey(text) ?? text]);
    }
  });
});

test('a group that is hashed is told: users that share a value count as one', async () => {
  const path = await table((row) => String(row % 60));
  const notes: string[] = [];
  const of = (user: unknown) => open({ path, columns: { user, x: 'numeric' }, group: 'user' }, notes);
  await of({ kind: 'categorical', hash: 16 });
  expect(notes).toEqual([expect.stringMatching(/^dataset\.group: 'user' is hashed to 16 values; .* count together\./)]);
  await of('categorical');
  expect(notes).toHaveLength(1);
});

test('columns of structs are refused where they are used, and can be ignored', async () => {
  const path = await file('', 'data.parquet');
  await withDatabase((database) => {
    const columns = "sin(i) AS x, {'a': i} AS st, [{'c': i}] AS deep, (i % 2)::INTEGER AS y";
    return database.run(`COPY (SELECT ${columns} FROM range(200) t(i)) TO ${literal(path)}`);
  });
  const inputNames = async (dataset: object) => (await open(dataset)).columns.map(({ name }) => name);
  const settings = { path };
  expect(await inputNames({ ...settings, columns: { st: 'ignored', deep: 'ignored' } })).toEqual(['x']);
  const opening = open({ ...settings, columns: { st: 'ignored' } });
  await expect(opening).rejects.toThrow(
    /data\.parquet: column 'deep' is of type 'list of lists, maps or structs'.*leave it out: columns: \{ deep: ignored \}\.$/,
  );
  const text = await startingConfig(path);
  expect(text).toMatch(/^ {4}st: ignored # of type .*not supported$/m);
  expect(await inputNames(parse(text).dataset)).toEqual(['x']);
});
