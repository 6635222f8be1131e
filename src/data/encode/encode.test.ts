import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { inputsSchema, taskSchema } from '../../config/parts.js';
import { ConfigError, DataError } from '../../support/errors.js';
import { must } from '../../support/must.js';
import { type SourceColumn, splitNames } from '../dataset.js';
import { type Generated, generatedRows, generatedSource } from '../store/generated-source.js';
import { type FakeSplit, fakeSource, readWhole } from './encode.fixture.js';
import { checkStored, encode } from './encode.js';
import { project } from './project.js';
import { fedIndexes, indexLookup } from './vocabulary.js';

const inputs = (settings: object = {}) => inputsSchema.parse(settings);
const click = taskSchema.parse({ name: 'click', type: 'binary' });
const seconds = (settings: object = {}) => taskSchema.parse({ name: 'seconds', type: 'regression', ...settings });

/** `0101` as numbers. */
const bits = (text: string) => Array.from(text, Number);

/** A source with one column, one binary task and blocks of three rows. */
function oneColumn(column: SourceColumn, train: readonly number[], other: readonly number[] = train, group?: string) {
  const split = (values: readonly number[]): FakeSplit => ({ columns: [values], labels: [values.map(() => 1)] });
  const splits = { train: split(train), validation: split(other), test: split(other) };
  return { ...fakeSource([column], [{ name: 'click', type: 'binary' }], splits, 3), group };
}

const city: SourceColumn = { name: 'city', kind: 'categorical', dictionary: ['a', 'b', 'c', 'd'] };
const age: SourceColumn = { name: 'age', kind: 'numeric' };

test('pitfall 27: only values seen in training have an index; all others share 0; only training is read for it', async () => {
  const source = oneColumn(city, [3, 1, 3, 3, 1], [0, 1, 2, 3]);
  const { categorical, numeric, splits } = await encode(source, inputs({ embedding: 7 }), [click]);
  expect([categorical, numeric]).toEqual([[{ name: 'city', cardinality: 3, embedding: 7 }], []]);
  expect(source.reads).toEqual({ train: 2, validation: 0, test: 0 });
  expect([...(await readWhole(splits.train)).categorical]).toEqual([2, 1, 2, 2, 1]);
  expect([...(await readWhole(splits.test)).categorical]).toEqual([0, 1, 0, 2]);
});

test('an index that the dictionary does not have is refused: an engine might look it up', async () => {
  const { splits } = await encode(oneColumn(city, [3, 1], [0, 4]), inputs(), [click]);
  await expect(readWhole(splits.test)).rejects.toThrow('has 4 where an index of a dictionary of 4 values');
});

const [nan, e] = [Number.NaN, Math.expm1];
const by = (divisor: number, ...values: readonly number[]) => values.map((value) => value / divisor);
const million = [10_000_000, 10_000_001, 10_000_002, 10_000_003];

