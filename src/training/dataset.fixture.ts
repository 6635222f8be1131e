import type { Block, Dataset, Split, SplitName, Task } from '../data/dataset.js';
import { randomFromSeed } from '../support/random.js';

export interface MadeSplit {
  readonly rows: number;
  /** Label of a task, from the row's two numeric inputs (standard normal) and its own noise (standard normal). */
  label(task: number, x: readonly [number, number], noise: number): number;
  /** The task's sample space; absent: every row. */
  mask?(task: number, x: readonly [number, number]): boolean;
  /** A row's weight; absent: 1. */
  weight?(row: number): number;
}

/**
 * A small data set in memory, with one split used three times or three different ones. It has a categorical column
 * and two numeric ones. `reads` counts the blocks that were read.
 */
export function madeDataset(
  tasks: readonly (Pick<Task, 'name' | 'type'> & Partial<Task>)[],
  given: Readonly<Record<SplitName, MadeSplit>> | MadeSplit,
  ids = 5,
): { readonly dataset: Dataset; readonly reads: Record<SplitName, number> } {
  const splits = 'rows' in given ? { train: given, validation: given, test: given } : given;
  const reads = { train: 0, validation: 0, test: 0 };
  const split = (name: SplitName): Split => {
    const { rows, label, mask, weight = () => 1 } = splits[name];
    const random = randomFromSeed(1).stream(name);
    const block = {
      rows,
      categorical: Int32Array.from({ length: rows }, () => random.below(ids)),
      numeric: Float32Array.from({ length: rows * 2 }, () => random.normal()),
      labels: new Float32Array(rows * tasks.length),
      masks: new Float32Array(rows * tasks.length),
    };
    for (let row = 0; row < rows; row++) {
      const x = [block.numeric[2 * row] ?? 0, block.numeric[2 * row + 1] ?? 0] as const;
      for (let task = 0; task < tasks.length; task++) {
        const inside = mask?.(task, x) ?? true;
        block.labels[row * tasks.length + task] = inside ? label(task, x, random.normal()) : Number.NaN;
        block.masks[row * tasks.length + task] = inside ? weight(row) : 0;
      }
    }
    return {
      rows,
      blockRows: rows,
      async read() {
        reads[name] += 1;
        return block;
      },
    };
  };
  const dataset: Dataset = {
    categorical: [{ name: 'site', cardinality: ids, embedding: 2 }],
    numeric: [{ name: 'a' }, { name: 'b' }],
    tasks: tasks.map((task) => ({ offset: 0, scale: 1, ...task })),
    lists: [],
    encoding: { schema: 1, columns: [], tasks: [] },
    checksum: 'made',
    notes: [],
    splits: { train: split('train'), validation: split('validation'), test: split('test') },
  };
  return { dataset, reads };
}

/** The data set with other values in its blocks. */
export function withBlocks(dataset: Dataset, change: (block: Block) => Partial<Block>): Dataset {
  const changed = (split: Split): Split => ({
    ...split,
    async read(index) {
      const block = await split.read(index);
      return { ...block, ...change(block) };
    },
  });
  const { train, validation, test } = dataset.splits;
  return { ...dataset, splits: { train: changed(train), validation: changed(validation), test: changed(test) } };
}
