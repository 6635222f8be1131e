import { join } from 'node:path';
import type { ComparisonOptions } from './comparison/execute/executor.js';
import type { ComparisonResult } from './comparison/run-comparison.js';
import type { ConfigDocument } from './config/document.js';
import type { RowsOptions } from './serving/with-rows.js';
import type { RunOptions, TrainingOutcome } from './training/run-options.js';

// What programs and plugins import: `train`, `compare` and `predict`, the `define…` functions, and what models are made
// of.

interface Common {
  /** As on the command line: `train.epochs=5`. */
  readonly overrides?: readonly string[];
}
export type TrainOptions = Common & Partial<RunOptions>;
export type CompareOptions = Common &
  Partial<ComparisonOptions> & {
    /** Lets the stored config of a comparison run its commands. Those of other configs run anyway. */
    readonly commands?: boolean;
  };

/**
 * Trains one run as `ple train` does, in this process.
 * @param config Path of a config, the name of one that comes with the program, or its value. The paths of a value's
 * plugins are relative to the working folder.
 * @throws UserError for a mistake of the user.
 */
export async function train(config: string | object, options: TrainOptions = {}): Promise<TrainingOutcome> {
  const [{ checkedConfig }, { run }] = await Promise.all([
    import('./cli/input/config-file.js'),
    import('./training/run.js'),
  ]);
  const { overrides = [], ...rest } = options;
  const experiment = await checkedConfig(await namedAs(config, overrides));
  const standard = { runs: 'runs', overwrite: false, predictions: true, signal: never(), on: () => undefined };
  return run(experiment, { ...standard, ...rest });
}

/**
 * Trains the unfinished runs of a comparison as `ple compare` does, in child processes, and writes tables and report
 * into its folder.
 * @param config As of `train`.
 * @throws UserError for a mistake of the user.
 */
export async function compare(config: string | object, options: CompareOptions = {}): Promise<ComparisonResult> {
  const [{ checkedComparison, refuseStoredCommands }, { compareAndReport }] = await Promise.all([
    import('./cli/input/config-file.js'),
    import('./report/compare-and-report.js'),
  ]);
  const { overrides = [], commands = false, ...rest } = options;
  const named = await namedAs(config, overrides);
  const comparison = await checkedComparison(named);
  if (!commands) await refuseStoredCommands(comparison, named.file);
  const standard = { runs: 'runs', predictions: true, signal: never(), halt: never(), on: () => undefined };
  const all = { ...standard, ...rest };
  const command = `ple compare --config ${join(all.runs, comparison.name, 'config.yaml')}`;
  return compareAndReport(comparison, all, { command, svg: false });
}

export interface PredictOptions extends Omit<RowsOptions, 'keep'> {
  /** Logits instead of probabilities and predictions in the labels' units. */
  readonly logits?: boolean;
  /** Files of the plugins that the run uses, relative to the working folder: their code runs. */
  readonly plugins?: readonly string[];
}

/**
 * Predicts new rows as `ple predict` does.
 * @param run The folder of a finished run.
 * @param files Files of rows, or patterns.
 * @returns By the name of its column in `ple predict`, each prediction. [rows]
 * @throws UserError for a mistake of the user.
 */
export async function predict(
  run: string,
  files: string | readonly string[],
  { logits = false, plugins, ...options }: PredictOptions = {},
): Promise<Readonly<Record<string, Float32Array>>> {
  const [{ loadNamed }, { readTrainedRun }, { withRows }, { checkNames, predictions }] = await Promise.all([
    import('./training/plugins.js'),
    import('./serving/trained-run.js'),
    import('./serving/with-rows.js'),
    import('./serving/score-rows.js'),
  ]);
  const scale = logits ? 'logit' : 'label';
  await loadNamed(plugins);
  const trained = await readTrainedRun(run);
  checkNames(trained, scale, []);
  return withRows(trained, [files].flat(), options, async ({ dataset, engine, onRows }) => {
    const { columns, blocks } = predictions(trained, dataset, engine, scale, onRows);
    const arrays = columns.map(({ name }) => [name, new Float32Array(dataset.splits.test.rows)] as const);
    let row = 0;
    for await (const block of blocks) {
      for (const [c, values] of block.columns.entries()) arrays[c]?.[1].set(values, row);
      row += block.rows;
    }
    return Object.fromEntries(arrays);
  });
}

