import { stringify } from 'yaml';
import { z } from 'zod';
import { countUpTo, epochCount } from './count.js';
import {
  choice,
  type Definitions,
  dataPaths,
  isAbsent,
  namedParts,
  type Plugin,
  partName,
  pluginsOf,
  pluginsSchema,
  usedPlugins,
} from './definitions.js';
import { deviceNames } from './device-names.js';
import { readDocument, shippedDatasets } from './document.js';
import { type ConfigNode, nodeAt, withoutKeys } from './node.js';
import { notAmong, parsePart, refuse } from './parse.js';
import { inputsSchema, taskSchema, trackingSchema, weightSchema } from './parts.js';

export const seedSchema = z.int().nonnegative();

const earlyStoppingSchema = z
  .strictObject({
    monitor: z
      .string()
      .regex(/^(mean|loss|task:.+|metric:.+)$/, "'mean', 'loss', 'task:<name>' or 'metric:<name>'")
      .default('mean')
      .describe(
        'The validation [score](config.md#scores) by which training goes on, and by which `keep: one` chooses an epoch. `mean` of the tasks; `task:<name>`; `metric:<name>`, over the tasks that have it; or `loss`, the joint loss at the initial weights.',
      ),
    patience: epochCount()
      .nullable()
      .default(null)
      .describe('Training ends after this many epochs without a better score of any task. null: never.'),
    minDelta: z
      .number()
      .positive()
      .optional()
      .describe(
        'The improvement that `patience` asks for: more than this over the last score that counted, as in Keras. In units of the score; needs `patience`.',
      ),
  })
  .refine(({ minDelta, patience }) => minDelta === undefined || patience !== null, {
    path: ['minDelta'],
    message: 'has no effect without patience',
  });

function trainSchema({ optimizers, learningRateSchedules }: Definitions, unchecked: readonly string[]) {
  const withSchedule = (options: z.ZodObject) =>
    'schedule' in options.shape
      ? options.safeExtend({
          schedule: choice(learningRateSchedules, 'type', { unchecked })
            .optional()
            .describe('How the learning rate changes. Absent: by `decay`.'),
        })
      : options;
  return z
    .strictObject({
      epochs: epochCount().describe(
        'Most epochs. Each is a pass over the training rows (or part of one: `passes`), then an evaluation on validation.',
      ),
      passes: z
        .number()
        .positive()
        .max(10_000)
        .optional()
        .describe(
          'Passes over the training rows in all, spread evenly over the epochs: `passes: 1, epochs: 20` evaluates twenty times in one pass. 0.5: half of the rows. Absent: one per epoch.',
        ),
      keep: z
        .enum(['best', 'one', 'last'])
        .default('best')
        .describe(
          'The parameters that a task is judged and served with. `best`: those of its best validation epoch. `one`: one epoch for all tasks of a network, by `earlyStopping.monitor`. `last`: the final parameters. Use it for one pass over the data with a rate that falls to 0.',
        ),
      batchSize: countUpTo(2 ** 20, 'the rows of a step are in memory at once').describe('Rows in a step.'),
      optimizer: choice(optimizers, 'type', { unchecked, change: withSchedule }).describe(
        'How gradients change the parameters.',
      ),
      average: z
        .strictObject({
          decay: z
            .number()
            .gt(0)
            .lt(1)
            .default(0.999)
            .describe('The part that the average keeps of itself; at update t at most (1 + t) / (10 + t).'),
        })
        .optional()
        .describe(
          'Evaluates and keeps an exponential moving average of the parameters (not of the running moments of `normalization: batch`). Absent: the parameters themselves.',
        ),
      optimizers: z
        .strictObject({
          embeddings: choice(optimizers, 'type', { unchecked, change: ofEmbeddingsAlone }).describe(
            'The optimizer of embedding tables. Its rate follows the schedule or decay of `train.optimizer`. It clips its own gradients. `l2Embeddings`, `weightDecayEmbeddings` and `lazy` then belong here.',
          ),
        })
        .optional()
        .describe('Optimizers of parts of the parameters. Absent: `optimizer` moves all.'),
      earlyStopping: earlyStoppingSchema
        .prefault({})
        .describe('Which epochs are kept, and when training ends before `epochs`.'),
    })
    .superRefine(checkOptimizers)
    .refine(({ keep, earlyStopping }) => keep !== 'last' || earlyStopping.patience === null, {
      path: ['earlyStopping', 'patience'],
      message: 'has no effect with keep: last, which trains to the last epoch',
    })
    .describe('Length of training, and the optimizer.');
}

