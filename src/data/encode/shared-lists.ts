import type { ListValues } from '../dataset.js';

/**
 * Lists that rows share. Where somebody reads them row by row, they are written out, once.
 * @param of Row `r` has the list `of[r]`.
 */
export function sharedLists(lists: ListValues, of: Int32Array): ListValues {
  let written: ListValues | undefined;
  const each = () => {
    written ??= writtenOut(lists, of);
    return written;
  };
  return {
    shared: { lists, of },
    get offsets() {
      return each().offsets;
    },
    get indexes() {
      return each().indexes;
    },
    get weights() {
      return each().weights ?? new Float32Array(each().indexes.length).fill(1);
    },
  };
}

function writtenOut({ offsets, indexes, weights }: ListValues, of: Int32Array): ListValues {
  const own = new Int32Array(of.length + 1);
  for (const [row, list] of of.entries())
    own[row + 1] = (own[row] ?? 0) + (offsets[list + 1] ?? 0) - (offsets[list] ?? 0);
  const count = own[of.length] ?? 0;
  const all = { offsets: own, indexes: new Int32Array(count), weights: new Float32Array(count).fill(1) };
  for (const [row, list] of of.entries()) {
    const [begin, end] = [offsets[list], offsets[list + 1]];
    all.indexes.set(indexes.subarray(begin, end), own[row]);
    if (weights) all.weights.set(weights.subarray(begin, end), own[row]);
  }
  return all;
}
