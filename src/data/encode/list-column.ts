import { asList, type ListValues, type SourceBlock, type SourceColumn } from '../dataset.js';
import type { ListFeed } from '../encoding.js';
import type { ColumnEncoding } from './encoded-split.js';
import { fitVocabulary, noIndex, type VocabularyOptions } from './vocabulary.js';

/** Learns a list's vocabulary, and how many entries the longest rows lose. */
export function listFit(
  size: number,
  options: VocabularyOptions & ListFeed,
  column: Pick<SourceColumn, 'name' | 'dictionary'>,
) {
  const { length, pool } = options;
  const counts = new Uint32Array(size);
  const lost = { rows: 0, entries: 0 };
  let missing = false;
  return {
    add(values: SourceBlock['columns'][number], rows: Int32Array) {
      const { begins, ends, indexes } = asList(values);
      for (let r = 0; r < rows.length; ) {
        const [begin = 0, end = 0] = [begins[rows[r] ?? 0], ends[rows[r] ?? 0]];
        const first = r++;
        while (r < rows.length && begins[rows[r] ?? 0] === begin && ends[rows[r] ?? 0] === end) r++;
        const times = r - first; // rows next to each other that share a list
        if (begin === end) missing = true;
        for (let i = begin; i < end; i++) counts[indexes[i] ?? 0] = (counts[indexes[i] ?? 0] ?? 0) + times;
        if (end - begin <= length) continue;
        lost.rows += times;
        lost.entries += times * (end - begin - length);
      }
    },
    finish: () => ({ kind: 'list' as const, ...fitVocabulary(counts, options, column), length, pool, missing }),
    notes: () =>
      lost.rows === 0
        ? []
        : [
            `Column '${column.name}': ${lost.rows} training rows have more than ${length} entries; the heaviest are fed, ` +
              `${lost.entries} are left out (inputs.columns.${column.name}.maxLength). Rows of other splits are cut alike, uncounted.`,
          ],
  };
}

/**
 * The entries that are fed of a row's list, and their weights: 0 where the list is shorter.
 * @param known Of each index of the source, the index that is fed.
 */
export function listEncoding(known: Int32Array, { length, pool }: ListFeed): ColumnEncoding {
  // the list that was encoded last
  const [indexes, weights] = [new Int32Array(length), new Float32Array(length)];
  let last: ListValues | undefined;
  let [lastBegin, lastEnd] = [0, 0];

  function encode(lists: ListValues, begin: number, end: number): void {
    if (lists === last && begin === lastBegin && end === lastEnd) return;
    const count = keepHeaviest(lists, begin, end, indexes, weights);
    let total = 0;
    for (let k = 0; k < count; k++) total += weights[k] ?? 0;
    const scale = pool === 'mean' && total !== 0 ? 1 / total : 1;
    for (let k = 0; k < count; k++) {
      indexes[k] = known[indexes[k] ?? 0] ?? noIndex(indexes[k], known.length);
      weights[k] = (weights[k] ?? 0) * scale;
    }
    indexes.fill(0, count);
    weights.fill(0, count);
    [last, lastBegin, lastEnd] = [lists, begin, end];
  }

  return {
    list: true,
    categorical: length,
    numeric: length,
    write(values, rows, first, stop, { categorical, numeric, F, D, category, number }) {
      const lists = asList(values);
      for (let i = first, to = category, weightTo = number; i < stop; i++, to += F, weightTo += D) {
        encode(lists, lists.begins[rows[i] ?? 0] ?? 0, lists.ends[rows[i] ?? 0] ?? 0);
        categorical.set(indexes, to);
        numeric.set(weights, weightTo);
      }
    },
  };
}

/** Puts the entries that are fed into `kept` and `keptWeights`, in the order of the list. @returns how many. */
function keepHeaviest(
  { indexes, weights }: ListValues,
  begin: number,
  end: number,
  kept: Int32Array,
  keptWeights: Float32Array,
): number {
  const { length } = kept;
  let least = Number.NEGATIVE_INFINITY; // the weight of the lightest entry that is kept,
  let ofLeast = length; // the number of these that are kept
  if (weights && end - begin > length) {
    const sorted = weights.slice(begin, end).sort();
    least = sorted.at(-length) ?? 0;
    for (let k = sorted.length - 1; k >= 0 && (sorted[k] ?? 0) > least; k--) ofLeast--;
  }
  let count = 0;
  for (let i = begin; i < end && count < length; i++) {
    const weight = weights?.[i] ?? 1;
    if (weight < least || (weight === least && ofLeast-- <= 0)) continue;
    kept[count] = indexes[i] ?? 0;
    keptWeights[count++] = weight;
  }
  return count;
}
