import { expect, test } from 'vitest';
import { inputsSchema, taskSchema } from '../../config/parts.js';
import type { Source, SourceBlock } from '../dataset.js';
import { listsOf, readWhole } from './encode.fixture.js';
import { encode } from './encode.js';
import { listEncoding } from './list-column.js';

type Entry = readonly [index: number, weight: number];

/** A source with a categorical column, a list and a numeric column; each split is one block. */
function source(train: readonly (readonly Entry[])[], test = train): Source {
  const split = (rows: readonly (readonly Entry[])[]) => ({
    rows: rows.length,
    blockRows: rows.length,
    read: (): SourceBlock => ({
      rows: rows.length,
      columns: [Int32Array.from(rows, () => 0), listsOf(rows), Float32Array.from(rows, (_, r) => r)],
      labels: [Float32Array.from(rows, (_, r) => r % 2)],
    }),
  });
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

const tasks = [taskSchema.parse({ name: 'click', type: 'binary' })];
const settings = (tags: object) => inputsSchema.parse({ columns: { tags } });

test('entries and weights stand after the other columns, padded with index 0 and weight 0', async () => {
  const rows = [
    [
      [1, 2],
      [3, 0.5],
    ],
    [],
    [[3, 4]],
  ] as const;
  const dataset = await encode(source(rows), settings({ maxLength: 3, pool: 'sum', embedding: 5 }), tasks);
  expect(dataset.lists).toEqual([{ name: 'tags', cardinality: 3, embedding: 5, length: 3 }]);
  expect(dataset.notes).toEqual([]);
  const { categorical, numeric } = await readWhole(dataset.splits.train);
  expect([...categorical]).toEqual([1, 1, 2, 0, 1, 0, 0, 0, 1, 2, 0, 0]); // q: 1, s: 2
  expect([...numeric]).toEqual([0, 2, 0.5, 0, 1, 0, 0, 0, 2, 4, 0, 0]);
});

test('attention: weights are those of the data, and the model is told the target', async () => {
  const rows = [
    [
      [1, 3],
      [2, 1],
    ],
  ] as const;
  const attended = async (more: object) => {
    const inputs = { ...settings({ pool: 'attention', target: 'city', maxLength: 3, ...more }), attention: 7 };
    return encode(source(rows), inputs, tasks);
  };
  const dataset = await attended({});
  expect([...(await readWhole(dataset.splits.train)).numeric]).toEqual([0, 3, 1, 0]);
  expect(dataset.lists[0]?.attention).toEqual({ target: 'city', hidden: 7 });
  expect((await attended({ attention: 9 })).lists[0]?.attention).toEqual({ target: 'city', hidden: 9 });
});

test('the heaviest entries are kept, in their order, and what is left out is told', async () => {
  const rows = [
    [
      [0, 1],
      [1, 3],
      [2, 2],
      [3, 3],
    ],
    [[0, 1]],
    [
      [3, 1],
      [2, 1],
      [1, 1],
    ],
  ] as const;
  const dataset = await encode(source(rows), settings({ maxLength: 2, pool: 'sum' }), tasks);
  const { categorical } = await readWhole(dataset.splits.train);
  expect([...categorical]).toEqual([1, 2, 4, 1, 1, 0, 1, 4, 3]);
  expect(dataset.notes).toEqual([expect.stringContaining("'tags': 2 training rows have more than 2 entries")]);
  expect(dataset.notes[0]).toMatch(/3 are left out .*\. Rows of other splits are cut alike, uncounted\.$/);
});

test('rare entries share one index with unseen ones, or without them', async () => {
  const train = [
    [
      [0, 1],
      [1, 1],
    ],
    [
      [0, 1],
      [2, 1],
    ],
  ] as const;
  const test = [
    [
      [0, 1],
      [1, 1],
      [2, 1],
      [3, 1],
    ],
  ] as const;
  const encoded = async (more: object) => {
    const inputs = inputsSchema.parse({ columns: { tags: { maxLength: 4, minCount: 2 } }, ...more });
    const dataset = await encode(source(train, test), inputs, tasks);
    const { categorical } = await readWhole(dataset.splits.test);
    return { cardinality: dataset.lists[0]?.cardinality, entries: [...categorical].slice(1) };
  };
  expect(await encoded({})).toEqual({ cardinality: 2, entries: [1, 0, 0, 0] });
  expect(await encoded({ unseen: 'apart' })).toEqual({ cardinality: 3, entries: [2, 1, 1, 0] });
});

test('a list at the same place of another block is another list', () => {
  const fitted = { kind: 'list', indexes: Int32Array.of(0, 1, 2), cardinality: 3, length: 1, pool: 'sum' } as const;
  const encoding = listEncoding(fitted);
  const of = (entry: number) => [...encoding.fed(listsOf([[[entry, 1]]]), 0).indexes];
  expect([of(1), of(2)]).toEqual([[1], [2]]);
});
