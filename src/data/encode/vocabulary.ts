import { must } from '../../support/must.js';
import { asList, type ListValues, type SourceBlock, type SourceColumn } from '../dataset.js';
import type { Fitted, ListFeed, Vocabulary } from '../encoding.js';
import type { ColumnEncoding } from './encoded-split.js';

export interface VocabularyOptions {
  /** Values that training has fewer times share one index. */
  readonly minCount: number;
  /** Whether values that training never had share it too, or have one of their own. */
  readonly unseen: 'rare' | 'apart';
}

/** How many indexes the values of a categorical column or a list have. */
export function indexCount({ dictionary, size = 0 }: Pick<SourceColumn, 'dictionary' | 'size'>): number {
  return dictionary?.length ?? size;
}

/**
 * A value that training has at least `minCount` times has its own index, in the order of the dictionary, after the
 * shared indexes. Rarer values and values that training never had share 0. With `apart`, and if there are rarer values,
 * these share 1 instead.
 * @param counts in training, of each index of the column
 */
function fitVocabulary(
  counts: Uint32Array,
  { minCount, unseen }: VocabularyOptions,
  { name, dictionary }: Pick<SourceColumn, 'name' | 'dictionary'>,
): Vocabulary {
  if (!dictionary && counts.every((count) => count >= Math.max(1, minCount)))
    return { values: counts.length, rare: [] };
  const values: (string | number | null)[] = [];
  const rare: (string | number)[] = [];
  for (const [index, count] of counts.entries()) {
    const value = dictionary ? must(dictionary[index], name) : index; // a column without texts has indexes
    if (count >= Math.max(1, minCount)) values.push(value);
    else if (count > 0 && unseen === 'apart') rare.push(value);
  }
  if (rare.length < 2) return { values: [...rare, ...values], rare: [] };
  return { values: [null, ...values], rare };
}

/** As `fitVocabulary`. If all texts of training are numbers, spellings of one number are one value. */
export function vocabularyByNumber(
  counts: Uint32Array,
  options: VocabularyOptions,
  column: Pick<SourceColumn, 'name' | 'dictionary'>,
): Extract<Fitted, { kind: 'vocabulary' }> {
  const kind = 'vocabulary';
  const { dictionary = [] } = column;
  const first = firstSpellings(dictionary, counts);
  if (!first) return { kind, ...fitVocabulary(counts, options, column) };
  const merged = new Uint32Array(counts.length);
  for (const [index, count] of counts.entries()) merged[first[index] ?? 0] = (merged[first[index] ?? 0] ?? 0) + count;
  const vocabulary = fitVocabulary(merged, options, column);
  const indexes = valueIndexes({ kind, ...vocabulary });
  const spellings: Record<string, number> = {};
  for (const [index, text] of dictionary.entries()) {
    const spelt = first[index] === index ? undefined : indexes.get(dictionary[first[index] ?? 0] ?? '');
    if (spelt !== undefined) spellings[text] = spelt;
  }
  return { kind, ...vocabulary, spellings };
}

/**
 * For each text, the first text of equal number. Undefined unless all texts of training are numbers, or missing.
 * @param counts in training. Absent: whatever the texts are, those that are numbers are compared so.
 */
export function firstSpellings(texts: readonly string[], counts?: Uint32Array): Int32Array | undefined {
  const respelt = new Map<string, number>();
  for (const [index, text] of texts.entries()) {
    const key = numberKey(text);
    if (key === undefined && text !== '' && (counts?.[index] ?? 0) > 0) return undefined;
    if (key !== undefined && key !== text) respelt.set(key, -1);
  }
  if (texts.length === 0) return undefined;
  return Int32Array.from(texts, (text, index) => {
    const key = respelt.size > 0 ? numberKey(text) : undefined;
    const first = respelt.get(key ?? '') ?? index;
    if (first >= 0) return first;
    respelt.set(key ?? '', index);
    return index;
  });
}

/** Throws for an index beyond a dictionary, which is a bug of the loader. */
export function noIndex(value: number | undefined, size: number): never {
  throw new Error(`A source has ${value} where an index of a dictionary of ${size} values was expected.`);
}

export type FittedVocabulary = Extract<Fitted, { values: unknown }>;

/** The index of a value that has one, by its text. */
export function indexLookup(fitted: FittedVocabulary): (text: string) => number | undefined {
  if (areCodes(fitted)) {
    const fed = fedIndexes({ size: 1 + largestCode(fitted) }, fitted);
    return (text) => (String(Number(text)) === text ? fed[Number(text)] || undefined : undefined);
  }
  const indexes = valueIndexes(fitted);
  if (!('spellings' in fitted)) return (text) => indexes.get(text);
  const byNumber = new Map(Array.from(indexes, ([text, index]) => [numberKey(text) ?? text, index]));
  return (text) => byNumber.get(numberKey(text) ?? text);
}

