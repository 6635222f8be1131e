import { z } from 'zod';

/**
 * All that was fitted to the training rows: the one form, stored as a run's `encoding.json`. By it
 * `project` makes a model's inputs of rows, those of training and new ones alike.
 */
export interface Encoding {
  readonly schema: 1;
  readonly columns: readonly FittedColumn[];
  readonly tasks: readonly FittedTask[];
  readonly texts?: TextReading | undefined;
  /** See `Source`. */
  readonly group?: string | undefined;
}

/** How a column becomes numbers. */
export type FittedColumn = { readonly name: string; readonly cells: CellReading } & Fitted;

export type Fitted =
  | /** With `spellings`, which has further ones of these values, any spelling of a number is this number. */
  (Vocabulary & { readonly kind: 'vocabulary'; readonly spellings?: Readonly<Record<string, number>> })
  | (Vocabulary & ListFeed & { readonly kind: 'list' })
  | { readonly kind: 'identity' }
  /** Ascending edges of buckets, and whether training had missing values. */
  | ({ readonly kind: 'buckets'; readonly edges: readonly number[]; readonly missing: boolean } & Ranged)
  /**
   * Mean and deviation of x, or of sign(x) log(1 + |x|) if `log`. For `piecewise`, also ascending edges between its
   * bins; the outer ones are those of the range.
   */
  | ({ readonly kind: 'scale'; readonly mean: number; readonly deviation: number; readonly log: boolean } & Ranged &
      Missed & { readonly edges?: readonly number[] | undefined });

/**
 * `values[i]` has the index i + 1; where the first is null, the values of `rare` share the index 1. Any other value has
 * the index 0. A number n in place of the values: the codes 0 to n - 1.
 */
export interface Vocabulary {
  readonly values: readonly (string | number | null)[] | number;
  readonly rare: readonly (string | number)[];
}

interface Ranged {
  /** The smallest and the largest value of training, if it had one. */
  readonly range?: readonly [number, number] | undefined;
}

interface Missed {
  /** Whether training had a missing value. */
  readonly missing?: boolean | undefined;
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

export type TaskType = 'binary' | 'regression' | 'multiclass';

/** What turns a task's logits into predictions. */
export interface FittedTask {
  readonly name: string;
  readonly type: TaskType;
  /** The texts of a multiclass task's classes, in the order of their indexes. */
  readonly classes?: readonly string[] | undefined;
  /**
   * The loss sees (label - offset) / scale; metrics see scale * prediction + offset. Tasks that are no regressions: 0
   * and 1.
   */
  readonly offset: number;
  readonly scale: number;
  /**
   * For a regression: a prediction is the exponential of scale * prediction + offset, and the loss sees it before.
   * Absent: as above.
   */
  readonly link?: 'log' | undefined;
}

/** Bytes. `encoding.json` is read as one string, of which a JavaScript engine has at most 2^29 characters. */
export const mostEncodingText = 2 ** 29 - 2 ** 16;

/** Whether each value of a vocabulary has one index: of two, the first would never be looked up. */
export function isDistinct({ values, rare }: Vocabulary): boolean {
  const all = typeof values === 'number' ? rare : [...values, ...rare];
  return new Set(all).size === all.length;
}

const index = z.int().max(2 ** 28); // each has a row of an embedding table
const text = z.union([z.string(), index]);

/** Bounds what readers allocate: a run's folder may be a stranger's, with checksums of its own. */
export const encodingShape = z.looseObject({
  schema: z.literal(1),
  columns: z.array(
    z
      .looseObject({
        cells: z.looseObject({ hash: index.optional() }),
        values: z.union([index, z.array(text.nullable())]).default([]),
        rare: z.array(text).default([]),
        length: z
          .int()
          .max(2 ** 12)
          .optional(),
      })
      .refine(isDistinct, 'a value is there twice'),
  ),
});

/** New rows are read as those of training were. */
export interface CellReading {
  /** The values are hashed to this many indexes. */
  readonly hash?: number | undefined;
  /** Between the entries of a list. */
  readonly separator?: string | undefined;
  /** The mark before an entry's weight. */
  readonly weights?: string | undefined;
  /** In a numeric column, texts that are no numbers are missing values. */
  readonly lenient?: boolean | undefined;
  /** How the times of a column are written: a place in `timeForms`. */
  readonly time?: number | undefined;
  /** The input is this part of the times in the column `of`. */
  readonly part?: CalendarPart | undefined;
  readonly of?: string | undefined;
}

/** What a time is an input by: a number from 1 (January, Monday) or 0 (midnight), or days since 1970. All are in UTC. */
export const calendarParts = ['month', 'weekday', 'hour', 'days'] as const;
export type CalendarPart = (typeof calendarParts)[number];

/** How a table's texts are read, whatever their column. */
export interface TextReading {
  /** Texts that stand for a missing value. */
  readonly missing: readonly string[];
  /** Blanks around values belong to them. */
  readonly exact?: boolean | undefined;
}
