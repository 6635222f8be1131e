import { totalmem } from 'node:os';
import type { Experiment } from '../config/experiment.js';
import { type Dataset, outputCount } from '../data/dataset.js';
import type { Engine } from '../engine/engine.js';
import { models } from '../models/catalogue.js';
import {
  independentTasks,
  initialize,
  type Model,
  type ModelShape,
  namesOf,
  type ParameterStarts,
  type Parameters,
  trainingStarts,
} from '../models/model.js';
import type { Balancing } from '../objective/balancing/balancing.js';
import { balancings } from '../objective/balancing/catalogue.js';
import { configuredLossWeights } from '../objective/catalogue.js';
import { buildOptimizer } from '../optimizers/apart.js';
import { optimizers } from '../optimizers/catalogue.js';
import type { Optimizer } from '../optimizers/optimizer.js';
import { elementCount } from '../support/arrays.js';
import { ConfigError } from '../support/errors.js';
import { must } from '../support/must.js';
import { type Random, randomFromSeed } from '../support/random.js';
import { wholeNumber } from '../support/text.js';
import type { Diagnosed } from './diagnostics.js';
import { findSharing, notSought, type Sharing, smoothed } from './gradients/sharing.js';
import type { Balanced } from './gradients/task-gradients.js';
import type { Progress } from './progress/progress.js';
import { planSelection, type Selection } from './progress/selection.js';
import { type TrainingSteps, trainingSteps } from './training-rows.js';

/** Everything that decides a run. */
export interface TrainingSetup {
  readonly dataset: Dataset;
  readonly model: Model;
  /** Initial values, also of what training alone reads. */
  readonly parameters: Parameters;
  readonly optimizer: Optimizer;
  /** The learning rate after `completedSteps` steps in all: one, or one for each unit of selection. */
  learningRatesAt(progress: Progress, completedSteps: number): readonly number[];
  /** Loss weights by task after these numbers of completed epochs and steps. */
  lossWeightsAt(completedEpochs: number, completedSteps: number): readonly number[];
  /** The rows' order: one stream per epoch is drawn from it. */
  readonly order: Random;
  /** For dropout: one stream per layer and step is drawn from it. */
  readonly noise: Random;
  /** Null: the loss weights are those of `lossWeightsAt`. */
  readonly balanced: Balanced | null;
  /** For the draws of the balancing method. */
  readonly balancingNoise: Random;
  /** Null: not asked for, or the tasks share nothing. */
  readonly diagnosed: Diagnosed | null;
  /** Decay of the parameters' moving average, which is evaluated; undefined: the parameters themselves are. */
  readonly average: number | undefined;
  readonly epochs: number;
  readonly steps: TrainingSteps;
  readonly batchSize: number;
  readonly selection: Selection;
  /** `mean`, `task:<name>`, `metric:<name>` or `loss`. */
  readonly monitor: string;
  readonly engine: Engine;
  /** What the user should know about the setting. */
  readonly warnings: readonly string[];
}

/** The parts that a config names, built for this data and started from its seed. */
export function setUp(experiment: Experiment, dataset: Dataset, engine: Engine): TrainingSetup {
  const random = randomFromSeed(experiment.seed);
  const { train } = experiment;
  const steps = trainingSteps(dataset.splits.train.rows, train);
  const { model, weightSchedule, learningRate, balancing, stateTasks } = buildParts(
    experiment,
    modelShape(dataset),
    steps.all / train.epochs,
  );
  const states = balancing?.kind === 'states' ? balancing.tasks.length : 1;
  const memory = tableMemory(model.parameters, experiment, states);
  const parameters = initialize(trainingStarts(model), random.stream('initial'));
  const optimizer = buildOptimizer(parameters, train.optimizer, train.optimizers?.embeddings, stateTasks);
  const sharing = sharingOnce(experiment, dataset);
  const balanced = balancedBy(balancing, sharing);
  const owners = independentTasks(parameters);
  const probed = experiment.diagnostics && owners.includes(undefined) ? sharing() : notSought;
  const { follow } = learningRate;
  const lossWeights = configuredLossWeights(experiment).initial;
  return {
    dataset,
    model,
    parameters,
    optimizer,
    learningRatesAt: ({ epoch, units }, steps) =>
      (follow ? units : units.slice(0, 1)).map((unit) => learningRate.at(epoch - 1, steps, unit.learningRate)),
    lossWeightsAt: weightSchedule.weights,
    warnings: [...memory, ...settingWarnings(experiment, dataset, model, optimizer, balanced, follow !== undefined)],
    order: random.stream('order'),
    noise: random.stream('noise'),
    balanced,
    balancingNoise: random.stream('balancing'),
    diagnosed: sharesAny(probed) ? { sharing: probed, rows: random.stream('diagnostics') } : null,
    average: train.average?.decay,
    epochs: train.epochs,
    steps,
    batchSize: train.batchSize,
    selection: planSelection({ owners, tasks: dataset.tasks, train, lossWeights, follow }),
    monitor: train.earlyStopping.monitor,
    engine,
  };
}