describe('numeric columns', () => {
  test.each<[string, object, readonly number[], readonly number[], readonly number[], readonly number[], number?]>([
    [
      'standard: mean 0, deviation 1 in training, missing is the mean',
      {},
      [1, 3, 5, 7, nan],
      [4, 9, nan],
      by(Math.sqrt(5), -3, -1, 1, 3, 0),
      by(Math.sqrt(5), 0, 5, 0),
    ],
    ['standard: a large mean costs no digits', {}, million, [], by(Math.sqrt(1.25), -1.5, -0.5, 0.5, 1.5), []],
    ['standard: a constant column becomes 0', {}, [3, 3, nan], [4], [0, 0, 0], [0]],
    [
      'log1p: sign(x) log(1 + |x|), standardised',
      { numeric: 'log1p' },
      [-e(1), e(1), nan],
      [e(3), -e(2)],
      [-1, 1, 0],
      [3, -2],
    ],
    [
      'quantile: buckets of equal count, with edges of training',
      { numeric: 'quantile', buckets: 4 },
      [8, 7, 6, 5, 4, 3, 2, 1],
      [-9, 5, 99],
      [4, 4, 3, 3, 2, 2, 1, 1],
      [1, 3, 4],
      5,
    ],
    [
      'quantile: equal ones make fewer buckets',
      { numeric: 'quantile', buckets: 4 },
      [1, 1, 1, 2],
      [3],
      [1, 1, 1, 2],
      [2],
      3,
    ],
    [
      'buckets: missing has an index if training has it',
      { numeric: 'quantile', buckets: 2 },
      [1, 1, 2, 2, nan],
      [nan, 2],
      [1, 1, 2, 2, 3],
      [3, 2],
      4,
    ],
    ['buckets: else 0', { numeric: 'quantile', buckets: 2 }, [1, 1, 2, 2], [nan, 2], [1, 1, 2, 2], [0, 2], 3],
    [
      'value: the most frequent have an index, others that of the nearest',
      { numeric: 'value', buckets: 3 },
      [100, 100, 100, 10, 10, 10, 0, 0, 3, 70],
      [-1, 4, 6, 1000],
      [3, 3, 3, 2, 2, 2, 1, 1, 1, 3],
      [1, 1, 2, 3],
      4,
    ],
  ])('%s', async (_, settings, train, other, expected, expectedOther, cardinality) => {
    const { categorical, splits } = await encode(oneColumn(age, train, other), inputs(settings), [click]);
    for (const [split, values] of [
      [splits.train, expected],
      [splits.test, expectedOther],
    ] as const) {
      const block = await readWhole(split);
      expect([...block.numeric, ...block.categorical]).toEqual(values.map((value) => expect.closeTo(value, 6)));
    }
    expect(categorical[0]?.cardinality).toBe(cardinality);
  });

  test('that are standardized already are neither read nor changed', async () => {
    const source = oneColumn({ ...age, standardized: true }, [1, 5, nan, 2], [8]);
    const { splits } = await encode(source, inputs(), [click]);
    expect(source.reads.train).toBe(1); // whether there are weights
    expect([...(await readWhole(splits.train)).numeric]).toEqual([1, 5, 0, 2]);
  });

  test.each([
    ['numbers of all sizes', fc.double({ noNaN: true })],
    ['close numbers', fc.integer({ min: 0, max: 40 }).map((value) => 1 + value / 8)],
    ['numbers that hardly differ', fc.integer({ min: 0, max: 9 }).map((value) => value * Number.MIN_VALUE)],
  ])('a bucket is the count of edges that are not above: %s', (_, number) => {
    const some = fc.array(number, { maxLength: 30 });
    const property = fc.asyncProperty(some, some, async (drawn, others) => {
      const edges = [...Float64Array.from(new Set(drawn.filter(Number.isFinite))).sort()];
      const values = Float32Array.from([...edges, ...others, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]);
      const column = { name: 'age', kind: 'buckets', edges, missing: false, cells: {} } as const;
      const { splits } = project(
        oneColumn(age, [...values]),
        { schema: 1, columns: [column], tasks: [] },
        inputs(),
        [],
      );
      expect([...(await readWhole(splits.test)).categorical]).toEqual(
        Array.from(values, (value) => 1 + edges.filter((edge) => edge <= value).length),
      );
    });
    return fc.assert(property, { numRuns: 500 });
  });

  test('beyond 262,144 rows buckets are of every k-th row, through all blocks', async () => {
    const values = Array.from({ length: 2 ** 19 + 6 }, (_, row) => (row % 3 === 0 ? row : -1)); // every third row is sampled
    const split = { columns: [values], labels: [values.map(() => 1)] };
    const few = { columns: [[1]], labels: [[1]] };
    const splits = { train: split, validation: few, test: few };
    const source = fakeSource([age], [{ name: 'click', type: 'binary' }], splits, 10_000);
    const { encoding } = await encode(source, inputs({ numeric: 'quantile', buckets: 4 }), [click]);
    const quarter = (k: number) => 3 * Math.floor((k * Math.ceil(values.length / 3)) / 4);
    expect(encoding.columns).toMatchObject([{ edges: [quarter(1), quarter(2), quarter(3)] }]);
  });
});