export const engineSchema = z
  .strictObject({
    name: z
      .enum(['compiled', 'tfjs'])
      .default('compiled')
      .describe('`compiled`: ONNX Runtime. `tfjs`: operation by operation.'),
    device: z
      .enum(deviceNames)
      .default('auto')
      .describe('Where training runs. Naming a device that cannot be used is an error.'),
    deviceId: countUpTo(1023, 'no machine has so many GPUs', 0).optional().meta({
      default: 0,
      description:
        'With `cuda`: the GPU’s number in `nvidia-smi`, among those that `CUDA_VISIBLE_DEVICES` leaves. Absent: `ple compare` spreads its runs over all.',
    }),
    threads: countUpTo(4096, 'no machine has so many cores')
      .optional()
      .describe('Threads of operations on the CPU. Absent: all cores. Plain JavaScript has one.'),
    library: z.enum(['tensorflow', 'javascript']).optional().meta({
      default: 'tensorflow',
      description:
        'With `tfjs`: TensorFlow (`ple setup`), or plain JavaScript, which is very slow and only for checks on the CPU.',
    }),
  })
  .refine(({ device, deviceId }) => deviceId === undefined || device === 'cuda', {
    path: ['deviceId'],
    message: 'has no effect without device: cuda',
  })
  .refine(({ name, library }) => library === undefined || name === 'tfjs', {
    path: ['library'],
    message: 'has no effect without name: tfjs',
  })
  .refine(({ device, library }) => library !== 'javascript' || device === 'auto' || device === 'cpu', {
    path: ['library'],
    message: 'javascript computes on the CPU: say device: cpu',
  })
  .prefault({})
  .describe('What training runs on; not in the run’s hash.');

const tasksSchema = z
  .array(taskSchema)
  .min(1)
  .superRefine((tasks, context) => {
    const names = tasks.map(({ name }) => name);
    for (const [index, name] of names.entries()) {
      if (names.indexOf(name) !== index) refuse(context, [index, 'name'], `task '${name}' is listed twice`);
      // Results, weights and metrics are objects by task, and objects inherit these names.
      if (name in {}) refuse(context, [index, 'name'], `'${name}' cannot be a task's name: choose another`);
    }
  });

/**
 * The keys of a run. Every part has the options of the definition that it names.
 * @param unchecked parts of which any options are taken
 */