/** Null also if a method that reads gradients finds nothing shared: without embeddings, `levels: []` shares nothing. */
function balancedBy(method: Balancing | null, sharing: () => Sharing): Balanced | null {
  if (method?.kind !== 'gradients') return method && { method, sharing: notSought };
  const shared = sharing();
  return sharesAny(shared) ? { method, sharing: shared } : null;
}

function sharesAny({ reach }: Sharing): boolean {
  return Object.values(reach).some((slices) => slices !== 'none');
}

/** Finds what is shared when it is first asked for. */
function sharingOnce({ model }: Experiment, dataset: Dataset): () => Sharing {
  let sharing: Sharing | undefined;
  const build = (few: Dataset) => models.get(model.type).build(modelShape(few), smoothed(model));
  return () => (sharing ??= findSharing(dataset, build));
}

/** What the user should know about the setting. */
function settingWarnings(
  { train, loss }: Experiment,
  dataset: Dataset,
  model: Model,
  { lazy }: Optimizer,
  balanced: Balanced | null,
  followsScores: boolean,
): readonly string[] {
  const independent = !independentTasks(model.parameters).includes(undefined);
  const { monitor } = train.earlyStopping;
  return [
    ...dataset.notes,
    lazy.length > 0 && (train.optimizers?.embeddings ?? train.optimizer).lazy === undefined
      ? `${lazy.join(', ')}: of tables with so many rows, a step moves only those that it reads (${train.optimizers ? 'train.optimizers.embeddings' : 'train.optimizer'}.lazy: false moves all).`
      : null,
    balanced === null && loss.balancing.type !== balancings.names[0]
      ? `The tasks share no parameters, so loss.balancing has nothing to balance: the weights are those of loss.weights.`
      : null,
    dataset.apart && model.needsOneSampleSpace
      ? `The sample space of ${dataset.apart.join(', ')} has other training rows than that of ${dataset.tasks[0]?.name}. ${model.needsOneSampleSpace}`
      : null,
    independent && monitor.startsWith('task:')
      ? `The tasks share no parameters: each stops, and keeps its best epoch, by its own score and not by '${monitor}'.`
      : null,
    train.keep === 'last' ? lastWarning(train.optimizer, followsScores) : null,
  ].filter((warning) => warning !== null);
}

/** On the learning rate at which the last epoch, whose parameters are kept, ends. */
function lastWarning({ schedule }: Experiment['train']['optimizer'], followsScores: boolean): string | null {
  if (followsScores)
    return 'train.optimizer.schedule: it follows scores on validation, so with keep: last validation decides too.';
  return schedule
    ? null
    : 'train.keep: last takes the parameters of a rate that never fell; train.optimizer.schedule names one that ends at 0.';
}

/** The shape that models are built for on this data. */
export function modelShape({
  tasks,
  categorical,
  numeric,
  lists,
}: Pick<Dataset, 'tasks' | 'categorical' | 'numeric' | 'lists'>): ModelShape {
  return {
    tasks: tasks.map((task) => ({
      name: task.name,
      type: task.type,
      ...(task.type === 'multiclass' ? { outputs: outputCount(task) } : {}),
    })),
    categorical,
    numeric: numeric.map(({ name }) => name),
    edges: numeric.map(({ edges = [] }) => edges),
    lists,
  };
}

