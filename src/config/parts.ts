import { z } from 'zod';
import { countUpTo, layerWidth, rowCount } from './count.js';
import { refuse } from './parse.js';

const numericEncoding = z.enum(['standard', 'log1p', 'piecewise', 'quantile', 'value']);

const embeddingWidth = countUpTo(2 ** 12, 'a table of wider embeddings has more weights than memory');
const bucketCount = countUpTo(2 ** 18, 'buckets are cut by 262,144 training rows', 2);
const binCount = countUpTo(2 ** 10, 'every row of a batch has a feature for each', 2);
const listLength = countUpTo(2 ** 12, 'every row of a batch has room for as many entries');

/** `inputs:` of a config. */
export const inputsSchema = z
  .strictObject({
    embedding: embeddingWidth
      .default(4)
      .describe('Embedding width of categorical columns, and of numeric ones by `quantile` or `value`.'),
    numeric: numericEncoding
      .default('standard')
      .describe(
        '`standard`: (x - mean) / deviation, 0 if missing. `log1p`: the same of sign(x) log(1 + abs(x)). `piecewise`: `standard`, and the position within each of `bins` quantile bins: 0 below it, 1 above ([Gorishniy et al. 2022](https://arxiv.org/abs/2203.05556)). `quantile`: an embedding for each quantile bucket. `value`: an embedding for each of the most frequent values, for columns that are mostly zero. Other values take the nearest.',
      ),
    buckets: bucketCount.default(64).describe('Most buckets of `quantile`, most values of `value`.'),
    bins: binCount.default(16).describe('Most bins of `piecewise`; a column with ties has fewer.'),
    minCount: rowCount()
      .default(1)
      .describe('Categories and list entries with fewer training occurrences are rare. They share one embedding.'),
    unseen: z
      .enum(['rare', 'apart'])
      .default('rare')
      .describe(
        'With `minCount` above 1: values that training never had take the embedding of rare ones (`rare`), or an untrained one (`apart`).',
      ),
    maxLength: listLength
      .default(32)
      .describe('Most entries of a list that are used, in every split: the heaviest; of equal ones, the first.'),
    pool: z
      .enum(['mean', 'sum'])
      .default('mean')
      .describe('How a list’s embeddings become one: their weighted `sum` or `mean`. In `columns` also `attention`.'),
    attention: layerWidth().default(36).describe('Width of the hidden layer of `pool: attention`.'),
    columns: z
      .record(
        z.string(),
        z
          .strictObject({
            embedding: embeddingWidth.optional(),
            numeric: numericEncoding.optional(),
            buckets: bucketCount.optional(),
            bins: binCount.optional(),
            minCount: rowCount().optional(),
            maxLength: listLength.optional(),
            pool: z.enum(['mean', 'sum', 'attention']).optional(),
            target: z.string().optional(),
            attention: layerWidth().optional(),
          })
          .superRefine(({ pool, target, attention }, context) => {
            const missing =
              'is missing: pool: attention needs the name of a categorical column, such as that of the item shown';
            const idle = 'has no effect without pool: attention';
            const attends = pool === 'attention';
            if (attends !== (target !== undefined)) refuse(context, ['target'], attends ? missing : idle);
            if (!attends && attention !== undefined) refuse(context, ['attention'], idle);
          }),
      )
      .default({})
      .describe(
        'By column name: the other keys of `inputs` but `unseen`, for that column alone. `pool: attention` needs a `target`, a categorical column of the same width. It weighs a list’s entries by how they fit the target’s value, as in DIN, times the data’s weights, without normalisation.',
      ),
  })
  // Without rare values it changes nothing: equal runs have equal configs.
  .overwrite((inputs) => (countsValues(inputs) ? inputs : { ...inputs, unseen: 'rare' }));
export type InputsConfig = Readonly<z.infer<typeof inputsSchema>>;

/** Whether any column has rare values, by its settings. */
export function countsValues({
  minCount,
  columns,
}: {
  readonly minCount: number;
  readonly columns: Readonly<Record<string, { readonly minCount?: number | undefined }>>;
}): boolean {
  return [minCount, ...Object.values(columns).map((column) => column.minCount ?? 1)].some((least) => least > 1);
}

const lossSchema = z.union([
  z.enum(['bce', 'focal', 'mse', 'huber', 'mae', 'poisson', 'log-normal']),
  z.strictObject({
    type: z.literal('focal').describe('Its name.'),
    gamma: z.number().nonnegative().default(2).describe('The power of 1 - p.'),
    alpha: z
      .number()
      .gt(0)
      .lt(1)
      .optional()
      .describe('The factor of positives; negatives have 1 - alpha. Absent: none.'),
  }),
  z.strictObject({
    type: z.literal('huber').describe('Its name.'),
    delta: z.number().positive().default(1).describe('From this error on, the loss is linear.'),
  }),
]);

