import { must } from '../../support/must.js';
import type { SourceColumn } from '../dataset.js';
import type { Fitted, Vocabulary } from '../encoding.js';
import { numberKey } from './number-key.js';

export interface VocabularyOptions {
  /** Values that training has fewer times share one index. */
  readonly minCount: number;
  /** Whether values that training never had share it too, or have one of their own. */
  readonly unseen: 'rare' | 'apart';
}

/**
 * A value that training has at least `minCount` times has its own index, in the order of the dictionary, after the
 * shared indexes. Rarer values and values that training never had share 0. With `apart`, and if there are rarer values,
 * these share 1 instead.
 * @param counts in training, of each index of the column
 */
export function fitVocabulary(
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
  const known = valueIndexes({ kind, ...vocabulary });
  const spellings: Record<string, number> = {};
  for (const [index, text] of dictionary.entries()) {
    const spelt = first[index] === index ? undefined : known.get(dictionary[first[index] ?? 0] ?? '');
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

/** A fault of the loader. */
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

/** -1: there is none. */
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

/** The indexes of all texts that are known. */
export function valueIndexes({ values, rare, ...others }: FittedVocabulary): Map<string, number> {
  const { spellings = {} } = 'spellings' in others ? others : {};
  const indexes = new Map([...rare.map((value): [string, number] => [String(value), 1]), ...Object.entries(spellings)]);
  if (typeof values !== 'number')
    for (const [i, value] of values.entries()) if (value !== null) indexes.set(String(value), i + 1);
  return indexes;
}

/** Of each index of a source's column, the index that is fed; 0 for values without one. */
export function fedIndexes(
  { dictionary, size = 0 }: Pick<SourceColumn, 'dictionary' | 'size'>,
  fitted: FittedVocabulary,
): Int32Array {
  if (dictionary) {
    const known = inOrder(dictionary, fitted) ?? indexLookup(fitted);
    const fed = new Int32Array(dictionary.length);
    for (let index = 0; index < fed.length; index++) fed[index] = known(dictionary[index] ?? '') ?? 0;
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
function inOrder(
  dictionary: readonly string[],
  { values, rare, ...others }: FittedVocabulary,
): ((text: string) => number | undefined) | undefined {
  const isPlain = rare.length === 0 && typeof values !== 'number' && !('spellings' in others);
  let place = 0;
  if (isPlain) for (const text of dictionary) if (text === values[place]) place++;
  if (!isPlain || place < values.length) return undefined;
  let next = 0;
  return (text) => (text === values[next] ? ++next : undefined);
}
