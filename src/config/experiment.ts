import { createHash } from 'node:crypto';
import { stringify } from 'yaml';
import { z } from 'zod';
import { withoutLaterDefaults } from '../support/added-later.js';
import type { Catalogue } from '../support/catalogue.js';
import { didYouMean } from '../support/catalogue.js';
import { ConfigError } from '../support/errors.js';
import { type ConfigDocument, type Path, readDocument } from './document.js';
import { failAt, parsePart } from './parse.js';
import { countsValues, type InputsConfig, inputsSchema, taskSchema, weightSchema } from './parts.js';

/** What a config may choose from. The parts know their own options; this layer does not know the parts. */
export interface Definitions {
  readonly loaders: Catalogue<Chosen & { readonly paths: readonly string[] }>;
  readonly models: Catalogue<Chosen>;
  /** The first is the default. */
  readonly weightSchedules: Catalogue<Chosen>;
  readonly optimizers: Catalogue<Chosen>;
  readonly learningRateSchedules: Catalogue<Chosen>;
  /** What tasks are judged by. */
  readonly metrics: Catalogue<{
    readonly name: string;
    readonly type: string;
    readonly better: string | null;
    /** There on what has an error over test rows. */
    readonly influence?: unknown;
  }>;
  /** The model whose tasks share nothing: what others are compared with. */
  readonly baseline: string;
}
interface Chosen {
  readonly name: string;
  readonly options: z.ZodObject;
}

const choice = z.looseObject({ type: z.string() });

export const seedSchema = z.int().nonnegative();

/** @param weightSchedule The loss-weight schedule of a config that names none. */
function experimentSchema(weightSchedule: string) {
  return z.strictObject({
    /** Names the run's folder. */
    name: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'letters, digits, ., _ and -, starting with a letter or digit')
      .max(200), // with the hash, a name that file systems take
    seed: seedSchema.default(0),
    dataset: z.looseObject({ loader: z.string() }),
    inputs: inputsSchema.prefault({}),
    tasks: z.array(taskSchema).min(1),
    model: choice,
    loss: z
      .strictObject({
        schedule: choice.default({ type: weightSchedule }),
        /** By task; a task that is not named has weight 1. */
        weights: z.record(z.string(), weightSchema).default({}),
      })
      .prefault({}),
    train: z.strictObject({
      epochs: z.int().positive(),
      batchSize: z
        .int()
        .positive()
        .max(2 ** 20),
      optimizer: choice.extend({ schedule: choice.optional() }),
      earlyStopping: z
        .strictObject({
          /** `mean` (of AUC and 1 - MSE / Var(y)), `task:<name>`, or `loss` (weighted by the initial weights). */
          monitor: z
            .string()
            .regex(/^(mean|loss|task:.+)$/, "'mean', 'loss' or 'task:<name>'")
            .default('mean'),
          /** Epochs without a better score before training ends; null: never. The best epoch is kept in any case. */
          patience: z.int().positive().nullable().default(null),
          /** For patience, a score is better if it exceeds the best that counted by more than this. */
          minDelta: z.number().positive().optional(),
        })
        .prefault({}),
    }),
    engine: z
      .strictObject({
        name: z.enum(['compiled', 'tfjs']).default('compiled'),
        device: z.enum(['auto', 'cpu', 'cuda', 'webgpu']).default('auto'),
        /** With cuda: which of several GPUs, as nvidia-smi counts them. */
        deviceId: z.int().nonnegative().optional(),
        /** Absent: all cores. */
        threads: z.int().positive().optional(),
      })
      .prefault({}),
  });
}

/** A whole, checked config with every default filled in. */
export type Experiment = Readonly<z.infer<ReturnType<typeof experimentSchema>>>;

/**
 * YAML text -> experiment.
 * @throws ConfigError: one line with file, line, column, key and the nearest known key.
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
 * As `parseExperiment`, of a text that is read already. A `compare:` key is left out.
 * @param modelPath Where the model's options were written, for messages.
 */
export function resolveExperiment(
  document: ConfigDocument,
  definitions: Definitions,
  modelPath: Path = ['model'],
): Experiment {
  const schema = experimentSchema(definitions.weightSchedules.names[0] ?? '');
  const experiment = parsePart(schema, withoutComparison(document), document);
  const resolved = {
    ...experiment,
    inputs: withUnseen(experiment.inputs),
    dataset: part(definitions.loaders, experiment.dataset.loader, experiment.dataset, ['dataset'], 'loader'),
    model: part(definitions.models, experiment.model.type, experiment.model, modelPath, 'type'),
    loss: {
      ...experiment.loss,
      schedule: part(
        definitions.weightSchedules,
        experiment.loss.schedule.type,
        experiment.loss.schedule,
        ['loss', 'schedule'],
        'type',
      ),
    },
    train: {
      ...experiment.train,
      optimizer: optimizer(experiment.train.optimizer),
    },
  };
  checkTaskNames(resolved, document);
  checkDeviceId(resolved, document);
  checkMinDelta(resolved, document);
  return resolved;

  function optimizer({ schedule, ...options }: Experiment['train']['optimizer']): Experiment['train']['optimizer'] {
    const path = ['train', 'optimizer'];
    const { learningRateSchedules } = definitions;
    const scheduled = schedule && {
      schedule: part(learningRateSchedules, schedule.type, schedule, [...path, 'schedule'], 'type'),
    };
    return part(definitions.optimizers, options.type, { ...options, ...scheduled }, path, 'type');
  }

  /** Parses a part with the options of the definition that it names. */
  function part<Value extends object>(
    from: Catalogue<Chosen>,
    name: string,
    value: Value,
    path: Path,
    key: string,
  ): Value {
    if (!from.names.includes(name)) {
      const message = `unknown ${from.kind} '${name}'${didYouMean(name, from.names)}; there are: ${from.names.join(', ')}`;
      throw failAt(document, [...path, key], message);
    }
    try {
      return { ...value, ...parsePart(from.get(name).options, value, document, path) };
    } catch (error) {
      const place = document.locate([...path, key]);
      // Options written for the part that the config names do not fit the one that an override names.
      if (!(error instanceof ConfigError) || !place.startsWith(`override '${[...path, key].join('.')}=`)) throw error;
      const whole = `'${path.join('.')}={ ${key}: ${name}, … }'`;
      throw new ConfigError(`${error.message} ${place} changes no other key: ${whole} sets them all.`);
    }
  }
}

