import { expect, test } from 'vitest';
import type { Block, Dataset, Split } from '../dataset.js';
import { withKeptBlocks } from './kept-blocks.js';

/** A split of one numeric column and one task, which counts what is read and begun. */
function countingSplit(rows: number) {
  const calls = { read: 0, ahead: 0 };
  const split: Split = {
    rows,
    blockRows: 2,
    ahead: () => void calls.ahead++,
    async read(index): Promise<Block> {
      calls.read += 1;
      if (calls.read === 1 && index === 1) throw new Error('a fault');
      const values = Float32Array.of(index, index);
      return { rows: 2, categorical: new Int32Array(), numeric: values, labels: values, masks: values };
    },
  };
  return { split, calls };
}

function datasetOf(split: Split): Dataset {
  return {
    ...{
      categorical: [],
      lists: [],
      numeric: [{ name: 'x' }],
      tasks: [{ name: 'y', type: 'regression', offset: 0, scale: 1 }],
    },
    ...{ encoding: { schema: 1, columns: [], tasks: [] }, checksum: '', notes: [] },
    splits: { train: split, validation: { ...split, rows: 0 }, test: { ...split, rows: 0 } },
  };
}

test('a small data set encodes a block once; what is kept is not read ahead, and a fault is not kept', async () => {
  const { split, calls } = countingSplit(4);
  const { train } = withKeptBlocks(datasetOf(split)).splits;
  await expect(train.read(1)).rejects.toThrow('a fault');
  const [first, again] = [await train.read(1), await train.read(1)];
  expect(again).toBe(first);
  expect(calls.read).toBe(2);
  train.ahead?.(1);
  train.ahead?.(0);
  expect(calls.ahead).toBe(1);
});

test('of a data set above the limit nothing is kept', async () => {
  const rowBytes = 4 * (1 + 2); // a number, a label and a mask
  const most = Math.floor(2 ** 26 / rowBytes);
  for (const [rows, reads] of [
    [most, 1],
    [most + 1, 2],
  ] as const) {
    const { split, calls } = countingSplit(rows);
    const { train } = withKeptBlocks(datasetOf(split)).splits;
    await train.read(0);
    await train.read(0);
    expect(calls.read).toBe(reads);
  }
});