export function runKeys(definitions: Definitions, unchecked: readonly string[] = []) {
  const { loaders, models, weightSchedules, balancings } = definitions;
  const [weightSchedule = ''] = weightSchedules.names;
  const [balancing = ''] = balancings.names;
  return {
    name: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'letters, digits, ., _ and -, starting with a letter or digit')
      .max(200) // with the hash, a name that file systems take
      .describe('The start of the run folder’s name: letters, digits, `.`, `_`, `-`, first a letter or digit.'),
    seed: seedSchema
      .default(0)
      .describe(
        'Draws the starting parameters, the order of rows and dropout. Models with one seed see the rows in the same order.',
      ),
    dataset: choice(loaders, 'loader', { unchecked, instead: (name) => asDatasetFile(name, loaders.names) }).describe(
      'The data.',
    ),
    inputs: inputsSchema.prefault({}).describe('How columns become inputs, fitted on the training split.'),
    tasks: tasksSchema.describe('What is predicted, in the order of every table and array.'),
    model: choice(models, 'type', { unchecked }).describe('The architecture.'),
    loss: z
      .strictObject({
        schedule: choice(weightSchedules, 'type', { unchecked })
          .prefault({ type: weightSchedule })
          .describe('How the weights of the task losses change during training.'),
        balancing: choice(balancings, 'type', { unchecked })
          .prefault({ type: balancing })
          .describe('How the task losses are balanced in each step.'),
        weights: z
          .record(z.string().describe('task'), weightSchema)
          .default({})
          .describe('Weights of the task losses, by task; 1 if not named.'),
      })
      .prefault({})
      .describe('The joint loss: the weighted sum of the task losses.'),
    train: trainSchema(definitions, unchecked),
    diagnostics: z
      .boolean()
      .default(false)
      .describe(
        'Records the [cosines](output.md#diagnostics) of the tasks’ gradients in each epoch. It costs some percent of the time and changes no result.',
      ),
    engine: engineSchema,
    tracking: trackingSchema.optional(),
    plugins: pluginsSchema,
  };
}

/** A data set that is taken for a loader. Undefined: no loader is named. */
function asDatasetFile(name: string | undefined, loaders: readonly string[]): string | undefined {
  if (name === undefined)
    return `say loader: NAME (${loaders.join(', ')}), or from: NAME of a dataset file (${shippedDatasets().join(', ')})`;
  return shippedDatasets().includes(name) ? `it is a dataset file: say dataset: { from: ${name} }` : undefined;
}

/** The schema of a run's config. */
function runSchema(definitions: Definitions, unchecked: readonly string[]) {
  return withChecks(z.strictObject(runKeys(definitions, unchecked)), definitions, unchecked);
}

/** What the checks across the parts of a config read. */
type Checked = Pick<z.infer<z.ZodObject<ReturnType<typeof runKeys>>>, 'name' | 'tasks' | 'loss' | 'train' | 'tracking'>;

/** Adds the checks across the parts of a config, and the name of MLflow's experiment. */
export function withChecks<Schema extends z.ZodType<Checked>>(
  schema: Schema,
  { metrics }: Definitions,
  unchecked: readonly string[] = [],
): Schema {
  return schema
    .superRefine((config, context) => checkNames(config, context, metrics, unchecked))
    .overwrite((config) =>
      config.tracking?.mlflow === undefined
        ? config
        : { ...config, tracking: { experiment: config.name, ...config.tracking } },
    );
}

/** Loss weights and the monitor name tasks. The monitor may also name a metric by which a task is judged. */
function checkNames(
  { tasks, loss, train }: Checked,
  context: z.core.$RefinementCtx,
  { kind, all }: Definitions['metrics'],
  unchecked: readonly string[],
): void {
  const names = tasks.map(({ name }) => name);
  for (const name of Object.keys(loss.weights))
    if (!names.includes(name)) refuse(context, ['loss', 'weights', name], notAmong('no task', name, names));
  const [, what, watched = ''] = /^(task|metric):(.*)/.exec(train.earlyStopping.monitor) ?? [];
  if (what === undefined || unchecked.includes(partName(kind, watched))) return;
  const judges = all.filter(({ type, better }) => better !== null && tasks.some((task) => task.type === type));
  const allowed = what === 'task' ? names : judges.map(({ name }) => name);
  const message = what === 'task' ? 'no task' : 'no task is judged by a metric';
  if (!allowed.includes(watched))
    refuse(context, ['train', 'earlyStopping', 'monitor'], notAmong(message, watched, allowed));
}

