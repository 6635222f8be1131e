import { describe, expect, test } from 'vitest';
import { inputsSchema, taskSchema } from '../../config/parts.js';
import { ConfigError } from '../../support/errors.js';
import type { SourceColumn } from '../dataset.js';
import { type FakeSplit, fakeSource, readWhole } from './encode.fixture.js';
import { encode } from './encode.js';
import { checkStored } from './fit.js';

const inputs = (settings: object = {}) => inputsSchema.parse(settings);
const tasks = (...names: string[]) => names.map((name) => taskSchema.parse({ name, type: 'binary' }));

/** A source with one column, one binary task and blocks of three rows. */
function oneColumn(column: SourceColumn, train: readonly number[], other: readonly number[] = train) {
  const split = (values: readonly number[]): FakeSplit => ({ columns: [values], labels: [values.map(() => 1)] });
  return fakeSource(
    [column],
    [{ name: 'click', type: 'binary' }],
    { train: split(train), validation: split(other), test: split(other) },
    3,
  );
}

/** `0101` as numbers. */
const bits = (text: string) => Array.from(text, Number);

const numeric: SourceColumn = { name: 'age', kind: 'numeric' };

async function encodeNumeric(settings: object, train: readonly number[], other: readonly number[]) {
  const dataset = await encode(oneColumn(numeric, train, other), inputs(settings), tasks('click'));
  return { dataset, train: await readWhole(dataset.splits.train), test: await readWhole(dataset.splits.test) };
}

describe('categorical columns', () => {
  const column: SourceColumn = { name: 'city', kind: 'categorical', dictionary: ['a', 'b', 'c', 'd'] };

  test('pitfall 27: only values seen in training have an index; all others share 0', async () => {
    const source = oneColumn(column, [3, 1, 3, 3, 1], [0, 1, 2, 3]);
    const { categorical, numeric, splits } = await encode(source, inputs({ embedding: 7 }), tasks('click'));
    expect(categorical).toEqual([{ name: 'city', cardinality: 3, embedding: 7 }]);
    expect(numeric).toEqual([]);
    expect(source.reads).toEqual({ train: 2, validation: 0, test: 0 }); // what is fitted
    expect([...(await readWhole(splits.train)).categorical]).toEqual([2, 1, 2, 2, 1]);
    expect([...(await readWhole(splits.test)).categorical]).toEqual([0, 1, 0, 2]);
  });

  test('an index that the dictionary does not have is refused: an engine might look it up', async () => {
    const { splits } = await encode(oneColumn(column, [3, 1], [0, 4]), inputs(), tasks('click'));
    await expect(readWhole(splits.test)).rejects.toThrow('has 4 where an index of a dictionary of 4 values');
  });
});

test('vocabularies that a run cannot store are refused with what makes them shorter', () => {
  const column = (name: string, values: number | string[]) =>
    ({ name, kind: 'vocabulary', values, rare: [], cells: {} }) as const;
  const columns = [column('few', ['a']), column('user', ['abc', 'éd']), column('all', 10 ** 8)];
  expect(() => checkStored(columns, 15)).toThrow(/^Column 'user' .*inputs\.columns\.user\.minCount, or hash/);
  expect(() => checkStored(columns, 16)).not.toThrow();
});

