import { expect, test } from 'vitest';
import { type SourceBlock, singleOf } from '../dataset.js';
import { generatedRows, generatedSource } from './generated-source.js';

/** Every value identifies its row. Blocks reuse their memory, as generators may. */
function* blocks(rows: number): Generator<SourceBlock> {
  const [ids, labels] = [new Int32Array(generatedRows), new Float32Array(generatedRows)];
  for (let first = 0; first < rows; first += generatedRows) {
    const count = Math.min(generatedRows, rows - first);
    for (let r = 0; r < count; r++) {
      ids[r] = first + r;
      labels[r] = r % 3 === 0 ? Number.NaN : first + r;
    }
    yield {
      rows: count,
      columns: [ids.subarray(0, count)],
      labels: [labels.subarray(0, count)],
    };
  }
}

test('the rows of a generator are read as they were made, with missing labels', async () => {
  const stored = {
    columns: [{ name: 'id', kind: 'categorical' as const, size: 4000 }],
    tasks: [{ name: 'y', type: 'regression' as const }],
    rows: { train: 1300, validation: 1, test: 3000 },
    masked: true,
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
      expect(read.labels).toEqual(block.labels);
    }
  }
});
