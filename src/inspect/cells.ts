import { type ListValues, listOf, type SourceBlock, type SourceColumn, singleOf } from '../data/dataset.js';

/**
 * Puts each value of a column in one of `count` cells: a value each, or a bucket of numbers. What is known of a column alone is
 * known of its cells.
 */
export interface Cells {
  readonly count: number;
  /** Of a list: cells of all entries of the block, those of shared lists once; else a cell per row. */
  of(block: SourceBlock): Int32Array;
}

/** Most buckets of a numeric column: as many training rows in each, values that few have in a bucket each. */
const mostBuckets = 256;

/**
 * @param sample Training values of a numeric column, ascending, NaN left out.
 * @param most Columns with more values share cells.
 */
export function cellsOf(column: SourceColumn, index: number, sample: Float32Array, most: number): Cells {
  if (column.kind === 'numeric')
    return numericCells(index, edgesOf(sample, Math.max(2, Math.min(mostBuckets, most - 1))));
  const count = Math.max(1, Math.min(most, column.size ?? column.dictionary?.length ?? 0));
  return {
    count,
    of(block) {
      const values = block.columns[index] ?? new Int32Array();
      const indexes = column.kind === 'list' ? entriesOf(listOf(values)).indexes : singleOf(values);
      return Int32Array.from(indexes, (value) => value % count);
    },
  };
}

/** A block's lists as they are stored: row `r` has the list `of[r]` if rows share lists, else the list `r`. */
export function entriesOf(values: ListValues) {
  const { offsets, indexes } = values.shared?.lists ?? values;
  return { offsets, indexes, of: values.shared?.of };
}

/** The first cell is that of missing values. */
function numericCells(index: number, edges: Float32Array): Cells {
  return {
    count: edges.length + 2,
    of: (block) =>
      Int32Array.from(singleOf(block.columns[index] ?? new Float32Array()), (value) =>
        Number.isNaN(value) ? 0 : 1 + notAbove(edges, value),
      ),
  };
}

function edgesOf(sorted: Float32Array, buckets: number): Float32Array {
  const different = sorted.filter((value, i) => i === 0 || value !== sorted[i - 1]);
  if (different.length <= buckets) return different.slice(1);
  const edges: number[] = [];
  for (let k = 1; k < buckets; k++) {
    const edge = sorted[Math.floor((k * sorted.length) / buckets)] ?? 0;
    if (edge > (edges.at(-1) ?? sorted[0] ?? 0)) edges.push(edge);
  }
  return Float32Array.from(edges);
}

/** How many of the edges, which ascend, are not above the value. */
function notAbove(edges: Float32Array, value: number): number {
  let [low, high] = [0, edges.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((edges[middle] ?? 0) <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}
