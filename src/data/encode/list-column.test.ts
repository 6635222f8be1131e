import { expect, test } from 'vitest';
import { inputsSchema, taskSchema } from '../../config/parts.js';
import { must } from '../../support/must.js';
import type { ListValues, Source, SourceBlock } from '../dataset.js';
import { readWhole, toLists } from './encode.fixture.js';
import { encode } from './encode.js';

/** Lists of rows, each as `index:weight index:weight`. */
const lists = (...rows: readonly string[]) =>
  toLists(
    rows.map((row) =>
      [...row.matchAll(/(\d+):(\S+)/g)].map(([, index, weight]) => [Number(index), Number(weight)] as const),
    ),
  );

/** A source with a categorical column, a list and a numeric column; each split is one block. */
function source(train: ListValues, test = train): Source {
  const split = (tags: ListValues) => {
    const rows = tags.begins.length;
    const block: SourceBlock = {
      rows,
      columns: [new Int32Array(rows), tags, Float32Array.from({ length: rows }, (_, r) => r)],
      labels: [new Float32Array(rows)],
    };
    return { rows, blockRows: rows, read: () => block };
  };
  return {
    columns: [
      { name: 'city', kind: 'categorical', dictionary: ['a'] },
      { name: 'tags', kind: 'list', dictionary: ['p', 'q', 'r', 's'] },
      { name: 'age', kind: 'numeric', standardized: true },
    ],
    tasks: [{ name: 'click', type: 'binary' }],
    checksum: 'made',
    splits: { train: split(train), validation: split(test), test: split(test) },
  };
}

const encoded = (from: Source, tags: object, more: object = {}) =>
  encode(from, inputsSchema.parse({ columns: { tags }, ...more }), [
    taskSchema.parse({ name: 'click', type: 'binary' }),
  ]);

test('entries and weights stand after the other columns, padded with index 0 and weight 0', async () => {
  const settings = { maxLength: 3, pool: 'sum', embedding: 5 };
  const dataset = await encoded(source(lists('1:2 3:0.5', '', '3:4')), settings);
  expect(dataset.lists).toEqual([{ name: 'tags', cardinality: 3, embedding: 5, length: 3 }]);
  expect(dataset.notes).toEqual([]);
  const { categorical, numeric } = await readWhole(dataset.splits.train);
  expect([...categorical]).toEqual([1, 1, 2, 0, 1, 0, 0, 0, 1, 2, 0, 0]); // q: 1, s: 2
  expect([...numeric]).toEqual([0, 2, 0.5, 0, 1, 0, 0, 0, 2, 4, 0, 0]);
});

test('attention: weights are those of the data, and the model is told the target', async () => {
  const settings = { pool: 'attention', target: 'city', maxLength: 3 };
  const dataset = await encoded(source(lists('1:3 2:1')), settings, { attention: 7 });
  expect([...(await readWhole(dataset.splits.train)).numeric]).toEqual([0, 3, 1, 0]);
  expect(dataset.lists[0]?.attention).toEqual({ target: 'city', hidden: 7 });
});

test('the heaviest entries are kept, in their order, and what is left out is told', async () => {
  const dataset = await encoded(source(lists('0:1 1:3 2:2 3:3', '0:1', '3:1 2:1 1:1')), { maxLength: 2, pool: 'sum' });
  const { categorical } = await readWhole(dataset.splits.train);
  expect([...categorical]).toEqual([1, 2, 4, 1, 1, 0, 1, 4, 3]);
  expect(dataset.notes).toEqual([expect.stringMatching(/'tags': 2 training rows have more than 2 .* 3 are left out/)]);
});

test('rare entries share one index with unseen ones, or without them', async () => {
  const made = source(lists('0:1 1:1', '0:1 2:1'), lists('0:1 1:1 2:1 3:1'));
  const entries = async (more: object) => {
    const { splits } = await encoded(made, { maxLength: 4, minCount: 2 }, more);
    return [...(await readWhole(splits.test)).categorical].slice(1);
  };
  expect(await entries({})).toEqual([1, 0, 0, 0]);
  expect(await entries({ unseen: 'apart' })).toEqual([2, 1, 1, 0]);
});

test('rows that share a list are encoded as rows that have it each', async () => {
  const one = lists('0:1 1:2 2:4', '3:1');
  const shared = { ...one, begins: Int32Array.of(0, 0, 3, 0), ends: Int32Array.of(3, 3, 4, 3) };
  const each = lists('0:1 1:2 2:4', '0:1 1:2 2:4', '3:1', '0:1 1:2 2:4');
  const settings = { maxLength: 2, minCount: 3, pool: 'mean' };
  const [found, expected] = [await encoded(source(shared), settings), await encoded(source(each), settings)];
  expect([found.lists, found.notes]).toEqual([expected.lists, expected.notes]);
  expect(await readWhole(found.splits.train)).toEqual(await readWhole(expected.splits.train));
});

test('a list at the same place of another block is another list', async () => {
  const made = source(lists('1:1'));
  const blocks = [lists('1:1'), lists('2:1')].map((tags) => source(tags).splits.train.read(0));
  const test = { rows: 2, blockRows: 1, read: (index: number) => must(blocks[index], 'block') };
  const { splits } = await encoded({ ...made, splits: { ...made.splits, test } }, { maxLength: 1 });
  expect([...(await readWhole(splits.test)).categorical]).toEqual([1, 1, 1, 0]); // q: 1, r is unseen
});
