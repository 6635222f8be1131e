import { setImmediate } from 'node:timers/promises';
import { int32Of } from './ali-ccp-blocks.js';
import type { SampleReader } from './ali-ccp-rows.js';
import type { SourceSplit } from './dataset.js';
import type { PreparedTable } from './prepared/prepared-table.js';

/** To which split the samples of a common row belong; by common row. 0: to none. */
type Marks = Uint8Array;

/**
 * Draws users, so that all samples of one are in one split. A common row without a user stands for itself.
 * @param markOf of a number in [0, 1), uniform over users, the same for a user in every file.
 */
export async function drawMarks(
  users: PreparedTable,
  seed: number,
  markOf: (uniform: number) => number,
  signal?: AbortSignal,
): Promise<Marks> {
  const marks = new Uint8Array(users.rows);
  for (let b = 0; b * users.blockRows < users.rows; b++) {
    signal?.throwIfAborted();
    const block = await users.read(b);
    const ids = int32Of(block, 0);
    for (let r = 0; r < block.rows; r++) {
      const row = b * users.blockRows + r;
      const user = ids[r] ?? 0;
      marks[row] = markOf(uniform(seed, user > 0 ? user : -1 - row));
    }
  }
  return marks;
}

/** The samples whose common row has one of these marks, in the file's order. */
export async function markedSplits(
  reader: SampleReader,
  marks: Marks,
  wanted: readonly number[],
  signal?: AbortSignal,
): Promise<SourceSplit[]> {
  const { samples } = reader;
  const blocks = Math.ceil(samples.rows / samples.blockRows);
  const counts = wanted.map(() => new Int32Array(blocks));
  for (let b = 0; b < blocks; b++) {
    signal?.throwIfAborted();
    const block = await samples.read(b);
    const common = int32Of(block, 0);
    const found = [0, 0, 0];
    for (let r = 0; r < block.rows; r++) {
      const mark = marks[common[r] ?? 0] ?? 0;
      found[mark] = (found[mark] ?? 0) + 1;
    }
    for (const [w, mark] of wanted.entries()) counts[w]?.set([found[mark] ?? 0], b);
    if (b % 64 === 0) await setImmediate(); // lets signals and timers in
  }
  return wanted.map((mark, w) => markedSplit(reader, marks, mark, counts[w] ?? new Int32Array()));
}

function markedSplit(reader: SampleReader, marks: Marks, mark: number, counts: Int32Array): SourceSplit {
  const { samples } = reader;
  const { blockRows } = samples;
  const rows = counts.reduce((sum, count) => sum + count, 0);
  return {
    rows,
    blockRows,
    async read(index) {
      const [begin, end] = [index * blockRows, Math.min(rows, (index + 1) * blockRows)];
      const picked = [];
      let before = 0; // rows of the split in earlier blocks
      for (let b = 0; b < counts.length && before < end; b++) {
        const count = counts[b] ?? 0;
        if (before + count > begin && count > 0) {
          const block = await samples.read(b);
          const chosen = markedRows(int32Of(block, 0), block.rows, marks, mark);
          picked.push({ block: b, rows: chosen.subarray(Math.max(0, begin - before), end - before) });
        }
        before += count;
      }
      return reader.read(picked);
    },
  };
}

function markedRows(common: Int32Array, rows: number, marks: Marks, mark: number): Int32Array {
  const chosen = new Int32Array(rows);
  let count = 0;
  for (let r = 0; r < rows; r++) if (marks[common[r] ?? 0] === mark) chosen[count++] = r;
  return chosen.subarray(0, count);
}

/** [0, 1), from all bits of both. */
function uniform(seed: number, value: number): number {
  let code = Math.imul(seed ^ 0x5bd1e995, 0x9e3779b1) ^ Math.imul(value, 0x85ebca6b);
  code = Math.imul(code ^ (code >>> 16), 0x7feb352d);
  code = Math.imul(code ^ (code >>> 15), 0x846ca68b);
  return ((code ^ (code >>> 16)) >>> 0) / 2 ** 32;
}