/** @throws ConfigError for a model or a schedule that does not fit the config's tasks or epochs. It needs no data. */
export function checkParts(experiment: Experiment): void {
  buildParts(experiment, shapeWithoutData(experiment), 1);
}

/** A column of each kind, and two classes: with them a model has all kinds of parameters. */
function shapeWithoutData({ tasks }: Experiment): ModelShape {
  const column = { cardinality: 2, embedding: 1 };
  return {
    tasks: tasks.map(({ name, type }) => ({ name, type, ...(type === 'multiclass' ? { outputs: 2 } : {}) })),
    categorical: [{ name: 'column', ...column }],
    numeric: ['number'],
    lists: [{ name: 'list', length: 1, ...column }],
    withoutData: true,
  };
}

function buildParts(experiment: Experiment, shape: ModelShape, stepsPerEpoch: number) {
  const { model, loss, train } = experiment;
  const faults = faultCollector();
  const built = faults.try(() => builtModel(shape, model));
  // Tasks that share nothing have nothing to balance. A method would only change a task's learning rate by the losses
  // of others. The networks would then differ from those of separate runs, which comparisons rely on.
  const balanced = !built || independentTasks(built.parameters).includes(undefined);
  const { statesByTask, build } = balancings.get(loss.balancing.type);
  const balancing = faults.try(() => (balanced ? build({ tasks: shape.tasks, stepsPerEpoch }, loss.balancing) : null));
  const stateTasks = statesByTask ? namesOf(shape.tasks) : undefined;
  faults.try(() => checkStates('train.optimizer', train.optimizer, stateTasks));
  faults.try(() => checkStates('train.optimizers.embeddings', train.optimizers?.embeddings ?? {}, stateTasks));
  const weightSchedule = faults.try(() => configuredLossWeights(experiment).schedule());
  const { learningRate: rateOf } = optimizers.get(train.optimizer.type);
  const learningRate = faults.try(() => rateOf(train.optimizer, { epochs: train.epochs, stepsPerEpoch }));
  faults.tell();
  return {
    model: must(built, 'model'),
    balancing: balancing ?? null,
    stateTasks,
    weightSchedule: must(weightSchedule, 'schedule of loss weights'),
    learningRate: must(learningRate, 'learning rate'),
  };
}

/** @throws ConfigError for options by task without states by task, and for L2 and decay with them */
function checkStates(path: string, options: object, tasks: readonly string[] | undefined): void {
  const refuse = (key: string, why: string) => {
    throw new ConfigError(`${path}.${key}: ${why}`);
  };
  const withStates = balancings.names.filter((name) => balancings.get(name).statesByTask);
  for (const [key, value] of Object.entries(options)) {
    if (tasks && /^(l2|weightDecay)/.test(key) && value > 0)
      refuse(key, 'with a state for each task it would act once for each: set it to 0.');
    if (!/^(learningRate|clipNorm)$/.test(key) || typeof value !== 'object') continue;
    if (!tasks) refuse(key, `a value for each task needs loss.balancing.type: ${withStates.join(' or ')}.`);
    if (Object.keys(value).toSorted().join() !== tasks?.toSorted().join())
      refuse(key, `give each task a value: ${tasks?.join(', ')}.`);
  }
}

function builtModel(shape: ModelShape, model: Experiment['model']): Model {
  const { name, minimumTasks, build } = models.get(model.type);
  if (shape.tasks.length < minimumTasks)
    throw new ConfigError(`Model '${name}' takes at least ${minimumTasks} tasks; the config lists one.`);
  return build(shape, model);
}

/** Trainable values in embedding tables, and elsewhere. */
export interface ParameterCounts {
  readonly embedding: number;
  readonly network: number;
}

/** The number of trainable values of a model. */
export function countParameters(parameters: ParameterStarts): ParameterCounts {
  const counts = { embedding: 0, network: 0 };
  for (const { shape, kind } of Object.values(parameters)) {
    if (kind === 'statistic') continue;
    counts[kind === 'embedding' ? 'embedding' : 'network'] += elementCount(shape);
  }
  return counts;
}

