import { z } from 'zod';

/** How numeric columns enter: see `data/encode.ts`. */
const numericEncoding = z.enum(['standard', 'log1p', 'quantile', 'value']);

/** The bounds of sizes are far above what is of use: they turn a slip of the finger into a message. */
const embeddingWidth = z
  .int()
  .positive()
  .max(2 ** 12);

/** `inputs:` of a config. */
export const inputsSchema = z.strictObject({
  /** Embedding width of categorical columns (and of numeric ones in buckets or by value). */
  embedding: embeddingWidth.default(4),
  numeric: numericEncoding.default('standard'),
  /** Most buckets of a `quantile` column, and most values of a `value` column that have an embedding of their own. */
  buckets: z.int().min(2).default(64),
  /** Categorical values and list entries that training has fewer times share one index. */
  minCount: z.int().positive().default(1),
  /**
   * With a `minCount` above 1, what values that training never had are: `rare`, as the rarer ones; `apart`, with an embedding of their own, which
   * nothing trains. Filled in (`rare`) where it has an effect.
   */
  unseen: z.enum(['rare', 'apart']).optional(),
  /** Most entries of a list that are fed: the heaviest. */
  maxLength: z
    .int()
    .positive()
    .max(2 ** 12)
    .default(32),
  /** How a list's embeddings become one: their sum by weight, or that divided by the sum of the weights. */
  pool: z.enum(['mean', 'sum']).default('mean'),
  /** Settings of single columns. */
  columns: z
    .record(
      z.string(),
      z.strictObject({
        embedding: embeddingWidth.optional(),
        numeric: numericEncoding.optional(),
        buckets: z.int().min(2).optional(),
        minCount: z.int().positive().optional(),
        maxLength: z
          .int()
          .positive()
          .max(2 ** 12)
          .optional(),
        pool: z.enum(['mean', 'sum']).optional(),
      }),
    )
    .default({}),
});
export type InputsConfig = Readonly<z.infer<typeof inputsSchema>>;

/** Whether any column has rare values, by its settings. */
export function countsValues({ minCount, columns }: InputsConfig): boolean {
  return [minCount, ...Object.values(columns).map((column) => column.minCount ?? 1)].some((least) => least > 1);
}

/** One entry of `tasks:`. The order is the order of every table. */
export const taskSchema = z.strictObject({
  name: z.string().min(1),
  type: z.enum(['binary', 'regression']),
  /** Regression: the loss sees (label - mean) / deviation of the training split; metrics stay in the label's units. */
  standardize: z.boolean().default(false),
  /** Binary: the loss of a positive is multiplied by this (`pos_weight` of PyTorch's `BCEWithLogitsLoss`). Absent: 1. */
  positiveWeight: z.number().positive().optional(),
});
export type TaskConfig = Readonly<z.infer<typeof taskSchema>>;

/** Of one task in `loss.weights`. */
export const weightSchema = z.strictObject({
  initial: z.number().nonnegative().default(1),
  /** The weight is initial * ratio^t. */
  ratio: z.number().positive().default(1),
});

/** How large a gain has to be to count: in the metric's own unit, or in percent of the value that it is measured against. */
export type Margin = { readonly absolute: number } | { readonly percent: number };