function withoutComparison({ value }: ConfigDocument): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value ?? {};
  return Object.fromEntries(Object.entries(value).filter(([key]) => key !== 'compare'));
}

/** The resolved config as it is kept in a run's folder. */
export function stringifyExperiment(experiment: Experiment): string {
  return stringify(experiment, { flowCollectionPadding: true });
}

/**
 * The first eight hex digits of the SHA-256 of everything that decides the result: the config without its name, its engine, its paths
 * and the defaults of options that were added later, and the data's checksum.
 */
export function hash8(config: ResolvedConfig, checksum: string, definitions: Definitions): string {
  const own = withoutLaterDefaults(experimentSchema(''), config);
  const hashed = resolvedConfig.parse(withoutLaterDefaults(partsSchema(), own));
  const { name: _name, engine: _engine, dataset, ...rest } = hashed;
  const paths = definitions.loaders.get(dataset.loader).paths;
  const data = Object.fromEntries(Object.entries(dataset).filter(([key]) => !paths.includes(key)));
  return createHash('sha256')
    .update(JSON.stringify(sorted({ ...rest, dataset: data, checksum })))
    .digest('hex')
    .slice(0, 8);

  /** The options of the parts that the config names. One that was edited may name none. */
  function partsSchema() {
    const { dataset, model, loss, train } = partNames.parse(config);
    const { learningRateSchedules, loaders, models, optimizers, weightSchedules } = definitions;
    const optionsOf = (from: Catalogue<Chosen>, name?: string) =>
      from.all.find((definition) => definition.name === name)?.options ?? z.looseObject({});
    const schedule = optionsOf(learningRateSchedules, train.optimizer.schedule?.type);
    return z.object({
      dataset: optionsOf(loaders, dataset.loader),
      model: optionsOf(models, model.type),
      loss: z.object({ schedule: optionsOf(weightSchedules, loss.schedule.type) }),
      train: z.object({ optimizer: z.object({ ...optionsOf(optimizers, train.optimizer.type).shape, schedule }) }),
    });
  }
}

const resolvedConfig = z.looseObject({ dataset: z.looseObject({ loader: z.string() }) });

/** What names the parts of a resolved config. */
const named = z.looseObject({ type: z.string().optional() }).catch({});
const partNames = resolvedConfig.extend({
  model: named,
  loss: z.looseObject({ schedule: named }).catch({ schedule: {} }),
  train: z
    .looseObject({ optimizer: named.unwrap().extend({ schedule: named.optional() }).catch({}) })
    .catch({ optimizer: {} }),
});

/** An experiment, or one as it was written: a later program may know defaults that its own did not. */
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

/** `unseen` stands only where it has an effect: of all other runs, the hash is that of a time before this key. */
function withUnseen({ unseen = 'rare', ...inputs }: InputsConfig): InputsConfig {
  return countsValues(inputs) ? { ...inputs, unseen } : inputs;
}

function checkDeviceId({ engine }: Experiment, document: ConfigDocument): void {
  if (engine.deviceId === undefined || engine.device === 'cuda') return;
  throw failAt(document, ['engine', 'deviceId'], `has no effect with device ${engine.device}, only with cuda`);
}

function checkMinDelta({ train: { earlyStopping } }: Experiment, document: ConfigDocument): void {
  if (earlyStopping.minDelta === undefined || earlyStopping.patience !== null) return;
  throw failAt(document, ['train', 'earlyStopping', 'minDelta'], 'has no effect without patience');
}

function checkTaskNames(experiment: Experiment, document: ConfigDocument): void {
  const names = experiment.tasks.map((task) => task.name);
  const known = (name: string, path: (string | number)[]) => {
    if (!names.includes(name)) {
      throw failAt(document, path, `no task '${name}'${didYouMean(name, names)}; tasks: ${names.join(', ')}`);
    }
  };
  for (const [index, name] of names.entries()) {
    if (names.indexOf(name) !== index)
      throw failAt(document, ['tasks', index, 'name'], `task '${name}' is listed twice`);
    // Results, weights and metrics are objects by task, which have these without being given them.
    if (name in {})
      throw failAt(document, ['tasks', index, 'name'], `'${name}' cannot be a task's name: choose another`);
  }
  for (const [index, task] of experiment.tasks.entries()) {
    if (task.standardize && task.type !== 'regression') {
      throw failAt(document, ['tasks', index, 'standardize'], 'only regression labels are standardised');
    }
    if (task.positiveWeight !== undefined && task.type !== 'binary') {
      throw failAt(document, ['tasks', index, 'positiveWeight'], 'only binary tasks have positives');
    }
  }
  for (const name of Object.keys(experiment.loss.weights)) known(name, ['loss', 'weights', name]);
  const { monitor } = experiment.train.earlyStopping;
  if (monitor.startsWith('task:')) known(monitor.slice('task:'.length), ['train', 'earlyStopping', 'monitor']);
}
