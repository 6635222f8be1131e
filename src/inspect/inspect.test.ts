import { DuckDBConnection } from '@duckdb/node-api';
import { expect, test, vi } from 'vitest';
import type { Source, SourceColumn } from '../data/dataset.js';
import { fakeSource, toLists } from '../data/encode/encode.fixture.js';
import { file, open } from '../data/table/table-loader.fixture.js';
import { startingConfig } from '../guess/starting-config.js';
import { randomFromSeed } from '../support/random.js';
import { everything, glance, inspect } from './inspect.js';

const splits = ['train', 'validation', 'test'] as const;
type Split = (typeof splits)[number];
type Labels = readonly [click: number, time: number];

/** A column, and its value in a row. */
type Added = readonly [column: SourceColumn, value: (labels: Labels, row: number, split: Split) => number];

const numeric = (name: string, value: Added[1]): Added => [{ name, kind: 'numeric' }, value];
const category = (name: string, size: number, value: Added[1]): Added => [{ name, kind: 'categorical', size }, value];

/**
 * 4000, 1000 and 1000 rows without findings. The binary task `click` has a rate near .3 and depends a little on `color`;
 * the regression task `time` depends a little on `weight`.
 */
function sourceWith(added: readonly Added[] = [], masks?: (row: number) => readonly number[]) {
  const random = randomFromSeed(7);
  const columns: SourceColumn[] = [
    { name: 'color', kind: 'categorical', size: 5 },
    { name: 'weight', kind: 'numeric' },
    ...added.map(([column]) => column),
  ];
  const split = (name: Split, rows: number) => {
    const all = Array.from({ length: rows }, (_, row) => {
      const [color, weight] = [random.below(5), random.normal()];
      const labels = [Number(random.uniform() < 0.2 + 0.05 * color), 10 + weight + random.normal()] as const;
      return { values: [color, weight, ...added.map(([, value]) => value(labels, row, name))], labels };
    });
    const labels = [0, 1].map((t) => all.map((row) => row.labels[t] ?? 0));
    return {
      columns: columns.map((_, c) => all.map(({ values }) => values[c] ?? 0)),
      labels,
      ...(masks ? { masks: labels.map((_, t) => all.map((_, row) => masks(row)[t] ?? 0)) } : {}),
    };
  };
  const tasks = [
    { name: 'click', type: 'binary' },
    { name: 'time', type: 'regression' },
  ] as const;
  const cut = { train: split('train', 4000), validation: split('validation', 1000), test: split('test', 1000) };
  return fakeSource(columns, tasks, cut, 256);
}

const inspected = (source: Source) =>
  inspect(
    source,
    source.tasks.map((task, index) => ({ task, index })),
    everything,
  );
const noise = randomFromSeed(99);