describe('vocabularies', () => {
  test.each([
    ['1 0 1.0 true 01', [1, 2, 1, 1, 0]], // 01 is none of training's values
    ['1 0 1.0 true 007', [1, 2, 3, 4, 5]],
    ['2.5 1 1.10 1.1', [1, 2, 3, 4]],
    ['1 +1 1.0', [1, 2, 3]],
    ['1 1e0 1.0', [1, 2, 3]],
    ['9007199254740993 1 1.0', [1, 2, 3]],
  ])(
    'spellings of one number share an index, unless a training value looks like a code: %s',
    async (texts, indexes) => {
      const dictionary = texts.split(' ');
      const every = [...dictionary.keys()];
      const source = oneColumn(
        { ...city, dictionary },
        every.filter((index) => dictionary[index] !== '01'),
        every,
      );
      const { splits } = await encode(source, inputs(), [click]);
      expect([...(await readWhole(splits.test)).categorical]).toEqual(indexes);
    },
  );

  test('codes that are all known are stored as their number', async () => {
    const fitted = async (minCount: number, complete: boolean) => {
      const user: SourceColumn = { name: 'user', kind: 'categorical', size: 4, complete };
      const { encoding } = await encode(oneColumn(user, complete ? [1] : [3, 0, 2, 1, 1]), inputs({ minCount }), [
        click,
      ]);
      return must(encoding.columns[0], 'user');
    };
    for (const column of [await fitted(1, false), await fitted(1, true)]) {
      expect(column).toMatchObject({ kind: 'vocabulary', values: 4, rare: [] });
      if (column.kind !== 'vocabulary') throw new Error('codes have a vocabulary');
      expect([...fedIndexes({ size: 6 }, column)]).toEqual([1, 2, 3, 4, 0, 0]);
      const index = indexLookup(column);
      expect(['0', '3', '4', '-1', '01', '1.0', '1e0', ''].map(index)).toEqual([1, 4, ...Array(6).fill(undefined)]);
    }
    expect(await fitted(2, false)).toMatchObject({ kind: 'vocabulary', values: [1], rare: [] });
  });

  test('that a run cannot store are refused with what makes them shorter', () => {
    const column = (name: string, values: number | string[]) =>
      ({ name, kind: 'vocabulary', values, rare: [], cells: {} }) as const;
    const columns = [column('few', ['a']), column('user', ['abc', 'éd']), column('all', 10 ** 8)];
    expect(() => checkStored(columns, 15)).toThrow(/^Column 'user' .*inputs\.columns\.user\.minCount, or hash/);
    expect(() => checkStored(columns, 16)).not.toThrow();
    for (const values of [
      [null, 'b', 'b'],
      [null, 'r', 'b'],
    ])
      expect(() => checkStored([{ ...column('user', []), values, rare: ['r'] }])).toThrow(
        "Column 'user' has a value twice: its loader gives it two indexes.",
      );
  });
});

