/** What was learnt of a column in training: plain data, from which its encoding is made. */
export type FittedColumn = FittedVocabulary | FittedList | FittedNumbers;

/** They are stored as they are. */
export type FittedNumbers =
  | { readonly kind: 'identity' } /** Ascending edges of buckets, and whether training had missing values. */
  | ({ readonly kind: 'buckets'; readonly edges: readonly number[]; readonly missing: boolean } & Ranged)
  /** Mean and deviation of x, or of sign(x) log(1 + |x|) if `log`. */
  | ({ readonly kind: 'scale'; readonly mean: number; readonly deviation: number; readonly log: boolean } & Ranged &
      Missed);

interface Ranged {
  /** The smallest and the largest value of training, if it had one. Runs of earlier commits have none. */
  readonly range?: readonly [number, number] | undefined;
}

interface Missed {
  /** Whether training had a missing value. Runs of earlier commits do not say. */
  readonly missing?: boolean | undefined;
}

/** See `vocabulary`: of each index of the source, the index that is fed. */
interface Indexes {
  readonly indexes: Int32Array;
  readonly cardinality: number;
}

interface FittedVocabulary extends Indexes {
  readonly kind: 'vocabulary';
  /** Of a column of numbers: spellings of one number share its index (`numberKey`). */
  readonly byNumber?: boolean | undefined;
}

export interface ListFeed extends Missed {
  /** Most entries that are fed: the heaviest, of equal ones the first. */
  readonly length: number;
  /**
   * `sum` of the entries' embeddings by weight, or that divided by the sum of the weights. `attention` is fed as `sum`
   * is.
   */
  readonly pool: 'sum' | 'mean' | 'attention';
}

export interface FittedList extends Indexes, ListFeed {
  readonly kind: 'list';
}
