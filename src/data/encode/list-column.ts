import { type FittedList, type ListValues, listOf } from '../dataset.js';
import { type ListEncoding, noIndex } from './column-encodings.js';
import { type ColumnFit, type VocabularyOptions, vocabulary } from './column-fits.js';

export interface ListOptions extends VocabularyOptions {
  /** Most entries that are fed: the heaviest, of equal ones the first. */
  readonly length: number;
  /**
   * `sum` of the entries' embeddings by weight, or that divided by the sum of the weights. `attention` is fed as `sum`
   * is.
   */
  readonly pool: 'sum' | 'mean' | 'attention';
}

/** Learns a list's vocabulary, and how many entries the longest rows lose. */
export function listFit(size: number, options: ListOptions): ColumnFit {
  const counts = new Uint32Array(size);
  const lost = { rows: 0, entries: 0 };
  return {
    add(column, rows) {
      const values = listOf(column);
      const { offsets, indexes } = values.shared?.lists ?? values;
      const of = values.shared?.of;
      for (let r = 0; r < rows.length; ) {
        const list = of ? (of[rows[r] ?? 0] ?? 0) : (rows[r] ?? 0);
        let times = 1;
        while (of && r + times < rows.length && of[rows[r + times] ?? 0] === list) times++;
        r += times;
        const [begin = 0, end = 0] = [offsets[list], offsets[list + 1]];
        for (let i = begin; i < end; i++) counts[indexes[i] ?? 0] = (counts[indexes[i] ?? 0] ?? 0) + times;
        if (end - begin <= options.length) continue;
        lost.rows += times;
        lost.entries += times * (end - begin - options.length);
      }
    },
    finish: () => ({ kind: 'list', ...vocabulary(counts, options), length: options.length, pool: options.pool }),
    truncation: () => (lost.rows > 0 ? lost : null),
  };
}

export function listEncoding({ indexes: known, cardinality, length, pool }: FittedList): ListEncoding {
  // the list that was encoded last
  const feed = { indexes: new Int32Array(length), weights: new Float32Array(length) };
  let last: ListValues | undefined;
  let lastList = -1;

  function encode(lists: ListValues, list: number): void {
    const count = keepHeaviest(lists, list, feed);
    let total = 0;
    for (let k = 0; k < count; k++) total += feed.weights[k] ?? 0;
    const scale = pool === 'mean' && total !== 0 ? 1 / total : 1;
    for (let k = 0; k < count; k++) {
      feed.indexes[k] = known[feed.indexes[k] ?? 0] ?? noIndex(feed.indexes[k], known.length);
      feed.weights[k] = (feed.weights[k] ?? 0) * scale;
    }
    feed.indexes.fill(0, count);
    feed.weights.fill(0, count);
  }

  return {
    kind: 'list',
    cardinality,
    length,
    write(values, rows, begin, end, indexes, at, stride, weights, weightAt, weightStride) {
      const lists = values.shared?.lists ?? values;
      for (let i = begin, to = at, weightTo = weightAt; i < end; i++, to += stride, weightTo += weightStride) {
        const row = rows[i] ?? 0;
        const list = values.shared ? (values.shared.of[row] ?? 0) : row;
        if (!values.shared || lists !== last || list !== lastList) encode(lists, list);
        last = lists;
        lastList = list;
        indexes.set(feed.indexes, to);
        weights.set(feed.weights, weightTo);
      }
    },
  };
}

/** Puts the entries that are fed into `feed`, in the order of the list. @returns how many. */
function keepHeaviest(
  { offsets, indexes, weights }: ListValues,
  list: number,
  feed: { readonly indexes: Int32Array; readonly weights: Float32Array },
): number {
  const length = feed.indexes.length;
  const [begin = 0, end = 0] = [offsets[list], offsets[list + 1]];
  let least = Number.NEGATIVE_INFINITY; // the weight of the lightest entry that is kept,
  let ofLeast = length; // of which so many are kept
  if (weights && end - begin > length) {
    const sorted = weights.slice(begin, end).sort();
    least = sorted[end - begin - length] ?? 0;
    for (let k = end - begin - 1; k >= 0 && (sorted[k] ?? 0) > least; k--) ofLeast--;
  }
  let count = 0;
  for (let i = begin; i < end && count < length; i++) {
    const weight = weights?.[i] ?? 1;
    if (weight < least || (weight === least && ofLeast-- <= 0)) continue;
    feed.indexes[count] = indexes[i] ?? 0;
    feed.weights[count++] = weight;
  }
  return count;
}