/** The number of trainable values in each task's own network, where tasks share no parameters. */
export function countByTask(parameters: ParameterStarts): Readonly<Record<string, ParameterCounts>> | undefined {
  if (independentTasks(parameters).includes(undefined)) return undefined;
  const owners = new Set(Object.values(parameters).map(({ task }) => task ?? ''));
  return Object.fromEntries(
    Array.from(owners, (owner) => [
      owner,
      countParameters(Object.fromEntries(Object.entries(parameters).filter(([, { task }]) => task === owner))),
    ]),
  );
}

/** From so many bytes of values on, the user is told. */
const manyBytes = 2 ** 28;

type Shapes = readonly (readonly number[])[];

/**
 * What embedding tables take, before they are made.
 * @param states how many the optimizer has of each table
 * @param memory in bytes
 * @throws ConfigError if they may not fit: their values and the optimizer's, those of epochs that are kept, and those of
 *   one that is copied before it replaces another. (A resumed run has its initial values too.)
 */
export function tableMemory(
  parameters: ParameterStarts,
  { train, tasks }: Pick<Experiment, 'train' | 'tasks'>,
  states = 1,
  memory = Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY),
): readonly string[] {
  const tables = Object.values(parameters).flatMap(({ kind, shape }) => (kind === 'embedding' ? [shape] : []));
  const values = byteCount(tables);
  if (values < manyBytes) return [];
  const options = train.optimizers?.embeddings ?? train.optimizer;
  const bytesWith = (options: { readonly type: string }) => {
    const { slotShapes } = optimizers.get(options.type);
    return values + states * byteCount(tables.flatMap((shape) => slotShapes(options, shape)));
  };
  const needed = bytesWith(options);
  // The optimizer that needs least, if it keeps something and needs less.
  const [least] = optimizers.names
    .map((type) => ({ type, bytes: bytesWith({ type }) }))
    .filter(({ bytes }) => bytes > values && bytes < needed)
    .toSorted((a, b) => a.bytes - b.bytes);
  const orLeast = least ? `, ${gigabytes(least.bytes)} with ${least.type}` : '';
  const sizes = `Embedding tables: ${tableSizes(tables)}, ${gigabytes(needed)} with ${options.type}${orLeast}.`;
  const keepsBest = train.keep === 'best' && tasks.length > 1 && independentTasks(parameters).includes(undefined);
  const kept = keepsBest ? tasks.length + 1 : Number(train.keep !== 'last');
  const all = needed + (kept > 0 ? kept + 1 : 0) * values;
  if (all > memory)
    throw new ConfigError(
      `${sizes} With the epochs that are kept, training may need ${gigabytes(all)}, and there are ${gigabytes(memory)} of memory: raise inputs.minCount, hash the columns of ids, lower inputs.embedding${keepsBest ? ', set train.keep: last' : ''}${least ? `, or take ${least.type} (train.optimizers.embeddings)` : ''}.`,
    );
  if (!keepsBest) return [sizes];
  return [
    sizes,
    `train.keep: best keeps the tables of each task's best epoch, and of one for all, in memory and in checkpoints: up to ${kept} x ${gigabytes(values)}. keep: last does not.`,
  ];
}

function byteCount(shapes: Shapes): number {
  return 4 * shapes.reduce((sum, shape) => sum + elementCount(shape), 0);
}

/** `10,000 rows x 16, 50 rows x 4` */
function tableSizes(tables: Shapes): string {
  const rows = new Map<number, number>();
  for (const [count = 0, width = 1] of tables) rows.set(width, (rows.get(width) ?? 0) + count);
  return Array.from(rows, ([width, count]) => `${wholeNumber(count)} rows x ${width}`).join(', ');
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

/** Collects the mistakes of independent checks of a config, to report all at once. */
function faultCollector() {
  const faults = new Set<string>();
  return {
    /** Undefined if the check finds a mistake. */
    try<Value>(check: () => Value): Value | undefined {
      try {
        return check();
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        for (const fault of error.faults) faults.add(fault);
        return undefined;
      }
    },

    /** @throws ConfigError with the mistakes by file and line, if there are any. */
    tell(): void {
      if (faults.size === 0) return;
      throw new ConfigError(...[...faults].toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true })));
    },
  };
}
