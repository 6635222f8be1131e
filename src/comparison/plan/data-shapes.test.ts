import { expect, test } from 'vitest';
import { countClasses } from './data-shapes.js';

test('test rows of binary tasks are counted by class, over all blocks, without those outside a sample space', async () => {
  const labels = [1, 0, 5, /**/ 0, 1, 5, /**/ 1, 1, 5];
  const masks = [1, 1, 1, /**/ 2, 0, 1, /**/ 0.5, 1, 1];
  const test = {
    rows: 3,
    blockRows: 2,
    async read(index: number) {
      const rows = [index * 6, index * 6 + 6] as const;
      const inputs = { categorical: new Int32Array(0), numeric: new Float32Array(0) };
      const [ofBlock, weights] = [labels.slice(...rows), masks.slice(...rows)];
      return { rows: 2 - index, ...inputs, labels: Float32Array.from(ofBlock), masks: Float32Array.from(weights) };
    },
  };
  const types = ['binary', 'binary', 'regression'] as const;
  const tasks = types.map((type, task) => ({ name: `y${task}`, type, scale: 1, offset: 0 }));
  const counts = await countClasses(
    { tasks, splits: { train: test, validation: test, test } },
    new AbortController().signal,
  );
  expect(counts).toEqual([{ positives: 2, negatives: 1 }, { positives: 1, negatives: 1 }, null]);
});
