import { createHash } from 'node:crypto';
import { stringify } from 'yaml';
import { z } from 'zod';
import { addedLater, withoutLaterDefaults } from '../support/added-later.js';
import type { Catalogue } from '../support/catalogue.js';
import { ConfigError } from '../support/errors.js';
import { Faults } from '../support/faults.js';
import { must } from '../support/must.js';
import { countUpTo, epochCount } from './count.js';
import { deviceNames } from './device-names.js';
import { type ConfigDocument, type Path, readDocument } from './document.js';
import { failAt, notAmong, parsePart, refuse, valueAt, whereSound } from './parse.js';
import {
  countsValues,
  type InputsConfig,
  inputsSchema,
  type TaskConfig,
  taskLossOf,
  taskSchema,
  weightSchema,
} from './parts.js';
import { absentParts, type Plugin, partName, pluginsSchema, resolvedPlugins, usedPlugins } from './plugins.js';
import { trackingSchema } from './tracking.js';

/** What a config may choose from. The parts know their own options; this layer does not know the parts. */
export interface Definitions {
  readonly loaders: Catalogue<Chosen & { readonly paths: readonly string[] }>;
  readonly models: Catalogue<Chosen>;
  /** The first is the default. */
  readonly weightSchedules: Catalogue<Chosen>;
  /** Methods that balance the task losses; the first is the default. */
  readonly balancings: Catalogue<Chosen>;
  readonly optimizers: Catalogue<Chosen>;
  readonly learningRateSchedules: Catalogue<Chosen>;
  /** Metrics that tasks are judged by. */
  readonly metrics: Catalogue<{
    readonly name: string;
    readonly type: string;
    readonly better: string | null;
    /** Set if the metric has an error over test rows. */
    readonly influence?: unknown;
  }>;
  /** Loaded plugins; their parts are in the catalogues. */
  readonly plugins: readonly Plugin[];
  /** The model whose tasks share nothing: what others are compared with. */
  readonly baseline: string;
}
export interface Chosen {
  readonly name: string;
  /** One line. */
  readonly summary?: string;
  /**
   * Enters the hash of runs. It is raised when equal options give new results, so that earlier runs are not taken for
   * new ones. Absent: 1.
   */
  readonly revision?: number;
  readonly options: z.ZodObject;
}

/** What `type` does, wherever a config chooses a definition by its name. */
export const chosenBy = 'Its name. It decides the other keys.';
const choice = z.looseObject({ type: z.string().describe(chosenBy) });

export const seedSchema = z.int().nonnegative();

