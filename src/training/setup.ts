import type { Experiment } from '../config/experiment.js';
import type { Dataset } from '../data/dataset.js';
import type { Engine } from '../engine/engine.js';
import { models } from '../models/catalogue.js';
import type { Model, ModelShape, ParameterStarts, Parameters } from '../models/model.js';
import { areIndependent, initialize } from '../models/parameters.js';
import { schedules } from '../objective/catalogue.js';
import { type Schedule, scheduleWarning } from '../objective/schedule.js';
import { optimizers } from '../optimizers/catalogue.js';
import type { Optimizer } from '../optimizers/optimizer.js';
import { sizeOf } from '../support/arrays.js';
import { ConfigError } from '../support/errors.js';
import { type Random, randomFromSeed } from '../support/random.js';

/** Everything that decides a run. */
export interface TrainingSetup {
  readonly dataset: Dataset;
  readonly model: Model;
  readonly parameters: Parameters;
  readonly optimizer: Optimizer;
  /** Loss weights by task after so many completed epochs and steps. */
  weightsAt(completedEpochs: number, completedSteps: number): readonly number[];
  /** The rows' order: one stream per epoch is drawn from it. */
  readonly order: Random;
  readonly epochs: number;
  readonly batchSize: number;
  /** `mean`, `task:<name>` or `loss`. */
  readonly monitor: string;
  readonly patience: number | null;
  readonly engine: Engine;
  /** What the user should know about the setting. */
  readonly warnings: readonly string[];
}

/** The parts that a config names, built for this data and started from its seed. */
export function setUp(experiment: Experiment, dataset: Dataset, engine: Engine): TrainingSetup {
  const random = randomFromSeed(experiment.seed);
  const { model, schedule } = partsOf(experiment, shapeOf(dataset));
  const parameters = initialize(model.parameters, random.stream('initial'));
  const { train } = experiment;
  const optimizer = optimizers.get(train.optimizer.type);
  return {
    dataset,
    model,
    parameters,
    optimizer: optimizer.build(parameters, train.optimizer),
    weightsAt: schedule.weights,
    warnings: warningsOf(),
    order: random.stream('order'),
    epochs: train.epochs,
    batchSize: train.batchSize,
    monitor: train.earlyStopping.monitor,
    patience: train.earlyStopping.patience,
    engine,
  };

  function warningsOf(): string[] {
    const independent = areIndependent(parameters);
    const { scaleInvariant } = optimizer;
    const { monitor } = train.earlyStopping;
    return [
      ...dataset.notes,
      scheduleWarning(schedule.ratios, { independent, scaleInvariant }),
      independent && monitor.startsWith('task:')
        ? `The tasks share no parameters: each stops, and keeps its best epoch, by its own score and not by '${monitor}'.`
        : null,
    ].filter((warning) => warning !== null);
  }
}

/** What models are built for on this data. */
export function shapeOf({
  tasks,
  categorical,
  numeric,
  lists,
}: Pick<Dataset, 'tasks' | 'categorical' | 'numeric' | 'lists'>): ModelShape {
  return { tasks: tasks.map(({ name }) => name), categorical, numeric: numeric.map(({ name }) => name), lists };
}

/** Fails with a `ConfigError` for a model or a schedule that does not fit the config's tasks: this needs no data. */
export function checkParts(experiment: Experiment): void {
  partsOf(experiment, shapeWithoutData(experiment));
}

/** Whether the tasks of an experiment share no parameters, so that each has a network and a best epoch of its own. This needs no data. */
export function hasIndependentTasks(experiment: Experiment): boolean {
  return areIndependent(partsOf(experiment, shapeWithoutData(experiment)).model.parameters);
}

/** A column of each kind: with them a model has all kinds of parameters. */
function shapeWithoutData({ tasks }: Experiment): ModelShape {
  const column = { cardinality: 2, embedding: 1 };
  return {
    tasks: tasks.map(({ name }) => name),
    categorical: [{ name: 'column', ...column }],
    numeric: ['number'],
    lists: [{ name: 'list', length: 1, ...column }],
  };
}

function partsOf(
  { model, loss }: Experiment,
  shape: ModelShape,
): { readonly model: Model; readonly schedule: Schedule } {
  const definition = models.get(model.type);
  if (shape.tasks.length < definition.minimumTasks) {
    throw new ConfigError(
      `Model '${definition.name}' takes at least ${definition.minimumTasks} tasks; the config lists one.`,
    );
  }
  return {
    model: definition.build(shape, model),
    schedule: schedules.get(loss.schedule.type).build(shape.tasks, loss.weights, loss.schedule),
  };
}

/** Trainable values in embedding tables, and elsewhere. */
export interface ParameterCounts {
  readonly embedding: number;
  readonly network: number;
}

/** How many trainable values a model has. */
export function countParameters(parameters: ParameterStarts): ParameterCounts {
  const counts = { embedding: 0, network: 0 };
  for (const { shape, kind } of Object.values(parameters)) {
    counts[kind === 'embedding' ? 'embedding' : 'network'] += sizeOf(shape);
  }
  return counts;
}

/** The same of each task's own network, where tasks share no parameters. */
export function countByTask(parameters: ParameterStarts): Readonly<Record<string, ParameterCounts>> | undefined {
  if (!areIndependent(parameters)) return undefined;
  const owners = new Set(Object.values(parameters).map(({ task }) => task ?? ''));
  return Object.fromEntries(
    Array.from(owners, (owner) => [
      owner,
      countParameters(Object.fromEntries(Object.entries(parameters).filter(([, { task }]) => task === owner))),
    ]),
  );
}
