import { z } from 'zod';
import { splitNames } from '../dataset.js';
import { splitSeedSchema } from '../split-seed.js';
import { conditionSchema, mistakeIn } from './condition.js';

/** A column by its name, or by its number from 1. */
const reference = z.union([z.string().min(1), z.int().positive()]);
const condition = conditionSchema.superRefine((value, context) => {
  const mistake = mistakeIn(value);
  if (mistake !== undefined) context.addIssue(mistake);
});
const hash = z
  .int()
  .min(2)
  .max(2 ** 26);
const files = z.union([z.string(), z.array(z.string()).min(1)]);
const share = z.number().gt(0).lt(1);

const columnSchema = z.union([
  z.enum(['categorical', 'numeric', 'ignored']),
  z.strictObject({
    kind: z.enum(['categorical', 'list']),
    /** Values become one of so many indexes by a hash: for ids without end. */
    hash: hash.optional(),
    /** Of a list's entries. */
    separator: z.string().min(1).optional(),
    /** Between an entry and its weight: `id:0.5`. */
    weights: z.string().min(1).optional(),
  }),
]);

const taskSchema = z
  .strictObject({
    /** Default: the task's name. */
    column: reference.optional(),
    /** What makes a label 1; other values are 0. Default: labels are 0 and 1. */
    positive: condition.optional(),
    regression: z.boolean().default(false),
    /** The sample space: rows whose column meets the condition. */
    mask: z
      .looseObject({})
      .refine((mask) => !('equals' in mask && 'where' in mask), {
        message: "give 'equals' or 'where', not both",
        abort: true,
      })
      .pipe(
        z.union([
          z.strictObject({ column: reference, equals: conditionSchema }),
          z.strictObject({ column: reference, where: condition }),
        ]),
      )
      .optional(),
  })
  .refine(({ positive, regression }) => !(regression && positive !== undefined), {
    message: 'a regression task has no positive labels',
    path: ['positive'],
  });

const splitRule = z.union([
  /**
   * Rows are drawn by `splitSeed`; or all rows of one value of the column `group` together; or of the rows of each value of the columns `stratify`
   * the same shares.
   */
  z.strictObject({
    fraction: z.strictObject({ validation: share.optional(), test: share.optional() }),
    group: reference.optional(),
    stratify: z.union([reference, z.array(reference).min(1)]).optional(),
  }),
  /** By a column's value; `train` absent: all others. */
  z.strictObject({
    column: reference,
    train: condition.optional(),
    validation: condition.optional(),
    test: condition.optional(),
  }),
  /** By a column of numbers or dates: the last rows are the test, those before them the validation split. */
  z.strictObject({ time: reference, validation: share.optional(), test: share.optional() }),
]);
const splitSchema = z
  .looseObject({})
  .refine((split) => Object.keys(split).some((key) => !splitNames.some((name) => name === key)), {
    message: "say by what: 'fraction: { validation, test }', 'column' or 'time'",
    abort: true,
  })
  .pipe(splitRule);

/** Texts that stand for a missing value unless `missing` says otherwise. */
export const usualMissing = ['', 'NA', 'NaN', 'nan', 'null', 'NULL', '\\N'];

export const tableOptions = {
  /** Files, or patterns with `*` and `?`. Absent: `query` says what to read. */
  path: files.optional(),
  /** SQL (DuckDB's) that selects the rows. */
  query: z.string().min(1).optional(),
  /** What the query reads: by table name its files, all of one format. */
  files: z.record(z.string().min(1), files).optional(),
  /** A DuckDB file whose tables the query reads. */
  database: z.string().optional(),
  /** DuckDB's extensions that the query needs. They are loaded where they are installed, never downloaded. */
  extensions: z.array(z.string().regex(/^\w+$/)).optional(),
  /** Files of the validation split and of the test split; absent: they are cut out of `path`. */
  validation: files.optional(),
  test: files.optional(),
  /** Whether the first line of a text file has names; or the names, if there is no such line. */
  header: z.union([z.boolean(), z.array(z.string().min(1)).min(1)]).default(true),
  /** Absent: by the file's ending. */
  delimiter: z.string().min(1).optional(),
  quote: z.string().length(1).nullable().default('"'),
  /** Of a text file, as the Encoding Standard names it. Absent: UTF-8. */
  encoding: z.string().refine(isEncoding, 'no encoding of this name; one is windows-1252').optional(),
  /** The mark in numbers of text files. Absent: a point. */
  decimal: z.enum([',', '.']).optional(),
  /** Texts that stand for a missing value. */
  missing: z.array(z.string()).default([...usualMissing]),
  tasks: z.record(z.string().min(1), taskSchema).refine((tasks) => Object.keys(tasks).length > 0, 'no task'),
  /** Kinds of columns, by name or number. */
  columns: z.record(z.string(), columnSchema).default({}),
  /** What becomes of columns that are not named. */
  others: z.enum(['infer', 'ignored']).default('infer'),
  split: splitSchema.optional(),
  /** Draws the rows of a split by fraction. */
  splitSeed: splitSeedSchema,
  /** A categorical column that says which rows belong together (of one user), for metrics within groups. */
  group: reference.optional(),
  /** A column of numbers of at least 0: how much each row counts in losses and metrics. */
  weight: reference.optional(),
  /** Folder that keeps the prepared table. */
  cache: z.string().default('datasets/cache'),
};
const schema = z.strictObject(tableOptions);
export type TableOptions = z.infer<typeof schema>;
export type ColumnOption = z.infer<typeof columnSchema>;
export type TaskOption = z.infer<typeof taskSchema>;
export type Reference = z.infer<typeof reference>;

function isEncoding(name: string): boolean {
  try {
    return new TextDecoder(name).encoding !== '';
  } catch {
    return false;
  }
}