const trainSchema = z
  .strictObject({
    epochs: epochCount().describe(
      'The largest number of epochs. An epoch is a pass over the training rows, or with `passes` a part of them. At its end the model is evaluated on validation.',
    ),
    passes: z
      .number()
      .positive()
      .max(10_000)
      .optional()
      .describe(
        'How often the training rows are read in all. The epochs divide these steps evenly: `passes: 1, epochs: 20` evaluates twenty times in one pass. 0.5 reads half of the rows. An epoch has at least one step. Absent: each epoch is a pass.',
      ),
    keep: z
      .enum(['best', 'last'])
      .default('best')
      .describe(
        '`best`: each task is judged at its best epoch on validation. `last`: no epoch is chosen, the last parameters count, and validation only reports. It is meant for rows that are seen once, at a rate that falls to 0.',
      ),
    batchSize: countUpTo(2 ** 20, 'the rows of a step are in memory at once').describe(
      'Rows in a step. It may exceed the data.',
    ),
    optimizer: choice.extend({ schedule: choice.optional() }).describe('How gradients change the parameters.'),
    accumulate: addedLater(
      z
        .unknown()
        .refine((value) => value === 1, 'it is gone: raise train.batchSize')
        .default(1)
        .describe('1 alone, for configs of earlier runs.'),
    ),
    average: z
      .strictObject({
        decay: z
          .number()
          .gt(0)
          .lt(1)
          .default(0.999)
          .describe(
            'What the average keeps of itself at an update. The first updates keep less: (1 + t) / (10 + t), t counting updates.',
          ),
      })
      .optional()
      .describe(
        'Epochs are evaluated and kept by an exponential moving average of the parameters. Absent: by the parameters. With `normalization: batch` the running mean and variance are not averaged: they are those that the parameters themselves had in training.',
      ),
    optimizers: z
      .strictObject({
        embeddings: choice.describe(
          'The optimizer of embedding tables. Its learning rate changes as that of `train.optimizer` does; it has no schedule or decay of its own. Each part clips its own gradients: clipping of `train.optimizer` leaves embeddings out. L2 and weight decay are `l2Embeddings` and `weightDecayEmbeddings` here; `train.optimizer` may not have them then.',
        ),
      })
      .optional()
      .describe('Optimizers of parts of the parameters. Absent: `optimizer` moves all.'),
    earlyStopping: z
      .strictObject({
        monitor: z
          .string()
          .regex(/^(mean|loss|task:.+|metric:.+)$/, "'mean', 'loss', 'task:<name>' or 'metric:<name>'")
          .default('mean')
          .describe(
            'What chooses one epoch for all tasks, with which a joint model is served, and what training goes on for. `mean`: the mean score over tasks, on the validation split: AUC in units of .001, -ln(MSE / Var(y)) in units of .01; training goes on while any task improves. `task:<name>`: this task alone. `metric:<name>`: this metric, over the tasks that have it. `loss`: the joint loss at the initial weights; tasks are scored by their loss. Each task is judged at its own best epoch whatever the monitor.',
          ),
        patience: epochCount()
          .nullable()
          .default(null)
          .describe(
            'Training ends after this many epochs without a better score of any task; null: never. Results are of best epochs in any case.',
          ),
        minDelta: z
          .number()
          .positive()
          .optional()
          .describe(
            'For `patience`, a score is better only if it exceeds the last one that counted by more than this (as in Keras), so that small gains add up. Its unit is that of the score: .001 of an AUC, 1 % of a squared error. The best epoch is the one with the highest score, however small its lead. An error without `patience`.',
          ),
      })
      .refine(({ minDelta, patience }) => minDelta === undefined || patience !== null, {
        path: ['minDelta'],
        message: 'has no effect without patience',
        ...whereSound(/^(minDelta|patience)/),
      })
      .prefault({})
      .describe('Which epochs are kept, and when training ends before `epochs`.'),
  })
  .superRefine(checkOptimizers, whereSound(/^optimizer/))
  .refine(({ keep, earlyStopping }) => keep === 'best' || earlyStopping.patience === null, {
    path: ['earlyStopping', 'patience'],
    message: 'has no effect with keep: last, which trains to the last epoch',
    ...whereSound(/^(keep|earlyStopping)/),
  })
  .describe('Length of training, and the optimizer.');

const engineSchema = z
  .strictObject({
    name: z
      .enum(['compiled', 'tfjs'])
      .default('compiled')
      .describe('`compiled`: ONNX Runtime. `tfjs`: operation by operation.'),
    device: z
      .enum(deviceNames)
      .default('auto')
      .describe(
        'Where training runs. If the device you name cannot be used, `ple` stops and prints the fix. It never falls back.',
      ),
    deviceId: countUpTo(1023, 'no machine has so many GPUs', 0).optional().meta({
      default: 0,
      description:
        'With `cuda`: which of several GPUs, as `nvidia-smi` counts them (of those that `CUDA_VISIBLE_DEVICES` leaves). If it is absent, `ple compare` spreads its runs over all of them.',
    }),
    threads: countUpTo(4096, 'no machine has so many cores')
      .optional()
      .describe('Threads of operations on the CPU. Absent: all cores. Plain JavaScript has one.'),
    library: z.enum(['tensorflow', 'javascript']).optional().meta({
      default: 'tensorflow',
      description:
        'What computes for `tfjs`: TensorFlow, which `ple setup` brings, or plain JavaScript, which is very slow, on the CPU and for checks only.',
    }),
  })
  .refine(({ device, deviceId }) => deviceId === undefined || device === 'cuda', {
    path: ['deviceId'],
    message: 'has no effect without device: cuda',
    ...whereSound(/^device/),
  })
  .refine(({ name, library }) => library === undefined || name === 'tfjs', {
    path: ['library'],
    message: 'has no effect without name: tfjs',
    ...whereSound(/^(name|library)/),
  })
  .refine(({ device, library }) => library !== 'javascript' || device === 'auto' || device === 'cpu', {
    path: ['library'],
    message: 'javascript computes on the CPU: say device: cpu',
    ...whereSound(/^(device|library)/),
  })
  .prefault({})
  .describe('What training runs on. Nothing here enters the run’s hash.');