/** Embeddings may have an optimizer of their own; each option has one place then. */
function checkOptimizers(
  { optimizer, optimizers }: { optimizer: object; optimizers?: { embeddings: object } | undefined },
  context: z.core.$RefinementCtx,
): void {
  if (!optimizers) return;
  for (const [key, value] of Object.entries(optimizer))
    if (ofEmbeddings.includes(key) && value > 0)
      refuse(
        context,
        ['optimizer', key],
        `has no effect beside train.optimizers.embeddings: say train.optimizers.embeddings.${key}`,
      );
}

/** The options of an optimizer that moves embedding tables alone. */
function ofEmbeddingsAlone(options: z.ZodObject): z.ZodObject {
  const error =
    'is not of embeddings: their rate changes as that of train.optimizer does; l2Embeddings and weightDecayEmbeddings are theirs';
  const others = ['schedule', 'decay', ...ofWeights].filter((key) => key in options.shape);
  return options.safeExtend(Object.fromEntries(others.map((key) => [key, z.never({ error }).optional()])));
}

/** Options of optimizers that act on weights alone; with the suffix `Embeddings`, on embedding tables alone. */
const ofWeights: readonly string[] = ['l2', 'weightDecay'];
const ofEmbeddings = [...ofWeights.map((key) => `${key}Embeddings`), 'lazy'];

/** A whole, checked config with every default filled in. */
export type Experiment = Readonly<Omit<z.infer<RunSchema>, 'plugins'>> & {
  readonly plugins?: readonly Plugin[];
};

/**
 * YAML text -> experiment.
 * @throws ConfigError: for each mistake a line with file, line, column, key and the nearest known key.
 */
export function parseExperiment(
  text: string,
  file: string,
  overrides: readonly string[],
  definitions: Definitions,
): Experiment {
  return resolveExperiment(readDocument(text, file, overrides), definitions);
}

/**
 * `parseExperiment` for a config that is read. `compare:` is left out, and then `execute:` too.
 * @param plugins those that the config names
 */
export function resolveExperiment(
  config: ConfigNode,
  definitions: Definitions,
  plugins = pluginsOf(config, definitions.plugins),
): Experiment {
  const absent = plugins.filter((plugin) => isAbsent(plugin, definitions.plugins));
  const schema = experimentSchema(
    definitions,
    absent.flatMap(({ parts }) => parts),
  );
  const { plugins: _, ...experiment } = parsePart(schema, withoutComparison(config));
  const { kind, all } = definitions.metrics; // a run has the values of all that its tasks' types have
  const measured = all.filter(({ type }) => experiment.tasks.some((task) => task.type === type));
  const parts = [
    ...namedParts(experiment, definitions).map(({ name }) => name),
    ...measured.map(({ name }) => partName(kind, name)),
  ];
  const paths = dataPaths({ ...experiment, plugins }, definitions);
  const used = usedPlugins(plugins, definitions.plugins, parts, paths);
  return used.length > 0 ? { ...experiment, plugins: used } : experiment;
}

/** The part of a config that is a run's. */
export function withoutComparison(config: ConfigNode): ConfigNode {
  const isRun = config.value !== null && nodeAt(config, ['compare']) === undefined;
  return isRun ? config : withoutKeys(config, ['compare', 'execute']);
}

type RunSchema = ReturnType<typeof runSchema>;
const schemas = new WeakMap<Definitions, Map<string, RunSchema>>();

/**
 * The schema of a run's config, made once for the same definitions.
 * @param unchecked parts of which any options are taken
 */
export function experimentSchema(definitions: Definitions, unchecked: readonly string[]): RunSchema {
  const byKey = schemas.get(definitions) ?? new Map<string, RunSchema>();
  const key = `${definitions.plugins.length} ${unchecked.join()}`;
  const schema = byKey.get(key) ?? runSchema(definitions, unchecked);
  schemas.set(definitions, byKey.set(key, schema));
  return schema;
}

/** The resolved config as it is kept in a run's folder. */
export function stringifyExperiment(experiment: object): string {
  return stringify(experiment, { flowCollectionPadding: true, blockQuote: 'literal' });
}
