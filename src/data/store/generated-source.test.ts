import { expect, test } from 'vitest';
import { asSingle, type SourceBlock } from '../dataset.js';
import { type Generated, generatedRows, generatedSource } from './generated-source.js';

/** Every value identifies its row. */
function made({ train = 1300, shift = 0, width = 1 }): Generated {
  const rows = { train, validation: 1, test: 3000 };
  return {
    columns: Array.from({ length: width }, (_, c) => ({ name: `c${c}`, kind: 'categorical' as const, size: 10 ** 6 })),
    tasks: [{ name: 'y', type: 'regression' }],
    rows,
    masked: true,
    checksum: 'made',
    block: (split) => (index) => {
      const first = index * generatedRows;
      const count = Math.min(generatedRows, rows[split] - first);
      const ids = Int32Array.from({ length: count }, (_, r) => first + r + shift);
      return {
        rows: count,
        columns: Array.from({ length: width }, () => ids),
        labels: [Float32Array.from(ids, (id) => (id % 3 === 0 ? Number.NaN : id))],
      };
    },
  };
}

async function read({ splits }: ReturnType<typeof generatedSource>, split: 'train' | 'validation' | 'test') {
  const blocks: SourceBlock[] = [];
  const { rows, blockRows, read } = splits[split];
  for (let b = 0; b * blockRows < rows; b++) blocks.push(await read(b));
  return {
    ids: blocks.flatMap(({ columns }) => [...asSingle(columns[0] ?? new Int32Array())]),
    last: blocks.flatMap(({ columns }) => [...asSingle(columns.at(-1) ?? new Int32Array())]),
    labels: blocks.flatMap(({ labels }) => [...(labels[0] ?? [])]),
  };
}

test.each([
  ['kept in memory', 1],
  ['drawn whenever they are read', 5000],
])('rows that are %s are those of the generator, block after block', async (_, width) => {
  const source = generatedSource(made({ width }));
  for (const split of ['test', 'train', 'validation'] as const) {
    const ids = Array.from({ length: source.splits[split].rows }, (_, row) => row);
    for (let again = 0; again < 2; again++) {
      const found = await read(source, split);
      expect(found.ids).toEqual(ids);
      expect(found.last).toEqual(ids);
      expect(found.labels).toEqual(ids.map((id) => (id % 3 === 0 ? Number.NaN : id)));
    }
  }
});

test('a block that is drawn again has arrays of its own', async () => {
  const { train } = generatedSource(made({ width: 5000, train: 5000 })).splits;
  const [one, other] = [await train.read(0), await train.read(1)];
  expect(one.columns[0]).toEqual(Int32Array.from({ length: 2048 }, (_, row) => row));
  expect(asSingle(other.columns[0] ?? new Int32Array())[0]).toBe(2048);
});

test('another generator with the same constants has another checksum', () => {
  const checksum = (shift: number) => generatedSource(made({ shift })).checksum;
  expect(checksum(0)).toBe(checksum(0));
  expect(checksum(0)).not.toBe(checksum(1));
});