export function experimentSchema({ weightSchedules, balancings }: Pick<Definitions, 'weightSchedules' | 'balancings'>) {
  const [weightSchedule = ''] = weightSchedules.names;
  const [balancing = ''] = balancings.names;
  return z
    .strictObject({
      name: z
        .string()
        .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'letters, digits, ., _ and -, starting with a letter or digit')
        .max(200) // with the hash, a name that file systems take
        .describe(
          'The run folder’s name starts with it. Letters, digits, `.`, `_`, `-`; the first is a letter or a digit.',
        ),
      seed: seedSchema
        .default(0)
        .describe(
          'Draws the starting parameters, the order of rows and dropout, each from its own stream. Two models with one seed see the same rows in the same order.',
        ),
      dataset: z
        .looseObject({ loader: z.string().describe('How the data are read. It decides the other keys.') })
        .describe('The data.'),
      inputs: inputsSchema
        .prefault({})
        .describe('How columns become inputs. Everything is fitted on the training split.'),
      tasks: z
        .array(taskSchema)
        .min(1)
        .superRefine(
          (tasks, context) => {
            const names = tasks.map(({ name }) => name);
            for (const [index, name] of names.entries()) {
              if (names.indexOf(name) !== index) refuse(context, [index, 'name'], `task '${name}' is listed twice`);
              // Results, weights and metrics are objects by task, and objects inherit these names.
              if (name in {}) refuse(context, [index, 'name'], `'${name}' cannot be a task's name: choose another`);
            }
          },
          whereSound(/^\d+(\.name)?$/),
        )
        .describe('What is predicted. The order is that of every table. The loader says which tasks there are.'),
      model: choice.describe('The architecture.'),
      loss: z
        .strictObject({
          schedule: choice
            .default({ type: weightSchedule })
            .describe('How the weights of the task losses change during training.'),
          balancing: addedLater(
            choice
              .default({ type: balancing })
              .describe('How the task losses are balanced in each step, in addition to `schedule` and `weights`.'),
          ),
          weights: z
            .record(z.string().describe('task'), weightSchema)
            .default({})
            .describe('Weights of the task losses, by task. A task that is not named has weight 1.'),
        })
        .prefault({})
        .describe('The joint loss: the weighted sum of the task losses.'),
      train: trainSchema,
      diagnostics: addedLater(
        z
          .boolean()
          .default(false)
          .describe(
            'Records what gradients, gates, units and experts do in each epoch, and at the end what each expert is worth ([Diagnostics](output.md#diagnostics)). The results are bit-identical. Steps of a small PLE took 4 and 8 % longer in two measurements, and a run a second more at its start and end.',
          ),
      ),
      engine: engineSchema,
      tracking: trackingSchema.optional(),
      plugins: pluginsSchema,
    })
    .superRefine(
      checkTaskNames,
      whereSound(/^(tasks(\.\d+(\.name)?)?|loss(\.weights)?|train(\.earlyStopping(\.monitor)?)?)$/),
    );
}

/** Loss weights and the monitor name tasks. */
function checkTaskNames(
  {
    tasks,
    loss,
    train,
  }: { tasks: readonly { name: string }[]; loss: { weights: object }; train: { earlyStopping: { monitor: string } } },
  context: z.core.$RefinementCtx,
): void {
  const names = tasks.map(({ name }) => name);
  const { monitor } = train.earlyStopping;
  for (const name of Object.keys(loss.weights))
    if (!names.includes(name)) refuse(context, ['loss', 'weights', name], notAmong('no task', name, names));
  const [, watched] = /^task:(.*)/.exec(monitor) ?? [];
  if (watched !== undefined && !names.includes(watched))
    refuse(context, ['train', 'earlyStopping', 'monitor'], notAmong('no task', watched, names));
}

/** Embeddings may have an optimizer of their own; each option has one place then. */
function checkOptimizers(
  { optimizer, optimizers }: { optimizer: object; optimizers?: { embeddings: object } | undefined },
  context: z.core.$RefinementCtx,
): void {
  if (!optimizers) return;
  const { embeddings } = optimizers;
  for (const [key, value] of Object.entries(optimizer))
    if (ofEmbeddings.includes(key) && value > 0)
      refuse(
        context,
        ['optimizer', key],
        `has no effect beside train.optimizers.embeddings: say train.optimizers.embeddings.${key}`,
      );
  for (const key of ['schedule', 'decay', ...ofWeights]) {
    const message = ofWeights.includes(key)
      ? `it is of weights, and these are embeddings: say ${key}Embeddings`
      : 'the learning rate of embeddings changes as that of train.optimizer does: remove it here';
    if (key in embeddings) refuse(context, ['optimizers', 'embeddings', key], message);
  }
}

