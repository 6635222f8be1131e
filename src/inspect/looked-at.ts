import { setImmediate } from 'node:timers/promises';
import type { ListValues, SourceBlock, SourceSplit } from '../data/dataset.js';

/** The blocks of a split that are read, and their number of rows. */
export interface LookedAt {
  readonly blocks: readonly number[];
  readonly rows: number;
}

/** All blocks. If the split has more than `mostRows` rows: evenly spaced blocks, at least one. */
export function lookedAt({ rows, blockRows }: SourceSplit, mostRows: number): LookedAt {
  const all = Math.ceil(rows / blockRows);
  const count = rows <= mostRows ? all : Math.min(all, Math.max(1, Math.floor(mostRows / blockRows)));
  const blocks = Array.from({ length: count }, (_, i) => Math.floor((i * all) / count));
  return { blocks, rows: blocks.reduce((sum, b) => sum + Math.min(blockRows, rows - b * blockRows), 0) };
}

/** Reads blocks one after the other. Each is valid until the next. Yields to signals and timers between two blocks. */
export async function* readBlocks(split: SourceSplit, blocks: readonly number[]): AsyncGenerator<SourceBlock> {
  for (const index of blocks) {
    yield await split.read(index);
    await setImmediate();
  }
}

/** A block's lists as they are stored. If rows share lists, row `r` has the list `of[r]`; else the list `r`. */
export function entriesOf(values: ListValues) {
  const { offsets, indexes } = values.shared?.lists ?? values;
  return { offsets, indexes, of: values.shared?.of };
}
