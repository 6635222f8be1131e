import { expect, test } from 'vitest';
import { inOrder, listOf, type SourceBlock, singleOf } from '../dataset.js';
import { generatedRows, generatedSource } from './generated-source.js';

/** Every value identifies its row. Blocks reuse their memory, as generators may. */
function* blocks(rows: number): Generator<SourceBlock> {
  const [ids, labels, weights] = [
    new Int32Array(generatedRows),
    new Float32Array(generatedRows),
    new Float32Array(generatedRows),
  ];
  for (let first = 0; first < rows; first += generatedRows) {
    const count = Math.min(generatedRows, rows - first);
    const offsets = Int32Array.from({ length: count + 1 }, (_, r) => 2 * r);
    const indexes = Int32Array.from({ length: 2 * count }, (_, i) => first + i);
    for (let r = 0; r < count; r++) {
      ids[r] = first + r;
      labels[r] = r % 3 === 0 ? Number.NaN : first + r;
      weights[r] = (first + r) / 2;
    }
    yield {
      rows: count,
      columns: [
        ids.subarray(0, count),
        { ...inOrder(offsets), indexes, weights: Float32Array.from(indexes, (i) => i / 4) },
      ],
      labels: [labels.subarray(0, count)],
      weights: weights.subarray(0, count),
    };
  }
}

test('the rows of a generator are read as they were made: lists, weights of entries and of rows, missing labels', async () => {
  const stored = {
    columns: [
      { name: 'id', kind: 'categorical' as const, size: 4000 },
      { name: 'tags', kind: 'list' as const, size: 9000, weighted: true },
    ],
    tasks: [{ name: 'y', type: 'regression' as const }],
    rows: { train: 1300, validation: 1, test: 3000 },
    masked: true,
    weighted: true,
    checksum: 'made',
  };
  const context = { note: () => undefined };
  const { splits } = await generatedSource({ stored, blocks: (name) => blocks(stored.rows[name]) }, context);
  for (const name of ['test', 'train', 'validation'] as const) {
    const made = [...blocks(stored.rows[name])].length;
    expect(Math.ceil(splits[name].rows / splits[name].blockRows)).toBe(made);
    let b = 0;
    for (const block of blocks(stored.rows[name])) {
      const read = await splits[name].read(b++);
      expect(read.rows).toBe(block.rows);
      expect(singleOf(read.columns[0] ?? new Int32Array())).toEqual(block.columns[0]);
      expect({ ...listOf(read.columns[1] ?? new Int32Array()) }).toEqual(block.columns[1]);
      expect(read.labels).toEqual(block.labels);
      expect(read.weights).toEqual(block.weights);
    }
  }
});