/** A whole, checked config with every default filled in. */
export type Experiment = Readonly<Omit<z.infer<ReturnType<typeof experimentSchema>>, 'plugins'>> & {
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
 * `parseExperiment` for a document. `compare:` is left out, and then `execute:` too.
 * @param modelPath where the model's options were written, for messages
 */
export function resolveExperiment(
  document: ConfigDocument,
  definitions: Definitions,
  modelPath: Path = ['model'],
): Experiment {
  const given = withoutComparison(document);
  const { plugins: entries = [] } = parsePart(z.looseObject({ plugins: pluginsSchema }), given, document);
  const plugins = resolvedPlugins(entries, document, definitions.plugins);
  const absent = absentParts(plugins, definitions.plugins);
  const faults = new Faults();
  const parsed = faults.try(() => parsePart(experimentSchema(definitions), given, document));
  const used: string[] = [];
  if (!parsed)
    for (const { from, name, value, path, key } of namedParts(given, modelPath, definitions))
      part(from, name, value, path, key);
  faults.tell();
  const { plugins: _, ...experiment } = must(parsed, 'config');
  used.push(...metricsOf(experiment.tasks, definitions));
  const { tracking, dataset, model, loss, train } = experiment;
  const { loaders, models, weightSchedules, balancings } = definitions;
  const resolved = {
    ...experiment,
    ...(tracking && {
      tracking: tracking.mlflow === undefined ? tracking : { experiment: experiment.name, ...tracking },
    }),
    inputs: withUnseen(experiment.inputs),
    tasks: experiment.tasks.map(withLoss),
    dataset: part(loaders, dataset.loader, dataset, ['dataset'], 'loader'),
    model: part(models, model.type, model, modelPath, 'type'),
    loss: {
      ...loss,
      schedule: part(weightSchedules, loss.schedule.type, loss.schedule, ['loss', 'schedule'], 'type'),
      balancing: part(balancings, loss.balancing.type, loss.balancing, ['loss', 'balancing'], 'type'),
    },
    train: {
      ...train,
      optimizer: optimizer(train.optimizer),
      ...(train.optimizers && { optimizers: { embeddings: embeddingsOptimizer(train.optimizers) } }),
    },
  };
  faults.try(() => checkMonitor(resolved, document, definitions, absent));
  faults.tell();
  const own = usedPlugins(plugins, definitions.plugins, used, dataPaths({ ...resolved, plugins }, definitions));
  return own.length > 0 ? { ...resolved, plugins: own } : resolved;

  function optimizer({ schedule, ...options }: Experiment['train']['optimizer']): Experiment['train']['optimizer'] {
    const path = ['train', 'optimizer'];
    const { learningRateSchedules } = definitions;
    const scheduled = schedule && {
      schedule: part(learningRateSchedules, schedule.type, schedule, [...path, 'schedule'], 'type'),
    };
    return part(definitions.optimizers, options.type, { ...options, ...scheduled }, path, 'type');
  }

  function embeddingsOptimizer({ embeddings }: NonNullable<Experiment['train']['optimizers']>) {
    const path = ['train', 'optimizers', 'embeddings'];
    const resolved = part(definitions.optimizers, embeddings.type, embeddings, path, 'type');
    // Their defaults are left out too, so that a resolved config parses to itself.
    return {
      type: resolved.type,
      ...Object.fromEntries(Object.entries(resolved).filter(([key]) => !ofWeights.includes(key))),
    };
  }

  function part<Value extends object>(
    from: Catalogue<Chosen>,
    name: string,
    value: Value,
    path: Path,
    key: string,
  ): Value {
    used.push(partName(from.kind, name));
    if (absent.includes(partName(from.kind, name))) return value;
    return faults.of(() => parsedPart(from, name, value, document, path, key), value);
  }
}

/** The parts that a config names, even if it has other mistakes. */
function namedParts(given: unknown, modelPath: Path, definitions: Definitions) {
  const { loaders, models, weightSchedules, balancings, optimizers, learningRateSchedules } = definitions;
  const places = [
    { from: loaders, at: ['dataset'], path: ['dataset'], key: 'loader' },
    { from: models, at: ['model'], path: modelPath },
    { from: weightSchedules, at: ['loss', 'schedule'] },
    { from: balancings, at: ['loss', 'balancing'] },
    { from: optimizers, at: ['train', 'optimizer'] },
    { from: learningRateSchedules, at: ['train', 'optimizer', 'schedule'] },
    { from: optimizers, at: ['train', 'optimizers', 'embeddings'] },
  ];
  return places.flatMap(({ from, at, path = at, key = 'type' }) => {
    const value = valueAt(given, at);
    if (!isMapping(value)) return [];
    const { [key]: name, ...options } = value;
    if (from === optimizers) delete options['schedule']; // it has its own place
    return typeof name === 'string' ? [{ from, name, value: { [key]: name, ...options }, path, key }] : [];
  });
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Parses a part with the options of the definition that it names. */
function parsedPart<Value extends object>(
  from: Catalogue<Chosen>,
  name: string,
  value: Value,
  document: ConfigDocument,
  path: Path,
  key: string,
): Value {
  if (!from.names.includes(name))
    throw failAt(document, [...path, key], notAmong(`unknown ${from.kind}`, name, from.names));
  try {
    return { ...value, ...parsePart(from.get(name).options, value, document, path) };
  } catch (error) {
    const place = document.locate([...path, key]);
    // Options written for the config's own part do not fit the one that an override names.
    if (!(error instanceof ConfigError) || !place.startsWith(`override '${[...path, key].join('.')}=`)) throw error;
    const whole = `'${path.join('.')}={ ${key}: ${name}, … }'`;
    const hint = `${place} changes no other key: ${whole} sets them all.`;
    throw new ConfigError(
      ...error.faults.map((fault, i) => (i === error.faults.length - 1 ? `${fault} ${hint}` : fault)),
    );
  }
}

/** Metrics of the tasks' types: a run has the values of all. */
function metricsOf(tasks: readonly TaskConfig[], { metrics }: Definitions): string[] {
  const measured = metrics.all.filter(({ type }) => tasks.some((task) => task.type === type));
  return measured.map(({ name }) => partName(metrics.kind, name));
}

/** Options of optimizers that act on weights alone; with the suffix `Embeddings`, on embedding tables alone. */
const ofWeights: readonly string[] = ['l2', 'weightDecay'];
const ofEmbeddings = ofWeights.map((key) => `${key}Embeddings`);

function withoutComparison({ value }: ConfigDocument): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value ?? {};
  const ofComparison = 'compare' in value ? ['compare', 'execute'] : [];
  return Object.fromEntries(Object.entries(value).filter(([key]) => !ofComparison.includes(key)));
}

/** Raise it when equal configs train, choose epochs or judge otherwise: earlier runs are then not taken for new ones. */
const protocol = 2;

/** The resolved config as it is kept in a run's folder. */
export function stringifyExperiment(experiment: ResolvedConfig): string {
  return stringify(experiment, { flowCollectionPadding: true });
}

/**
 * The first eight hex digits of the SHA-256 of everything that decides the result: the config, the data's checksum, and
 * the SHA-256 of plugins. The config is taken without its name, engine, tracking, paths, and defaults of options that
 * were added later.
 */
export function hash8(config: ResolvedConfig, checksum: string, definitions: Definitions): string {
  const own = withoutLaterDefaults(experimentSchema(definitions), config);
  const hashed = resolvedConfig.parse(withoutLaterDefaults(partsSchema(), own));
  const { name: _name, engine: _engine, tracking: _tracking, dataset, plugins, ...rest } = hashed;
  const paths = dataPaths(hashed, definitions);
  const data = Object.fromEntries(Object.entries(dataset).filter(([key]) => !paths.includes(key)));
  const code = plugins && { plugins: plugins.map(({ sha256 }) => sha256).toSorted() };
  return createHash('sha256')
    .update(JSON.stringify(sorted({ ...rest, ...code, ...revisions(), protocol, dataset: data, checksum })))
    .digest('hex')
    .slice(0, 8);

  function revisions() {
    const { model, loss } = partNames.parse(config);
    const { models, balancings } = definitions;
    const found = [
      ...models.all.filter(({ name }) => name === model.type),
      ...balancings.all.filter(({ name }) => name === loss.balancing.type),
    ];
    const raised = found.flatMap(({ name, revision = 1 }) => (revision === 1 ? [] : [`${name} ${revision}`]));
    return raised.length === 0 ? {} : { revisions: raised };
  }

  /**
   * The schemas of the parts that the config names. An edited config may name none. Options of plugins are hashed
   * whole.
   */
  function partsSchema() {
    const { dataset, model, loss, train, plugins = [] } = partNames.parse(config);
    const own = plugins.flatMap(({ parts }) => parts);
    const { balancings, learningRateSchedules, loaders, models, optimizers, weightSchedules } = definitions;
    const optionsOf = (from: Catalogue<Chosen>, name?: string) =>
      from.all.find((definition) => definition.name === name && !own.includes(partName(from.kind, name)))?.options ??
      z.looseObject({});
    const schedule = optionsOf(learningRateSchedules, train.optimizer.schedule?.type);
    return z.object({
      dataset: optionsOf(loaders, dataset.loader),
      model: optionsOf(models, model.type),
      loss: z.object({
        schedule: optionsOf(weightSchedules, loss.schedule.type),
        balancing: optionsOf(balancings, loss.balancing.type),
      }),
      train: z.object({
        optimizer: z.object({ ...optionsOf(optimizers, train.optimizer.type).shape, schedule }),
        optimizers: z.object({ embeddings: optionsOf(optimizers, train.optimizers.embeddings.type) }),
      }),
    });
  }
}

/** Options that say where the data are, not what they are. */
export function dataPaths(
  {
    dataset,
    plugins = [],
  }: ResolvedConfig & { readonly plugins?: readonly Pick<Plugin, 'parts' | 'paths'>[] | undefined },
  { loaders }: Pick<Definitions, 'loaders'>,
): readonly string[] {
  const own = plugins.find(({ parts }) => parts.includes(partName(loaders.kind, dataset.loader)));
  return own?.paths ?? loaders.get(dataset.loader).paths;
}

const resolvedConfig = z.looseObject({
  dataset: z.looseObject({ loader: z.string() }),
  plugins: z
    .array(z.looseObject({ sha256: z.string(), parts: z.array(z.string()), paths: z.array(z.string()).optional() }))
    .optional(),
});

const named = z.looseObject({ type: z.string().optional() }).catch({});
const partNames = resolvedConfig.extend({
  model: named,
  loss: z.looseObject({ schedule: named, balancing: named }).catch({ schedule: {}, balancing: {} }),
  train: z
    .looseObject({
      optimizer: named.unwrap().extend({ schedule: named.optional() }).catch({}),
      optimizers: z.looseObject({ embeddings: named }).catch({ embeddings: {} }),
    })
    .catch({ optimizer: {}, optimizers: { embeddings: {} } }),
});

/** An experiment, or one as it was stored: a later program may have defaults that the file lacks. */
export type ResolvedConfig = Readonly<Record<string, unknown>> & { readonly dataset: { readonly loader: string } };

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, sorted(item)]),
  );
}

