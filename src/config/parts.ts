import { z } from 'zod';

const numericEncoding = z.enum(['standard', 'log1p', 'quantile', 'value']);

/** The bounds of sizes are far above what is of use: they turn a slip of the finger into a message. */
const embeddingWidth = z
  .int()
  .positive()
  .max(2 ** 12);

/** `inputs:` of a config. */
export const inputsSchema = z.strictObject({
  embedding: embeddingWidth
    .default(4)
    .describe('Embedding width of categorical columns, and of numeric ones in buckets or by value.'),
  numeric: numericEncoding
    .default('standard')
    .describe(
      'How numeric columns enter. `standard`: (x - mean) / deviation. `log1p`: the same for sign(x) log(1 + abs(x)). `quantile`: an embedding for each bucket. `value`: an embedding for each value.',
    ),
  buckets: z
    .int()
    .min(2)
    .default(64)
    .describe(
      'Most buckets of a `quantile` column. Of a `value` column: most values that have an embedding of their own.',
    ),
  minCount: z
    .int()
    .positive()
    .default(1)
    .describe('Categories and list entries that occur fewer times in training are rare: they share one embedding.'),
  // Filled in only where it has an effect: see `withUnseen`.
  unseen: z.enum(['rare', 'apart']).optional().meta({
    default: 'rare',
    description:
      'Only with `minCount` above 1: the embedding of a category or list entry that training never had. `rare`: that of the rare ones, which is trained. `apart`: one of its own, which is not.',
  }),
  maxLength: z
    .int()
    .positive()
    .max(2 ** 12)
    .default(32)
    .describe(
      'The largest number of list entries that are fed: the heaviest; of equal ones, the first. A note counts what is left out of training rows. Other splits are cut in the same way.',
    ),
  pool: z
    .enum(['mean', 'sum'])
    .default('mean')
    .describe(
      'How a list’s embeddings become one. `sum`: their sum by weight. `mean`: the sum divided by the sum of the weights.',
    ),
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
    .default({})
    .describe(
      'By column name: `embedding`, `numeric`, `buckets`, `minCount`, `maxLength`, `pool` of that column alone. A setting that would change nothing is an error.',
    ),
});
export type InputsConfig = Readonly<z.infer<typeof inputsSchema>>;

/** Whether any column has rare values, by its settings. */
export function countsValues({ minCount, columns }: InputsConfig): boolean {
  return [minCount, ...Object.values(columns).map((column) => column.minCount ?? 1)].some((least) => least > 1);
}

/** One entry of `tasks:`. The order is the order of every table. */
export const taskSchema = z.strictObject({
  name: z.string().min(1).describe('One of the data set’s tasks.'),
  type: z
    .enum(['binary', 'regression', 'multiclass'])
    .describe(
      '`binary`: logistic loss. `regression`: squared error. `multiclass`: softmax and cross entropy over the label’s classes.',
    ),
  standardize: z
    .boolean()
    .default(false)
    .describe(
      'Only for regression: the loss sees (label - mean) / deviation of the training split. Metrics stay in the label’s units.',
    ),
  positiveWeight: z.number().positive().optional().meta({
    default: 1,
    description:
      'Only for binary tasks: the loss of a positive is multiplied by it, as by `pos_weight` of PyTorch’s `BCEWithLogitsLoss`. It changes only the training loss.',
  }),
});
export type TaskConfig = Readonly<z.infer<typeof taskSchema>>;

/** Of one task in `loss.weights`. */
export const weightSchema = z.strictObject({
  initial: z.number().nonnegative().default(1).describe('The weight at t = 0.'),
  ratio: z
    .number()
    .positive()
    .default(1)
    .describe('The factor of the weight in a unit of time. With the `constant` schedule, other than 1 is an error.'),
});

/** How large a gain has to be to count: in the metric's own unit, or in percent of the value that it is measured against. */
export type Margin = { readonly absolute: number } | { readonly percent: number };
