import { describe, expect, test } from 'vitest';
import { randomFromSeed } from '../../support/random.js';
import type { Dataset, Split } from '../dataset.js';
import { type Chunk, readBatches } from './batches.js';

/** Two categorical columns, one numeric and two tasks. Every value identifies its row. */
function numbered(rows: number, blockRows: number): { readonly dataset: Dataset; readonly reads: number[] } {
  const reads: number[] = [];
  const split: Split = {
    rows,
    blockRows,
    async read(index) {
      reads.push(index);
      const own = Array.from(
        { length: Math.min(blockRows, rows - index * blockRows) },
        (_, i) => index * blockRows + i,
      );
      return {
        rows: own.length,
        categorical: Int32Array.from(own.flatMap((row) => [row, row + 1000])),
        numeric: Float32Array.from(own, (row) => row + 0.5),
        labels: Float32Array.from(own.flatMap((row) => [row + 2000, row + 3000])),
        masks: Float32Array.from(own.flatMap((row) => [1, row % 2])),
      };
    },
  };
  const categorical = ['a', 'b'].map((name) => ({ name, cardinality: 5000, embedding: 1 }));
  const tasks = ['s', 't'].map((name) => ({ name, type: 'regression' as const, offset: 0, scale: 1 }));
  return {
    dataset: {
      categorical,
      numeric: [{ name: 'x' }],
      lists: [],
      encoding: { schema: 1, columns: [], tasks: [] },
      tasks,
      checksum: '',
      notes: [],
      splits: { train: split, validation: split, test: split },
    },
    reads,
  };
}

interface Settings {
  readonly rows?: number;
  readonly blockRows?: number;
  readonly batchSize?: number;
  readonly steps?: (chunk: number) => number;
  readonly windowBlocks?: number;
  readonly seed?: number;
  readonly skip?: number;
}

const rowBytes = 4 * (2 + 1 + 1);

/** Reads a pass; the rows in the order in which they came, and each batch's first array. */
async function read({
  rows = 100,
  blockRows = 8,
  batchSize = 10,
  steps = () => 3,
  windowBlocks,
  seed,
  skip = 0,
}: Settings) {
  const { dataset, reads } = numbered(rows, blockRows);
  const reader = readBatches(dataset, 'train', {
    batchSize,
    skip,
    ...(seed === undefined ? {} : { order: randomFromSeed(seed).stream('order') }),
    ...(windowBlocks === undefined ? {} : { windowBytes: windowBlocks * blockRows * rowBytes }),
  });
  const order: number[] = [];
  const chunks: number[] = [];
  for (;;) {
    const chunk = await reader.take(steps(chunks.length));
    if (!chunk) break;
    chunks.push(chunk.steps);
    order.push(...rowsIn(chunk, batchSize));
  }
  return { order, chunks, reads, total: reader.steps };
}

/** The rows of a chunk; fails if one of its arrays says otherwise, or if padding is not empty. */
function rowsIn({ steps: S, rows, arrays }: Chunk, B: number): number[] {
  const { categorical, numeric, labels, mask } = arrays;
  expect([categorical, numeric, labels, mask].map((array) => array?.shape)).toEqual([
    [S, B, 2],
    [S, B, 1],
    [S, 2, B],
    [S, 2, B],
  ]);
  const found: number[] = [];
  for (let s = 0; s < S; s++) {
    for (let b = 0; b < B; b++) {
      const at = s * B + b;
      const values = [
        categorical?.data[2 * at],
        categorical?.data[2 * at + 1],
        numeric?.data[at],
        ...[0, 1].flatMap((t) => [labels?.data[(2 * s + t) * B + b], mask?.data[(2 * s + t) * B + b]]),
      ];
      const row = values[0] ?? Number.NaN;
      if (b < (rows[s] ?? 0)) {
        found.push(row);
        expect(values).toEqual([row, row + 1000, row + 0.5, row + 2000, 1, row + 3000, row % 2]);
      } else expect(values).toEqual([0, 0, 0, 0, 0, 0, 0]);
    }
  }
  return found;
}

const range = (count: number) => Array.from({ length: count }, (_, i) => i);
const ascending = (values: readonly number[]) => values.toSorted((a, b) => a - b);

describe('batches', () => {
  test('without an order come in that of the split, with every array in its place', async () => {
    const { order, chunks, total } = await read({});
    expect(order).toEqual(range(100));
    expect(chunks).toEqual([3, 3, 3, 1]);
    expect(total).toBe(10);
  });
});

describe('shuffled batches', () => {
  test('pitfall 31: the order depends on the stream alone, not on chunk lengths or the batch size', async () => {
    for (const windowBlocks of [2, 100]) {
      const { order } = await read({ windowBlocks, seed: 1 });
      expect(ascending(order)).toEqual(range(100));
      expect((await read({ windowBlocks, seed: 1, steps: (chunk) => 1 + (chunk % 4) })).order).toEqual(order);
      expect((await read({ windowBlocks, seed: 1, batchSize: 7 })).order).toEqual(order);
      expect((await read({ windowBlocks, seed: 2 })).order).not.toEqual(order);
    }
  });

  test('pitfall 33: skipping gives the very batches that would have followed', async () => {
    for (const windowBlocks of [1, 2, 100]) {
      const { order } = await read({ windowBlocks, seed: 1 });
      for (const skip of [1, 4, 9, 10]) {
        expect((await read({ windowBlocks, seed: 1, skip })).order).toEqual(order.slice(10 * skip));
      }
    }
    expect((await read({ skip: 4 })).order).toEqual(range(100).slice(40));
  });

  test('a window that is smaller than the split shuffles whole blocks, then the rows of a window', async () => {
    const { order, reads } = await read({ rows: 96, windowBlocks: 2, seed: 5 });
    expect(reads).not.toEqual(range(12));
    expect(ascending(reads)).toEqual(range(12));
    const orders = new Set<string>();
    for (let window = 0; window < 6; window++) {
      const blocks = reads.slice(2 * window, 2 * window + 2);
      const rows = order.slice(16 * window, 16 * window + 16);
      expect(ascending(rows)).toEqual(ascending(blocks.flatMap((block) => range(8).map((i) => 8 * block + i))));
      expect(rows).not.toEqual(ascending(rows));
      const places = rows.map((row) => 8 * blocks.indexOf(Math.floor(row / 8)) + (row % 8));
      expect(new Set(places.slice(0, 8).map((place) => place < 8)).size).toBe(2); // rows of both blocks
      orders.add(places.join());
    }
    expect(orders.size).toBe(6);
  });

  test('a split that fits is shuffled uniformly', async () => {
    const passes = 1500;
    const counts = new Float64Array(36); // [row, place]
    for (let seed = 0; seed < passes; seed++) {
      const { order } = await read({ rows: 6, blockRows: 2, batchSize: 6, seed });
      for (const [place, row] of order.entries()) counts[6 * row + place] = (counts[6 * row + place] ?? 0) + 1;
    }
    const statistic = counts.reduce((sum, count) => sum + (count - passes / 6) ** 2 / (passes / 6), 0);
    expect(statistic).toBeLessThan(25 + 5 * Math.sqrt(50)); // chi-squared with 25 degrees of freedom
  });
});
