import type { SourceBlock, SourceSplit } from '../dataset.js';
import type { TableReader } from '../store/prepared.js';
import type { FileSplit, StoredFiles } from './prepare-files.js';
import { numbersIn, SampleReader } from './sample-reader.js';

const blockRows = 4096;
/** A split's samples are counted per range of this many samples of the file. */
const rangeRows = 512;
/** Numbers per read. */
const readRows = 2 ** 20;

/** The split of a common row's samples, by common row. 0: none. */
type Marks = Uint8Array;

/** The data that a file's splits are made from. */
interface Drawn {
  readonly file: TableReader;
  readonly split: FileSplit;
  readonly stored: StoredFiles;
  /** The second task is defined for clicks only. */
  readonly clicksOnly: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Draws users, so that all samples of a user are in one split. A common row without a user counts as a user.
 * @param markOf The mark of a number in [0, 1). The number is uniform over users, and equal for a user in every file.
 * 0: in no split.
 * @param wanted marks of the splits.
 * @returns the splits, in the file's order.
 */
export async function userSplits(
  drawn: Drawn,
  seed: number,
  markOf: (uniform: number) => number,
  wanted: readonly number[],
): Promise<SourceSplit[]> {
  const { split, stored } = drawn;
  const rows = stored.rows[split];
  const marks: Marks = new Uint8Array(rows.common);
  await eachNumber(drawn, `common_${split}`, 'person', rows.common, (person, row) => {
    marks[row] = markOf(uniform(seed, person));
  });
  const counts = wanted.map(() => new Int32Array(Math.ceil(rows.samples / rangeRows)));
  const countsOf = new Map(wanted.map((mark, w) => [mark, counts[w]]));
  await eachNumber(drawn, `links_${split}`, 'common', rows.samples, (common, row) => {
    const found = countsOf.get(marks[common] ?? 0);
    const range = Math.floor(row / rangeRows);
    if (found) found[range] = (found[range] ?? 0) + 1;
  });
  return wanted.map((mark, w) => markedSplit(drawn, marks, mark, counts[w] ?? new Int32Array()));
}

async function eachNumber(
  { file, signal }: Drawn,
  table: string,
  column: string,
  rows: number,
  use: (number: number, row: number) => void,
): Promise<void> {
  for (let from = 0; from < rows; from += readRows) {
    signal?.throwIfAborted();
    const numbers = await numbersIn(file, table, column, from, Math.min(rows, from + readRows));
    for (const [r, number] of numbers.entries()) use(number, from + r);
  }
}

/** The samples whose common row has this mark. @param counts Their numbers in each range of the file's samples. */
function markedSplit(
  { file, split, stored, clicksOnly }: Drawn,
  marks: Marks,
  mark: number,
  counts: Int32Array,
): SourceSplit {
  const reader = new SampleReader(file, split, stored.ids, clicksOnly);
  const chosen = (common: number) => marks[common] === mark;
  const rows = counts.reduce((sum, count) => sum + count, 0);
  const read = (index: number) => {
    const [begin, end] = [index * blockRows, Math.min(rows, (index + 1) * blockRows)];
    let [range, before] = [0, 0]; // rows of the split in earlier ranges
    while (before + (counts[range] ?? 0) <= begin) before += counts[range++] ?? 0;
    const from = range * rangeRows;
    const skip = begin - before;
    while (before < end) before += counts[range++] ?? 0;
    const to = Math.min(stored.rows[split].samples, range * rangeRows);
    return reader.read({ from, to, chosen, skip, rows: end - begin });
  };
  return { rows, blockRows, ...readAhead(Math.ceil(rows / blockRows), read) };
}

/** Blocks that can be requested in advance: they are read while the previous block is used. */
function readAhead(
  blocks: number,
  read: (index: number) => Promise<SourceBlock>,
): Required<Pick<SourceSplit, 'read' | 'ahead'>> {
  let next: { readonly index: number; readonly block: Promise<SourceBlock> } | undefined;
  return {
    read(index) {
      const begun = next?.index === index ? next.block : undefined;
      next = undefined;
      return begun ?? read(index);
    },
    ahead(index) {
      if (next?.index === index || index >= blocks) return;
      const block = read(index);
      block.catch(() => undefined); // its reader gets the error
      next = { index, block };
    },
  };
}

/** A number in [0, 1) that depends on all bits of both. */
function uniform(seed: number, value: number): number {
  let code = Math.imul(seed ^ 0x5bd1e995, 0x9e3779b1) ^ Math.imul(value, 0x85ebca6b);
  code = Math.imul(code ^ (code >>> 16), 0x7feb352d);
  code = Math.imul(code ^ (code >>> 15), 0x846ca68b);
  return ((code ^ (code >>> 16)) >>> 0) / 2 ** 32;
}
