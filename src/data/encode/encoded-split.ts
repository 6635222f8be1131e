import { must } from '../../support/must.js';
import { asList, asSingle, type Block, type SourceBlock, type SourceSplit, type Split } from '../dataset.js';
import type { ColumnEncoding } from './column-encodings.js';

/** A column's encoding, and its place among the columns of the source. */
interface PlacedEncoding {
  readonly place: number;
  readonly encoding: ColumnEncoding;
}

/** Which rows of a split are kept: in all, and in each block. */
export interface KeptRows {
  readonly rows: number;
  readonly counts: Int32Array;
}

/**
 * Encodes blocks when they are read.
 * @param tasks the source's index of each task, in the order of the config; -1: the source has no labels of it.
 * @param kept if given, rows that do not count (`keptRowsOf`) are left out and the others close up, so that blocks stay
 * full.
 */
export function encodedSplit(
  source: SourceSplit,
  columns: readonly PlacedEncoding[],
  tasks: readonly number[],
  kept?: KeptRows,
): Split {
  const rows = kept?.rows ?? source.rows;
  const blockRows = Math.min(source.blockRows, Math.max(1, rows));
  const every = Int32Array.from({ length: source.blockRows }, (_, row) => row);
  const blockSize = (block: number) => Math.min(source.blockRows, rows - block * source.blockRows);
  const counts =
    kept?.counts ?? Int32Array.from({ length: Math.ceil(rows / source.blockRows) }, (_, b) => blockSize(b));
  const starts = new Int32Array(counts.length); // where each source block's rows begin
  for (let b = 1; b < starts.length; b++) starts[b] = (starts[b - 1] ?? 0) + (counts[b - 1] ?? 0);
  return {
    rows,
    blockRows,
    ahead: (index) => !kept && source.ahead?.(index),
    async read(index) {
      const begin = index * blockRows;
      const end = Math.min(rows, begin + blockRows);
      const target = rowTarget(end - begin, columns, tasks);
      for (let b = starts.findLastIndex((start) => start <= begin); (starts[b] ?? end) < end; b++) {
        if (counts[b] === 0) continue;
        const start = starts[b] ?? 0;
        const block = await source.read(b);
        const own = kept ? keptRows(block, tasks) : every.subarray(0, block.rows);
        target.append(block, own.subarray(Math.max(0, begin - start), end - start));
      }
      return target.block;
    },
  };
}

/** The rows that count: in the sample space of one of these tasks at least, with a weight above 0. */
export function keptRows(block: SourceBlock, tasks: readonly number[]): Int32Array {
  const { labels, weights } = block;
  const kept = new Int32Array(block.rows);
  let count = 0;
  for (let row = 0; row < block.rows; row++) {
    if (weights?.[row] === 0) continue;
    if (tasks.some((task) => !Number.isNaN(labels[task]?.[row]))) kept[count++] = row;
  }
  return kept.subarray(0, count);
}

/**
 * Rows that are encoded together: few enough for their rows of the target to stay in the fastest cache from column to
 * column.
 */
const tileRows = 16;

/** Row-major arrays that are filled from column blocks. */
function rowTarget(rows: number, placed: readonly PlacedEncoding[], tasks: readonly number[]) {
  const encodings = placed.map(({ encoding }) => encoding);
  const countKind = (kind: ColumnEncoding['kind']) => encodings.filter((encoding) => encoding.kind === kind).length;
  const [categories, numbers] = [countKind('categorical'), countKind('numeric')]; // before the lists' entries
  const entries = encodings.reduce((sum, encoding) => sum + (encoding.kind === 'list' ? encoding.length : 0), 0);
  const [F, D, T] = [categories + entries, numbers + entries, tasks.length];
  const target: Block = {
    rows,
    categorical: new Int32Array(rows * F),
    numeric: new Float32Array(rows * D),
    labels: new Float32Array(rows * T),
    masks: new Float32Array(rows * T),
  };
  const { categorical, numeric } = target;
  let filled = 0;

  function appendTile({ columns }: SourceBlock, chosen: Int32Array, begin: number, end: number): void {
    let category = (filled + begin) * F;
    let number = (filled + begin) * D;
    let entry = category + categories;
    let weight = number + numbers;
    for (const { place, encoding } of placed) {
      const values = must(columns[place], `column ${place} of the source`);
      if (encoding.kind === 'list') {
        const lists = asList(values);
        for (let i = begin, to = entry, weightTo = weight; i < end; i++, to += F, weightTo += D) {
          const { indexes, weights } = encoding.fed(lists, chosen[i] ?? 0);
          categorical.set(indexes, to);
          numeric.set(weights, weightTo);
        }
        entry += encoding.length;
        weight += encoding.length;
      } else if (encoding.kind === 'categorical')
        encoding.write(asSingle(values), chosen, begin, end, categorical, category++, F);
      else encoding.write(asSingle(values), chosen, begin, end, numeric, number++, D);
    }
  }

  /**
   * The mask is the row's weight in the task's sample space. What lies outside, or has weight 0, has mask 0 and label
   * 0, since 0 times NaN is NaN.
   */
  function appendLabels({ labels, weights }: SourceBlock, chosen: Int32Array): void {
    for (const [t, task] of tasks.entries()) {
      const own = labels[task]; // none where the source has no labels of it
      for (let i = 0, at = filled * T + t; i < chosen.length; i++, at += T) {
        const row = chosen[i] ?? 0;
        const label = own?.[row] ?? Number.NaN;
        const weight = Number.isNaN(label) ? 0 : (weights?.[row] ?? 1);
        target.labels[at] = weight > 0 ? label : 0;
        target.masks[at] = weight;
      }
    }
  }

  return {
    block: target,
    append(block: SourceBlock, chosen: Int32Array): void {
      for (let begin = 0; begin < chosen.length; begin += tileRows)
        appendTile(block, chosen, begin, Math.min(chosen.length, begin + tileRows));
      appendLabels(block, chosen);
      filled += chosen.length;
    },
  };
}