describe('tasks', () => {
  /** A click, and seconds of 10 to 70. @param masks By split and task. */
  const source = (train: readonly string[], test: readonly string[] = ['1111111', '1111111']) => {
    const labels = [bits('1010101'), [10, 20, 30, 40, 50, 60, 70]];
    const split = (masks: readonly string[]) => ({ columns: labels.slice(1), labels, masks: masks.map(bits) });
    const tasks = [
      { name: 'click', type: 'binary' },
      { name: 'seconds', type: 'regression' },
    ] as const;
    return fakeSource([age], tasks, { train: split(train), validation: split(test), test: split(test) }, 3);
  };
  const all = ['1111111', '1111111'];

  test('pitfall 26: their order is that of the config', async () => {
    const { tasks, splits } = await encode({ ...source(all), masked: false }, inputs(), [seconds(), click]);
    expect(tasks.map(({ name }) => name)).toEqual(['seconds', 'click']);
    expect([...(await readWhole(splits.train)).labels].slice(0, 4)).toEqual([10, 1, 20, 0]);
  });

  test('standardize learns mean and deviation of the training labels inside the sample space; labels keep their units', async () => {
    const { tasks, splits } = await encode(source(['1111111', '0011100']), inputs(), [
      click,
      seconds({ standardize: true }),
    ]);
    const scale = expect.closeTo(Math.sqrt(200 / 3), 10);
    expect(tasks).toMatchObject([
      { offset: 0, scale: 1 },
      { offset: expect.closeTo(40, 10), scale },
    ]);
    expect((await readWhole(splits.train)).labels[5]).toBe(30);
  });

  test('training rows in no sample space leave the split and the fit, and blocks close up', async () => {
    const masked = source(['0100010', '0101101'], ['0100010', '0000000']);
    const { splits } = await encode(masked, inputs(), [click, seconds()]);
    const train = await readWhole(splits.train); // of blocks with 1, 3 and 1 rows
    expect([splits.train.rows, ...train.labels]).toEqual([5, 0, 20, 0, 40, 0, 50, 0, 0, 0, 70]);
    expect([...train.masks]).toEqual([1, 1, 0, 1, 0, 1, 1, 0, 0, 1]);
    expect([...train.numeric]).toEqual(by(Math.sqrt(296), -28, -8, 2, 12, 22).map(Math.fround));
    expect([...(await readWhole(splits.test)).masks]).toEqual(bits('00100000001000')); // keeps all, as metrics have masks of their own
  });

  test.each([
    [['1111110', '1111111'], ['seconds']],
    [['1011111', '1011111'], undefined],
  ])('of sample spaces %j of training rows, those that differ from the first are named: %j', async (train, apart) => {
    expect((await encode(source(train), inputs(), [click, seconds()])).apart).toEqual(apart);
  });

  test('weights of rows stand in the masks of the sample space; a training row of weight 0 is no row', async () => {
    const weights = [2, 0, 0.5, 1, 0, 0, 3];
    const made = { columns: [[1, 2, 3, 4, 5, 6, 7]], labels: [bits('1010101')], masks: [bits('1110111')], weights };
    const weighted = fakeSource(
      [age],
      [{ name: 'click', type: 'binary' }],
      { train: made, validation: made, test: made },
      3,
    );
    const { splits } = await encode(weighted, inputs(), [click]);
    expect([...(await readWhole(splits.test)).masks]).toEqual([2, 0, 0.5, 0, 0, 0, 3]);
    const train = await readWhole(splits.train);
    expect([...train.masks]).toEqual([2, 0.5, 3]);
    const deviation = Math.sqrt(56 / 9); // of 1, 3 and 7, whatever their weights
    expect([...train.numeric]).toEqual([1, 3, 7].map((x) => expect.closeTo((x - 11 / 3) / deviation, 6)));
  });

  test.each<[string, string, string]>([
    ['1111111', '0000000', "No training row with a weight above 0 is in the sample space of task 'seconds'."],
    ['0000000', '0000000', 'No training row is in the sample space of any task'],
  ])(
    'sample spaces %s and %s of training rows are refused: nothing would train a task',
    async (one, other, message) => {
      const encoding = encode(source([one, other]), inputs(), [click, seconds()]);
      await expect(encoding).rejects.toThrow(DataError);
      await expect(encoding).rejects.toThrow(message);
    },
  );

  const attending = { pool: 'attention', target: 'city' };
  test.each<[object, object, string]>([
    [{}, { name: 'clicks' }, "no task 'clicks' (did you mean 'click'?); there are: click, seconds"],
    [{}, { name: 'seconds' }, "'seconds' is a regression task, not a binary task"],
    [{ agee: {} }, {}, "'agee' is no input (did you mean 'age'?). Inputs are: age, city, tags"],
    [{ age: { embedding: 8 } }, {}, "age: the column is numeric (standard), so 'embedding' would change nothing"],
    [
      { tags: { ...attending, target: 'age' } },
      {},
      "tags.target: the data have no categorical column 'age'; there are: city",
    ],
    [
      { tags: { ...attending, embedding: 3 } },
      {},
      "entries of 'tags' have embedding width 3, and 'city' has 4; give both",
    ],
  ])('columns %j and task %j are a config error', async (columns, task, message) => {
    const tags = { name: 'tags', kind: 'list', dictionary: ['p'] } as const;
    const made = { ...source(all), columns: [age, city, tags] }; // no row is read
    const encoding = encode(made, inputs({ columns }), [taskSchema.parse({ ...click, ...task })]);
    await expect(encoding).rejects.toThrow(ConfigError);
    await expect(encoding).rejects.toThrow(message);
  });
});