/** One entry of `tasks:`. The order is the order of every table. */
export const taskSchema = z
  .strictObject({
    name: z.string().min(1).describe('One of the data set’s tasks.'),
    type: z
      .enum(['binary', 'regression', 'multiclass'])
      .describe('`binary`: logistic loss. `regression`: squared error. `multiclass`: softmax cross entropy.'),
    standardize: z
      .boolean()
      .default(false)
      .describe(
        'Regression: the loss sees (label - mean) / deviation, by the training split. Metrics stay in the label’s units.',
      ),
    positiveWeight: z.number().positive().optional().meta({
      default: 1,
      description: 'Binary tasks: a factor of the training loss of positives (PyTorch’s `pos_weight`).',
    }),
    loss: lossSchema.optional().meta({
      description:
        'Binary tasks: `bce` (default) or `focal`; regression: `mse` (default), `huber`, `mae`, `poisson` or `log-normal`. A name, or `{ type: focal, gamma: 2, alpha }`, `{ type: huber, delta: 1 }`.',
    }),
    labelSmoothing: z
      .number()
      .gt(0)
      .lt(1)
      .optional()
      .describe(
        'Binary and multiclass tasks, without `focal`: in training, this part of a label is spread evenly over the classes.',
      ),
  })
  .superRefine((task, context) => {
    const [key, message] = mistake(task) ?? [];
    if (key !== undefined) refuse(context, [key], message ?? '');
  })
  // One form for each loss: equal runs have equal configs.
  .overwrite(({ loss, ...task }) => {
    const chosen = unusualLoss({ loss });
    if (chosen === undefined) return task;
    return { ...task, loss: chosen.type === 'focal' || chosen.type === 'huber' ? chosen : chosen.type };
  });
export type TaskConfig = Readonly<z.infer<typeof taskSchema>>;

/** A task's training loss, if it is not the usual one of its type. */
export type TaskLoss =
  | Exclude<z.infer<typeof lossSchema>, string>
  | { readonly type: 'mae' | 'poisson' | 'log-normal' };

/** Undefined: the usual one of the task's type. */
export function unusualLoss({
  loss,
}: {
  readonly loss?: z.infer<typeof lossSchema> | undefined;
}): TaskLoss | undefined {
  if (loss === undefined || loss === 'bce' || loss === 'mse') return undefined;
  if (loss === 'focal') return { type: loss, gamma: 2 };
  if (loss === 'huber') return { type: loss, delta: 1 };
  return typeof loss === 'string' ? { type: loss } : loss;
}

/** A mistake in a task's keys, with the key. */
function mistake(task: TaskConfig): readonly [key: string, message: string] | undefined {
  const { type, standardize, positiveWeight, labelSmoothing } = task;
  const loss = unusualLoss(task)?.type ?? task.loss;
  const ofBinary = loss === 'bce' || loss === 'focal';
  if (standardize && type !== 'regression') return ['standardize', 'only regression labels are standardised'];
  if (positiveWeight !== undefined && type !== 'binary') return ['positiveWeight', 'only binary tasks have positives'];
  if (loss !== undefined && (type === 'multiclass' || ofBinary !== (type === 'binary')))
    return ['loss', `'${loss}' is no loss of a ${type} task`];
  if (standardize && loss === 'poisson')
    return ['standardize', "the loss 'poisson' is one of labels in their own units"];
  if (labelSmoothing !== undefined && type === 'regression') return ['labelSmoothing', 'only classes can be smoothed'];
  if (labelSmoothing !== undefined && loss === 'focal') return ['labelSmoothing', "has no meaning with 'focal'"];
  return undefined;
}

/** One task's entry in `loss.weights`. */
export const weightSchema = z.strictObject({
  initial: z.number().nonnegative().default(1).describe('The weight at t = 0.'),
  ratio: z.number().positive().default(1).describe('Its factor per unit of time; 1 with `constant`.'),
});

/** The smallest gain that counts: in the metric's own unit, or in percent of the reference's value. */
export type Margin = { readonly absolute: number } | { readonly percent: number };

/** `tracking:` of a config. */
export const trackingSchema = z
  .strictObject({
    tensorboard: z
      .boolean()
      .default(false)
      .describe('Writes TensorBoard’s event files to `tensorboard/` in the run’s folder.'),
    mlflow: z
      .string()
      .regex(/^https?:\/\/[^/]/, 'the address of an MLflow tracking server, such as http://localhost:5000')
      .regex(
        /^(?!\w+:\/\/[^/]*@)/,
        'set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD: a config is no place for them',
      )
      .optional()
      .describe('Address of an MLflow tracking server. Absent: nothing is sent.'),
    experiment: z
      .string()
      .min(1)
      .max(500)
      .optional()
      .describe('MLflow’s experiment, which is created if absent. Default: the config’s `name`. Needs `mlflow`.'),
  })
  .refine(({ mlflow, experiment }) => mlflow !== undefined || experiment === undefined, {
    path: ['experiment'],
    message: 'has no effect without tracking.mlflow',
  })
  .meta({
    dependencies: { experiment: ['mlflow'] },
    description: 'Programs that follow a run while it trains; not in the run’s hash.',
  });