/** `unseen` is kept only where it has an effect. All other runs keep the hash that they had before this key. */
function withUnseen({ unseen = 'rare', ...inputs }: InputsConfig): InputsConfig {
  return countsValues(inputs) ? { ...inputs, unseen } : inputs;
}

/** A usual loss is left out, and options are filled in: the same loss gives the same hash. */
function withLoss({ loss, ...task }: TaskConfig): TaskConfig {
  const chosen = taskLossOf({ loss });
  if (chosen === undefined) return task;
  return { ...task, loss: chosen.type === 'focal' || chosen.type === 'huber' ? chosen : chosen.type };
}

function checkMonitor(
  { tasks, train }: Experiment,
  document: ConfigDocument,
  { metrics }: Definitions,
  absent: readonly string[],
): void {
  const { monitor } = train.earlyStopping;
  if (!monitor.startsWith('metric:')) return;
  const name = monitor.slice('metric:'.length);
  if (absent.includes(partName(metrics.kind, name))) return;
  const known = metrics.all.filter(({ type, better }) => better !== null && tasks.some((task) => task.type === type));
  const names = known.map((metric) => metric.name);
  if (names.includes(name)) return;
  throw failAt(document, ['train', 'earlyStopping', 'monitor'], notAmong('no task is judged by a metric', name, names));
}
