import { asList, type ListValues, type SourceColumn } from '../dataset.js';
import type { ListFeed } from '../encoding.js';
import { type ListEncoding, noIndex } from './column-encodings.js';
import type { ColumnFit } from './column-fits.js';
import { fitVocabulary, type VocabularyOptions } from './vocabulary.js';

/** Learns a list's vocabulary, and how many entries the longest rows lose. */
export function listFit(
  size: number,
  options: VocabularyOptions & ListFeed,
  named: Pick<SourceColumn, 'name' | 'dictionary'>,
): ColumnFit {
  const counts = new Uint32Array(size);
  const lost = { rows: 0, entries: 0 };
  let missing = false;
  return {
    add(column, rows) {
      const { begins, ends, indexes } = asList(column);
      for (let r = 0; r < rows.length; ) {
        const row = rows[r] ?? 0;
        const [begin = 0, end = 0] = [begins[row], ends[row]];
        let next = r + 1;
        while (next < rows.length && begins[rows[next] ?? 0] === begin && ends[rows[next] ?? 0] === end) next++;
        const times = next - r;
        r = next;
        if (begin === end) missing = true;
        for (let i = begin; i < end; i++) counts[indexes[i] ?? 0] = (counts[indexes[i] ?? 0] ?? 0) + times;
        if (end - begin <= options.length) continue;
        lost.rows += times;
        lost.entries += times * (end - begin - options.length);
      }
    },
    finish: () => ({
      kind: 'list',
      ...fitVocabulary(counts, options, named),
      length: options.length,
      pool: options.pool,
      missing,
    }),
    truncation: () => (lost.rows > 0 ? lost : null),
  };
}

/**
 * The entries that are fed of a row's list.
 * @param known Of each index of the source, the index that is fed.
 */
export function listEncoding(known: Int32Array, { length, pool }: ListFeed): ListEncoding {
  // the list that was encoded last
  const feed = { indexes: new Int32Array(length), weights: new Float32Array(length) };
  let last: ListValues | undefined;
  let [lastBegin, lastEnd] = [0, 0];

  function encode(lists: ListValues, begin: number, end: number): void {
    const count = keepHeaviest(lists, begin, end, feed);
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
    length,
    fed(lists, row) {
      const [begin = 0, end = 0] = [lists.begins[row], lists.ends[row]];
      if (lists !== last || begin !== lastBegin || end !== lastEnd) encode(lists, begin, end);
      last = lists;
      [lastBegin, lastEnd] = [begin, end];
      return feed;
    },
  };
}

/** Puts the entries that are fed into `feed`, in the order of the list. @returns how many. */
function keepHeaviest(
  { indexes, weights }: ListValues,
  begin: number,
  end: number,
  feed: { readonly indexes: Int32Array; readonly weights: Float32Array },
): number {
  const length = feed.indexes.length;
  let least = Number.NEGATIVE_INFINITY; // the weight of the lightest entry that is kept,
  let ofLeast = length; // the number of these that are kept
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