test.each([
  ['values', { name: 'user', kind: 'categorical', size: 5 } as const, [4, 1, 1], [2, 4, 2, 2], [2, 4, 2, 2]],
  [
    'numbers, however they are spelled',
    { name: 'user', kind: 'categorical', dictionary: ['u', '7', '8', '7.0'] } as const,
    [0, 1],
    [3, 2, 1, 0],
    [1, 2, 1, 0],
  ],
])('groups are the %s of a categorical column, in the order of the rows', async (_, user, train, test, groups) => {
  const { splits } = await encode(oneColumn(user, train, test, 'user'), inputs({ minCount: 2 }), [click]);
  expect([...((await splits.test.groups?.()) ?? [])]).toEqual(groups);
  expect(splits.train.groups).toBeUndefined();
});

describe('labels and weights are checked when rows are read', () => {
  test.each<[string, object, number, number, string | undefined]>([
    ['binary', {}, 2, 1, "the label of binary task 'y' is 2, which is neither 0 nor 1."],
    ['binary', {}, 1, -0.5, 'the weight is -0.5, which is no finite number of at least 0.'],
    ['regression', {}, -2.5, 1, undefined],
    ['regression', {}, nan, 1, "the label of regression task 'y' is NaN, which is no finite number."],
    [
      'regression',
      {},
      Number.POSITIVE_INFINITY,
      1,
      "the label of regression task 'y' is Infinity, which is no finite number.",
    ],
  ])('%s %j: a label of %d, a weight of %d', async (type, settings, label, weight, message) => {
    const task = taskSchema.parse({ name: 'y', type, ...settings });
    for (const where of splitNames) {
      const split = (name: string) => {
        const at = (value: number, other: number) => [1, 1, 1, 1, name === where ? value : other, 1, 1];
        return { columns: [[1, 2, 3, 4, 5, 6, 7]], labels: [at(label, 0)], weights: at(weight, 2) };
      };
      const splits = { train: split('train'), validation: split('validation'), test: split('test') };
      const readAll = async () => {
        const dataset = await encode(fakeSource([age], [task], splits, 3), inputs(), [task]);
        for (const name of splitNames) await readWhole(dataset.splits[name]);
      };
      if (message === undefined) await readAll();
      else await expect(readAll()).rejects.toThrow(new DataError(`Row 5 of the ${where} split: ${message}`));
    }
  });
});

describe('generated rows', () => {
  const rows = { train: 100_000, validation: 600, test: 600 };

  /** Rows of which the first 65,536 have labels with mean 1, the others with mean 3. `drawn` counts training blocks. */
  function made(everywhere: boolean) {
    const drawn = { blocks: 0 };
    const generated: Generated = {
      columns: [{ name: 'id', kind: 'categorical', size: 1000, complete: true }],
      tasks: [{ name: 'y', type: 'regression', everywhere }],
      rows,
      masked: true,
      checksum: 'made',
      block: (split) => (index) => {
        if (split === 'train') drawn.blocks++;
        const count = Math.min(generatedRows, rows[split] - index * generatedRows);
        const labels = Float32Array.from(
          { length: count },
          (_, row) => (index < 128 ? 1 : 3) + (row % 2 === 0 ? 1 : -1),
        );
        if (!everywhere) labels[0] = Number.NaN;
        return { rows: count, columns: [new Int32Array(count).fill(7)], labels: [labels] };
      },
    };
    return { drawn, source: generatedSource(generated) };
  }

  test.each([
    ['of alike rows the first 65,536 are fitted on', true, 1, 1001, rows.train, 128, 1],
    ['where rows may be in no sample space, all are', false, 1, 1001, rows.train - 196, 196, 1.69],
    ['where ids are counted, all are', true, 2, 2, rows.train, 196, 1.69],
  ])('%s, and every row is trained on', async (_, everywhere, minCount, cardinality, trained, blocks, mean) => {
    const { drawn, source } = made(everywhere);
    const tasks = [taskSchema.parse({ name: 'y', type: 'regression', standardize: true })];
    const dataset = await encode(source, inputs({ minCount }), tasks);
    expect(drawn.blocks).toBe(1 + blocks); // one for the checksum
    expect(dataset.tasks[0]?.offset).toBeCloseTo(mean, 2);
    expect(dataset.categorical).toMatchObject([{ cardinality }]);
    expect(dataset.splits.train.rows).toBe(trained);
  });
});
