import { expect, test } from 'vitest';
import { inputsSchema, taskSchema } from '../../config/parts.js';
import { type Generated, generatedRows, generatedSource } from '../store/generated-source.js';
import { encode } from './encode.js';

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
      const labels = Float32Array.from({ length: count }, (_, row) => (index < 128 ? 1 : 3) + (row % 2 === 0 ? 1 : -1));
      if (!everywhere) labels[0] = Number.NaN;
      return { rows: count, columns: [new Int32Array(count).fill(7)], labels: [labels] };
    },
  };
  return { drawn, generated };
}

async function encoded(generated: Generated, minCount: number) {
  const tasks = [taskSchema.parse({ name: 'y', type: 'regression', standardize: true })];
  return encode(generatedSource(generated), inputsSchema.parse({ minCount }), tasks);
}

test('of generated rows the first 65,536 are fitted on, every row is trained on, and every id has a place', async () => {
  const { drawn, generated } = made(true);
  const { categorical, splits, tasks } = await encoded(generated, 1);
  expect(drawn.blocks).toBe(129); // one for the checksum
  expect(tasks).toMatchObject([{ offset: 1, scale: 1 }]);
  expect(categorical).toMatchObject([{ cardinality: 1001 }]);
  expect(splits.train.rows).toBe(rows.train);
  expect([...(await splits.train.read(0)).categorical.slice(0, 2)]).toEqual([8, 8]);
});

test.each([
  ['rows may be in no sample space', false, 1, 1001, rows.train - 196],
  ['ids are counted', true, 2, 2, rows.train],
])('where %s, all rows are read for the fit', async (_, everywhere, minCount, cardinality, trained) => {
  const { drawn, generated } = made(everywhere);
  const { categorical, splits, tasks } = await encoded(generated, minCount);
  expect(drawn.blocks).toBe(1 + Math.ceil(rows.train / generatedRows));
  expect(tasks[0]?.offset).toBeCloseTo(1 + (2 * (rows.train - 65_536)) / rows.train, 2);
  expect(categorical).toMatchObject([{ cardinality }]);
  expect(splits.train.rows).toBe(trained);
});