async function namedAs(config: string | object, overrides: readonly string[]): Promise<ConfigDocument> {
  if (typeof config === 'object') {
    const { readDocument } = await import('./config/document.js');
    return readDocument(JSON.stringify(config), '(config)', overrides);
  }
  const { readConfig } = await import('./cli/input/config-file.js');
  return readConfig(config, overrides);
}

function never(): AbortSignal {
  return new AbortController().signal;
}

// One instance of each for all plugins.
export type { Tensor } from '@tensorflow/tfjs';
export { z } from 'zod';
// Results.
export type { Comparison } from './comparison/comparison.js';
export type { Experiment } from './config/experiment.js';
// Data.
export type {
  ListValues,
  Source,
  SourceBlock,
  SourceColumn,
  SourceTask,
  SplitName,
  Task,
} from './data/dataset.js';
export { defineLoader, type LoaderContext, type LoaderDefinition } from './data/loader.js';
export { type Generated, generatedRows, generatedSource } from './data/store/generated-source.js';
// Metrics.
export type { ClassScores } from './metrics/metric.js';
export { defineMetric, type Metric, type MetricValue } from './metrics/metric.js';
export type { BinarySample, GroupedSample, RegressionSample, TaskScores } from './metrics/samples.js';
export { concatenated, type Features, pick, stopped, together } from './models/layers/axes.js';
export { type Embed, embed } from './models/layers/embed.js';
export { type GateSpec, type Gates, gates } from './models/layers/gates.js';
export { type Mix, type MixLevels, mix, mixLevels } from './models/layers/mix.js';
export { type Mlps, mlps, type Towers, towers } from './models/layers/mlps.js';
export { mixtureOfExperts } from './models/mmoe.js';
// Models, and the layers that they are made of.
export {
  type Context,
  composed,
  defineModel,
  type ForwardPass as Pass,
  filled,
  type Gate,
  glorot,
  type Layer,
  type Model,
  type ModelDefinition,
  type ModelInputs,
  type ModelShape,
  type ModelTask,
  type NoiseUnits,
  namesOf,
  type Parameter,
  type ParameterStart,
  type ParameterStarts,
  type Prediction,
  parameterNamed as named,
  type Targets,
  zeroBias,
} from './models/model.js';
export {
  type CommonOptions,
  type Experts,
  experts,
  type LevelExperts,
  levelExperts,
  oneLevel,
  onlyLevel,
  shared,
  sharedExperts,
  twoLevels,
} from './models/options.js';
// Optimizers, schedules, balancing.
export {
  type Balancing,
  type BalancingDefinition,
  type BalancingShape,
  defineBalancing,
  type Moment,
} from './objective/balancing/balancing.js';
export {
  defineWeightSchedule,
  type WeightSchedule,
  type WeightScheduleDefinition,
} from './objective/weight-schedule.js';
export {
  defineOptimizer,
  type Optimizer,
  type OptimizerDefinition,
  optimizerOptions,
  type UpdateRule as Rule,
} from './optimizers/optimizer.js';
export {
  defineLearningRateSchedule,
  type FollowedScores,
  type LearningRateSchedule,
  type LearningRateScheduleDefinition,
  type TrainingLength,
} from './optimizers/schedules/learning-rate-schedule.js';
export type { RowsEvent } from './serving/with-rows.js';
export { ConfigError, DataError, Interrupted, UserError } from './support/errors.js';
export { type Random, randomFromSeed } from './support/random.js';
export { tf } from './support/tf.js';
export type { FinishedRun } from './training/finished-run.js';
export type { Result } from './training/result.js';
export type { ComparisonResult, TrainingOutcome as RunOutcome };