describe('numeric columns', () => {
  test('standard: mean 0 and deviation 1 in training, the same map elsewhere, missing is the mean', async () => {
    const { train, test } = await encodeNumeric({}, [1, 3, 5, 7, Number.NaN], [4, 9, Number.NaN]);
    const deviation = Math.sqrt(5);
    expect([...train.numeric]).toEqual([-3, -1, 1, 3, 0].map((x) => Math.fround(x / deviation)));
    expect([...test.numeric]).toEqual([0, 5, 0].map((x) => Math.fround(x / deviation)));
  });

  test('standard: a large mean costs no digits', async () => {
    const { train } = await encodeNumeric({}, [10_000_000, 10_000_001, 10_000_002, 10_000_003], []);
    expect(train.numeric[0]).toBeCloseTo(-1.5 / Math.sqrt(1.25), 6);
  });

  test('log1p: sign(x) log(1 + |x|), standardised', async () => {
    const e = (x: number) => Math.fround(Math.expm1(x));
    const { train, test } = await encodeNumeric({ numeric: 'log1p' }, [-e(1), e(1), Number.NaN], [e(3), -e(2)]);
    expect(train.numeric[0]).toBeCloseTo(-1, 6);
    expect([...train.numeric].slice(1)).toEqual([expect.closeTo(1, 6), 0]);
    expect([...test.numeric]).toEqual([expect.closeTo(3, 6), expect.closeTo(-2, 6)]);
  });

  test('columns that are standardised already are neither read nor changed', async () => {
    const source = oneColumn({ ...numeric, standardized: true }, [1, 5, Number.NaN, 2], [8]);
    const { splits } = await encode(source, inputs(), tasks('click'));
    expect(source.reads.train).toBe(1); // whether there are masks
    expect([...(await readWhole(splits.train)).numeric]).toEqual([1, 5, 0, 2]);
  });

  test('quantile: buckets of equal count, whose edges are of the training split', async () => {
    const { dataset, train, test } = await encodeNumeric(
      { numeric: 'quantile', buckets: 4 },
      [8, 7, 6, 5, 4, 3, 2, 1],
      [-9, 5, 99],
    );
    expect(dataset.categorical).toEqual([{ name: 'age', cardinality: 5, embedding: 4 }]);
    expect([...train.categorical]).toEqual([4, 4, 3, 3, 2, 2, 1, 1]);
    expect([...test.categorical]).toEqual([1, 3, 4]);
  });

  test('buckets: a missing value has an index of its own if training has one, else 0', async () => {
    const settings = { numeric: 'quantile', buckets: 2 };
    const seen = await encodeNumeric(settings, [1, 1, 2, 2, Number.NaN], [Number.NaN, 2]);
    expect([...seen.train.categorical]).toEqual([1, 1, 2, 2, 3]);
    expect([...seen.test.categorical]).toEqual([3, 2]);
    expect(seen.dataset.categorical[0]?.cardinality).toBe(4);
    const unseen = await encodeNumeric(settings, [1, 1, 2, 2], [Number.NaN, 2]);
    expect([...unseen.test.categorical]).toEqual([0, 2]);
  });

  test('value: the most frequent values have an index each, others that of the nearest', async () => {
    const train = [100, 100, 100, 10, 10, 10, 0, 0, 3, 70];
    const {
      dataset,
      train: rows,
      test,
    } = await encodeNumeric({ numeric: 'value', buckets: 3 }, train, [-1, 4, 6, 1000]);
    expect(dataset.categorical[0]?.cardinality).toBe(4);
    expect([...rows.categorical]).toEqual([3, 3, 3, 2, 2, 2, 1, 1, 1, 3]);
    expect([...test.categorical]).toEqual([1, 1, 2, 3]);
  });
});