/** Whether the values are codes of the data, not texts. */
export function areCodes({ values, rare }: FittedVocabulary): boolean {
  return typeof values === 'number' || [values, rare].some((some) => some.some((value) => typeof value === 'number'));
}

/** The largest code of the data among the values; -1: there is none. */
export function largestCode({ values, rare }: FittedVocabulary): number {
  if (typeof values === 'number') return values - 1;
  let most = -1;
  for (const some of [values, rare]) for (const value of some) most = Math.max(most, Number(value ?? -1));
  return most;
}

/** How many values have an index of their own, that of rare ones included. */
export function vocabularySize({ values }: FittedVocabulary): number {
  return typeof values === 'number' ? values : values.length;
}

/** The index of every text that has one. */
export function valueIndexes({ values, rare, ...others }: FittedVocabulary): Map<string, number> {
  const { spellings = {} } = 'spellings' in others ? others : {};
  const indexes = new Map([...rare.map((value): [string, number] => [String(value), 1]), ...Object.entries(spellings)]);
  if (typeof values !== 'number')
    for (const [i, value] of values.entries()) if (value !== null) indexes.set(String(value), i + 1);
  return indexes;
}

/** The fed index of each index of a source's column; 0 for values without an index of their own. */
export function fedIndexes(
  { dictionary, size = 0 }: Pick<SourceColumn, 'dictionary' | 'size'>,
  fitted: FittedVocabulary,
): Int32Array {
  if (dictionary) {
    const indexes = lookupInOrder(dictionary, fitted) ?? indexLookup(fitted);
    const fed = new Int32Array(dictionary.length);
    for (let index = 0; index < fed.length; index++) fed[index] = indexes(dictionary[index] ?? '') ?? 0;
    return fed;
  }
  const fed = new Int32Array(size);
  if (typeof fitted.values === 'number') return fed.map((_, code) => (code < Number(fitted.values) ? code + 1 : 0));
  for (const value of fitted.rare) fed[Number(value)] = 1;
  for (const [i, value] of fitted.values.entries()) if (value !== null) fed[Number(value)] = i + 1;
  return fed;
}

/**
 * `indexLookup` for texts that are asked for in the order of the dictionary, if the values stand in this order, as those
 * of the dictionary that they were found in do. It needs no table of them, which takes most of the time of a large one.
 */
function lookupInOrder(
  dictionary: readonly string[],
  { values, rare, ...others }: FittedVocabulary,
): ((text: string) => number | undefined) | undefined {
  if (rare.length > 0 || typeof values === 'number' || 'spellings' in others) return undefined;
  let met = 0;
  for (const text of dictionary) if (text === values[met]) met++;
  if (met < values.length) return undefined;
  let next = 0;
  return (text) => (text === values[next] ? ++next : undefined);
}

/**
 * What spellings of one number have in common: of `1`, `1.0` and `true` it is `1`. Undefined for what is no number or
 * looks like a code, in which each digit counts: `007`, `1.10`, `+1`, a whole number above 2^53.
 */
export function numberKey(text: string): string | undefined {
  const truth = truthValue(text);
  const short = truth === undefined ? text.replace(/^(-?\d+)\.0$/, '$1') : String(truth);
  return String(Number(short)) === short && /\d$/.test(short) ? short : undefined;
}

export const truths = ['false', 'true'];

/** 0 or 1 of a boolean, in upper or lower case. */
export function truthValue(text: string): number | undefined {
  const truth = truths.indexOf(text.trim().toLowerCase());
  return truth < 0 ? undefined : truth;
}

/** Learns a list's vocabulary, and how many entries the longest rows lose. */
export function listFit(options: VocabularyOptions & ListFeed, column: SourceColumn) {
  const { length, pool } = options;
  const counts = new Uint32Array(indexCount(column));
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
 * @param fed `fedIndexes` of the list
 */
export function listEncoding(fed: Int32Array, { length, pool }: ListFeed): ColumnEncoding {
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
      indexes[k] = fed[indexes[k] ?? 0] ?? noIndex(indexes[k], fed.length);
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

/** Writes the heaviest entries to `kept` and their weights to `keptWeights`, in the order of the list. @returns how many. */
function keepHeaviest(
  { indexes, weights }: ListValues,
  begin: number,
  end: number,
  kept: Int32Array,
  keptWeights: Float32Array,
): number {
  const { length } = kept;
  let least = Number.NEGATIVE_INFINITY; // the weight of the lightest entry that is kept
  let leastCount = length; // how many entries of this weight are kept
  if (weights && end - begin > length) {
    const sorted = weights.slice(begin, end).sort();
    least = sorted.at(-length) ?? 0;
    for (let k = sorted.length - 1; k >= 0 && (sorted[k] ?? 0) > least; k--) leastCount--;
  }
  let count = 0;
  for (let i = begin; i < end && count < length; i++) {
    const weight = weights?.[i] ?? 1;
    if (weight < least || (weight === least && leastCount-- <= 0)) continue;
    kept[count] = indexes[i] ?? 0;
    keptWeights[count++] = weight;
  }
  return count;
}