test.each<[what: string, added: readonly Added[], findings: readonly RegExp[]]>([
  ['innocent data', [], []],
  [
    'a label in a noisy number',
    [numeric('copy', ([click]) => click + 0.2 * noise.normal())],
    [/^Column 'copy' predicts 'click' almost alone \(AUC 0\.99\d on 1,000 validation rows\): ignore it if/],
  ],
  [
    'a missing value that gives the label away',
    [numeric('copy', ([click], row) => (click ? Number.NaN : row % 50))],
    [/^Column 'copy' predicts 'click' almost alone \(AUC 1\.000/],
  ],
  [
    'a regression label in other units, heavy-tailed',
    [numeric('copy', ([, time]) => Math.exp(time / 2))],
    [/^Column 'copy' predicts 'time' almost alone \(R² 0\.99\d/],
  ],
  [
    'a category that tells both labels',
    [category('kind', 60, ([click, time]) => 2 * Math.max(0, Math.round(2 * time)) + click)],
    [/^Column 'kind' predicts 'click' almost alone \(AUC 1\.000 on [^)]*\), 'time' almost alone \(R² 0\.9\d\d on/],
  ],
  [
    'one value far from all others, in inputs and labels; a long tail, or many values far away, are none',
    [
      numeric('age', (_, row, split) => (split === 'test' && row % 500 === 0 ? 999 : row % 90)),
      numeric('depth', (_, row) => (row === 0 ? -1e6 : row % 90)),
      numeric('amount', (_, row) => 7 ** (row % 9)),
      numeric('two', (_, row) => (row === 0 ? 1e6 : row % 2)),
      numeric('codes', (_, row) => (row % 9 ? row % 90 : 999 + row)),
    ],
    [
      /^Column 'age' is 999 in 2 rows, 21 times as far from the median as any other value: correct it, or list it in dataset\.missing/,
      /^Column 'depth' is -1000000 in 3 rows, 22223 times as far/,
    ],
  ],
  [
    'pitfall 28: an id that knows its training labels alone is no disguise',
    [category('id', 8000, ([click], row, split) => (split === 'train' ? row + 4000 * click : (row * 37) % 8000))],
    [],
  ],
])('%s', async (_, added, expected) => {
  const { findings } = await inspected(sourceWith(added));
  expect(findings).toEqual(expected.map((finding) => expect.stringMatching(finding)));
});

test('rows of weight 0 do not count, and a few large labels do not decide', async () => {
  const random = randomFromSeed(2);
  const split = (name: Split) => {
    const size = Array.from({ length: 4000 }, () => random.normal());
    const weights = size.map((_, row) => row % 2);
    return {
      ...{ columns: [size.map((value) => value + (name === 'test' ? 0 : 1e-9))], weights },
      labels: [size.map((value, row) => (row % 2 ? Math.exp(3 * value) : 0))],
    };
  };
  const cut = { train: split('train'), validation: split('validation'), test: split('test') };
  const found = await inspected(
    fakeSource([{ name: 'x', kind: 'numeric' }], [{ name: 'y', type: 'regression' }], cut, 256),
  );
  expect(found.splits.test).toEqual({ rows: 4000, outside: 2000 });
  expect(found.findings).toEqual([
    expect.stringMatching(/^Column 'x' predicts 'y' almost alone \(R² 0\.9\d\d on 2,000/),
  ]);
});

test('rows in no sample space, and of infinite labels, are counted once', async () => {
  const { tasks, splits } = await inspected(sourceWith([], (row) => [row % 4 === 0 ? 0 : 1, row % 4 === 1 ? 1 : 0]));
  expect(splits.train).toEqual({ rows: 4000, outside: 1000 });
  expect(tasks.map(({ splits }) => splits.train.rows)).toEqual([3000, 1000]);
  expect(tasks[0]?.splits.train.positives).toBe(Math.round(3000 * (tasks[0]?.splits.train.mean ?? 0)));
});

/** Columns' values: training rows, then those of the test split. */
function equalRows(train: readonly (readonly number[])[], test: readonly (readonly number[])[]) {
  const columns = train.map((_, c) => ({ name: `x${c}`, kind: 'numeric' as const }));
  const split = (values: readonly (readonly number[])[]) => ({
    columns: values,
    labels: [(values[0] ?? []).map(() => 1)],
  });
  const cut = { train: split(train), validation: split(train), test: split(test) };
  return fakeSource(columns, [{ name: 'y', type: 'binary' }], cut, 1000);
}
const ofTest = async (source: Source) =>
  (await inspected(source)).findings.filter((text) => text.includes('test rows'));

test('rows are equal if all inputs are: zeros with and without a sign, and missing values', async () => {
  const many = <Value>(values: readonly Value[]) => Array.from({ length: 20 }, () => values).flat();
  const [train, row] = [Array.from({ length: 20 }, (_, r) => r), many([0])];
  const found = await ofTest(
    equalRows(
      [train.map((r) => (r === 0 ? Number.NaN : r - 1)), many([5])],
      [many([-0, Number.NaN, -1]), many([5, 5, 5])],
    ),
  );
  expect(found).toEqual([
    '40 of 60 test rows have the inputs of a training row; chance explains about 0: keep equal rows in one split.',
  ]);
  expect(await ofTest(equalRows([train, row], [train, row.map(() => 1)]))).toEqual([]);
});

test('of lists, order and weights count', async () => {
  const random = randomFromSeed(1);
  const lists = Array.from({ length: 40 }, () => [random.below(900), random.below(900)]);
  const sourceOf = (test: readonly (readonly (readonly [number, number])[])[]): Source => {
    const split = (rows: typeof test) => {
      const labels = [new Float32Array(rows.length).fill(1)];
      return { rows: 40, blockRows: 40, read: () => ({ rows: 40, columns: [toLists(rows)], labels }) };
    };
    const train = split(lists.map((entries) => entries.map((entry) => [entry, 1] as const)));
    const columns = [{ name: 'x', kind: 'list', size: 900 }] as const;
    const tasks = [{ name: 'y', type: 'binary' }] as const;
    return { columns, tasks, checksum: 'lists', splits: { train, validation: train, test: split(test) } };
  };
  const weighted = (weight: number, of = lists) =>
    of.map((entries) => entries.map((entry) => [entry, weight] as const));
  expect(await ofTest(sourceOf(weighted(1)))).toEqual([expect.stringMatching(/^40 of 40 test rows/)]);
  expect(await ofTest(sourceOf(weighted(2)))).toEqual([]);
  expect(
    await ofTest(
      sourceOf(
        weighted(
          1,
          lists.map((entries) => entries.toReversed()),
        ),
      ),
    ),
  ).toEqual([]);
});

test('what chance explains is no finding, whether equal rows are many or few', async () => {
  const random = randomFromSeed(5);
  for (const [train, test, different] of [
    [2000, 1000, 100],
    [5000, 5000, 100_000],
    [20_000, 20_000, 100_000],
  ] as const) {
    const draws = (rows: number) => [Array.from({ length: rows }, () => random.below(different))];
    expect(await ofTest(equalRows(draws(train), draws(test)))).toEqual([]);
  }
});

test('a glance reads evenly spaced blocks, and tells eight findings', async () => {
  const copies = Array.from({ length: 20 }, (_, c) => numeric(`copy${c}`, ([click]) => click));
  const filler = Array.from({ length: 500 }, (_, c) => numeric(`x${c}`, (_, row) => row % (c + 2)));
  const source = sourceWith([...copies, ...filler]);
  const notes = await glance(
    source,
    source.tasks.map((task, index) => ({ task, index })),
  );
  expect(notes).toHaveLength(9);
  expect(notes.at(-1)).toBe('12 more findings: ple data inspect.');
  expect(source.reads).toEqual({ train: 8, validation: 4, test: 4 });
});

/** 3,000 rows of two binary inputs, a normal and a category, with a normal label; `copied` of them stand there twice. */
function withCopies(copied: number, columns: 'all' | 'few' | 'one') {
  const random = randomFromSeed(4);
  const once = Array.from({ length: 3000 }, () => {
    const values = [random.below(2), random.below(2), Math.round(1e6 * random.normal()), random.below(6)];
    const chosen = { all: values, few: values.toSpliced(2, 1), one: values.slice(3) };
    return { values: chosen[columns], label: random.below(2) };
  });
  const rows = [...once, ...once.slice(0, copied)];
  const names = rows[0]?.values.map((_, c) => ({ name: `x${c}`, kind: 'numeric' as const })) ?? [];
  const split = {
    columns: names.map((_, c) => rows.map(({ values }) => values[c] ?? 0)),
    labels: [rows.map(({ label }) => label)],
  };
  return fakeSource(names, [{ name: 'y', type: 'binary' }], { train: split, validation: split, test: split }, 256);
}

test('copies of rows are told, and rows that are equal by chance are not', async () => {
  const findings = async (source: Source) =>
    (await inspected(source)).findings.filter((text) => text.includes('pairs'));
  expect(await findings(withCopies(60, 'all'))).toEqual([
    '60 pairs of training rows are equal in all inputs and labels, more than chance explains: leave copies out if each row should count once.',
  ]);
  expect(await findings(withCopies(0, 'all'))).toEqual([]);
  expect(await findings(withCopies(60, 'few'))).toEqual([]);
  expect(await findings(withCopies(60, 'one'))).toEqual([]);
});

test('a label far from the scale of all others is told', async () => {
  const labels = Array.from({ length: 300 }, (_, row) => (row === 7 ? 61 : 1 + (row % 10)));
  const split = { columns: [labels.map((_, row) => row)], labels: [labels] };
  const cut = { train: split, validation: split, test: split };
  const source = fakeSource([{ name: 'x', kind: 'numeric' }], [{ name: 'score', type: 'regression' }], cut, 256);
  expect((await inspected(source)).findings.filter((text) => text.includes('score'))).toEqual([
    "The label of task 'score' is 61 in 3 rows, 11 times as far from the median as any other value: correct it, or list it in dataset.missing if it marks a missing value.",
  ]);
});

/** How often tables are named in statements, each of which binds all columns of a table that it names. */
async function countScans(columns: number): Promise<number> {
  const run = vi.spyOn(DuckDBConnection.prototype, 'run');
  const names = Array.from({ length: columns }, (_, c) => `c${c}`);
  const row = (r: number) =>
    [r % 2, ...names.map((_, c) => ((r * ((c % 30) + 1)) % 41) / (c % 2 === 0 ? 1 : 8))].join();
  const path = await file(
    ['label', ...names].join().concat('\n', Array.from({ length: 60 }, (_, r) => row(r)).join('\n')),
  );
  await startingConfig(path);
  const source = await open({
    path,
    tasks: { label: {} },
    split: { fraction: { validation: 0.2, test: 0.2 } },
  });
  await inspect(source, [{ task: { name: 'label', type: 'binary' }, index: 0 }], everything);
  const statements = run.mock.calls.map(([sql]) => String(sql));
  run.mockRestore();
  return statements.reduce((sum, sql) => sum + sql.split(/\b(?:FROM|INTO|UPDATE) /).length, 0);
}

test('a table five times as wide is guessed, prepared and inspected in the same passes over its rows', async () => {
  expect(await countScans(40)).toBe(await countScans(8));
});

test('the SQL that cleans texts stands once, however many columns there are', async () => {
  const run = vi.spyOn(DuckDBConnection.prototype, 'run');
  const names = Array.from({ length: 30 }, (_, c) => `c${c}`);
  const path = await file(`label,${names}\n${'1,a\n'.replace('a', names.join()).repeat(9)}0, ${names}`);
  await open({ path, tasks: { label: {} }, split: { fraction: { validation: 0.3, test: 0.3 } } });
  const [insert = ''] = run.mock.calls
    .map(([sql]) => String(sql))
    .filter((sql) => sql.startsWith('INSERT INTO staged'));
  run.mockRestore();
  expect(insert.match(/trimmed\(/g)).toHaveLength(1);
});