describe('tasks', () => {
  /** @param masks By split and task. */
  const source = (masks?: Record<'train' | 'test', readonly string[]>) => {
    const labels = [bits('1010101'), [10, 20, 30, 40, 50, 60, 70]];
    const split = (name: 'train' | 'test'): FakeSplit => ({
      columns: labels.slice(1),
      labels,
      ...(masks ? { masks: masks[name].map(bits) } : {}),
    });
    const tasks = [
      { name: 'click', type: 'binary' },
      { name: 'seconds', type: 'regression' },
    ] as const;
    return fakeSource([numeric], tasks, { train: split('train'), validation: split('test'), test: split('test') }, 3);
  };
  const seconds = (settings: object = {}) => taskSchema.parse({ name: 'seconds', type: 'regression', ...settings });

  test('pitfall 26: their order is that of the config', async () => {
    const { tasks: order, splits } = await encode(source(), inputs(), [seconds(), ...tasks('click')]);
    expect(order.map(({ name }) => name)).toEqual(['seconds', 'click']);
    expect([...(await readWhole(splits.train)).labels].slice(0, 4)).toEqual([10, 1, 20, 0]);
  });

  test('standardize learns mean and deviation of the training labels inside the sample space; labels keep their units', async () => {
    const masked = source({ train: ['1111111', '0011100'], test: ['1111111', '1111111'] });
    const dataset = await encode(masked, inputs(), [...tasks('click'), seconds({ standardize: true })]);
    expect(dataset.tasks[0]).toMatchObject({ offset: 0, scale: 1 });
    expect(dataset.tasks[1]?.offset).toBeCloseTo(40, 10);
    expect(dataset.tasks[1]?.scale).toBeCloseTo(Math.sqrt(200 / 3), 10);
    expect((await readWhole(dataset.splits.train)).labels[5]).toBe(30);
  });

  test('training rows in no sample space leave the split and the fit, and blocks close up', async () => {
    const masked = source({ train: ['0100010', '0100111'], test: ['0100010', '0000000'] });
    const dataset = await encode(masked, inputs(), [...tasks('click'), seconds()]);
    const train = await readWhole(dataset.splits.train); // 3 + 1 rows
    expect(dataset.splits.train.rows).toBe(4);
    expect([...train.labels]).toEqual([0, 20, 0, 50, 0, 60, 0, 70]);
    expect([...train.masks]).toEqual([1, 1, 0, 1, 1, 1, 0, 1]);
    expect([...train.numeric]).toEqual([-30, 0, 10, 20].map((x) => Math.fround(x / Math.sqrt(350))));
    const test = await readWhole(dataset.splits.test); // keeps all, as metrics have masks of their own
    expect([...test.masks]).toEqual(bits('00100000001000'));
  });

  test('a task whose sample space has other training rows than that of the first is named', async () => {
    const separateTasks = async (train: readonly string[]) =>
      (await encode(source({ train, test: ['1111111', '0000000'] }), inputs(), [...tasks('click'), seconds()])).apart;
    expect(await separateTasks(['1111110', '1111111'])).toEqual(['seconds']);
    expect(await separateTasks(['1011111', '1011111'])).toBeUndefined();
  });

  test('a task without a training row in its sample space is refused: nothing would train it', async () => {
    const masked = source({ train: ['1111111', '0000000'], test: ['1111111', '1111111'] });
    await expect(encode(masked, inputs(), [...tasks('click'), seconds()])).rejects.toThrow(
      "No training row with a weight above 0 is in the sample space of task 'seconds'.",
    );
  });

  test('an unknown task is a config error', async () => {
    const encoding = encode(source(), inputs(), tasks('clicks'));
    await expect(encoding).rejects.toThrow(ConfigError);
    await expect(encoding).rejects.toThrow("no task 'clicks' (did you mean 'click'?); there are: click, seconds");
  });

  test.each<[object, RegExp]>([
    [{ agee: {} }, /'agee' is no input \(did you mean 'age'\?\)\. Inputs are: age.*ignores it, delete it here/],
    [{ age: { embedding: 8 } }, /age: the column is numeric \(standard\), so 'embedding' would change nothing/],
    [
      { tags: { pool: 'attention', target: 'age' } },
      /tags.target: the data have no categorical column 'age'; there are: city/,
    ],
  ])('settings %j of a column are a config error', async (columns, message) => {
    const more = [
      { name: 'city', kind: 'categorical', dictionary: ['a'] },
      { name: 'tags', kind: 'list', dictionary: ['p'] },
    ] as const;
    const made = source();
    const several = { ...made, columns: [...made.columns, ...more] }; // no row is read
    const encoding = encode(several, inputs({ columns }), tasks('click'));
    await expect(encoding).rejects.toThrow(ConfigError);
    await expect(encoding).rejects.toThrow(message);
  });
});

test('groups are the values of a categorical column as they are, in the order of the rows', async () => {
  const user = { name: 'user', kind: 'categorical', size: 5 } as const;
  const source = { ...oneColumn(user, [4, 1, 1], [2, 4, 2, 2]), group: 'user' };
  const { splits } = await encode(source, inputs({ minCount: 2 }), tasks('click'));
  expect([...((await splits.test.groups?.()) ?? [])]).toEqual([2, 4, 2, 2]);
  expect(splits.train.groups).toBeUndefined();
});

test('spellings of one number are one group', async () => {
  const user = { name: 'user', kind: 'categorical', dictionary: ['u', '7', '8', '7.0'] } as const;
  const source = { ...oneColumn(user, [0, 1], [3, 2, 1, 0]), group: 'user' };
  const { splits } = await encode(source, inputs(), tasks('click'));
  expect([...((await splits.test.groups?.()) ?? [])]).toEqual([1, 2, 1, 0]);
});

test('weights of rows stand in the masks of the sample space; a training row of weight 0 is no row', async () => {
  const made: FakeSplit = {
    columns: [[1, 2, 3, 4, 5, 6, 7]],
    labels: [bits('1010101')],
    masks: [bits('1110111')],
    weights: [2, 0, 0.5, 1, 0, 0, 3],
  };
  const readSplits = { train: made, validation: made, test: made };
  const source = fakeSource([numeric], [{ name: 'click', type: 'binary' }], readSplits, 3);
  const { splits } = await encode(source, inputs(), tasks('click'));
  expect([...(await readWhole(splits.test)).masks]).toEqual([2, 0, 0.5, 0, 0, 0, 3]);
  const train = await readWhole(splits.train);
  expect([...train.masks]).toEqual([2, 0.5, 3]);
  const deviation = Math.sqrt(56 / 9); // of 1, 3 and 7, whatever their weights
  expect([...train.numeric]).toEqual([1, 3, 7].map((x) => expect.closeTo((x - 11 / 3) / deviation, 6)));
});
