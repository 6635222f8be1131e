import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type Experiment, parseExperiment } from '../config/experiment.js';
import { hash8 } from '../config/hash.js';
import { evaluateTask, type TaskMetrics } from '../metrics/evaluate.js';
import { fileSha256 } from '../support/checksum.js';
import { DataError } from '../support/errors.js';
import { must } from '../support/must.js';
import { definitions } from './definitions.js';
import { type EpochRecord, readEpochs } from './epoch-record.js';
import type { GateUse } from './evaluation.js';
import { readEnvironment } from './folder/environment.js';
import { checkFiles, notWhatWasWritten, predictionsFile, readStored } from './folder/run-folder.js';
import { readPredictions, type TaskPredictions } from './predictions.js';
import { type Result, readResult } from './result.js';

/** What statistics need: a finished run, or predictions made elsewhere. */
export interface EvaluatedRun {
  /** The run's folder, or the file of predictions made elsewhere. */
  readonly path: string;
  readonly result: Pick<Result, 'dataset'> & {
    /** Null: made elsewhere. */
    readonly parameters: Result['parameters'] | null;
    /** Predictions made elsewhere have the test split alone. */
    readonly tasks: Readonly<
      Record<string, { readonly type: string; readonly validation?: TaskMetrics; readonly test: TaskMetrics }>
    >;
  };
  /** False for a run with `--no-predictions`, or with a large test split. */
  readonly hasPredictions: boolean;
  /**
   * Predictions of the test split. A run of ple has the order of the config's tasks; predictions made elsewhere have any,
   * each task with its own offset and scale.
   */
  predictions(): Promise<readonly TaskPredictions[]>;
}

/** The content of a finished run's folder. */
export interface FinishedRun extends EvaluatedRun {
  readonly experiment: Experiment;
  readonly result: Result;
  readonly epochs: readonly EpochRecord[];
  /** Gates on the test split; empty for a model without gates. */
  readonly gates: readonly GateUse[];
  readonly environment: Readonly<Record<string, unknown>>;
  /** Notes for the user on its files. */
  readonly notes: readonly string[];
}

/** A key that earlier commits stored with every config, at the value that changed nothing: such runs keep their hash. */
const idleKey = /^(inputs:\n(?: {2,}.*\n)*?) {2}interaction: none\n/m;

/**
 * Reads a finished run; undefined for a folder without a result.
 * @throws DataError that names a file that is missing, damaged, or of another run.
 */
export function readRun(path: string): FinishedRun | undefined {
  const result = readResult(path);
  if (!result) return undefined;
  const file = (name: string) => join(path, name);
  const notes = checkFiles(path, result.files);
  const experiment = readStored(file('config.yaml'), z.unknown(), (text) =>
    parseExperiment(text.replace(idleKey, '$1'), file('config.yaml'), [], definitions),
  );
  // `checkFiles` has verified the checksum.
  const gates: readonly GateUse[] = JSON.parse(readFileSync(file('gates.json'), 'utf8'));
  const environment = must(readEnvironment(path), 'environment.json');
  if (fileSha256(file('config.yaml')) !== result.files['config.yaml'])
    checkConfig(path, experiment, environment.hash8, result);
  const epochs = readEpochs(path);
  const predictions = file(predictionsFile);
  return {
    path,
    experiment,
    result,
    epochs,
    gates,
    environment,
    notes,
    hasPredictions: existsSync(predictions),
    async predictions() {
      const mend = `Delete it to go on without it (no calibration curves, and a comparison with --uncertainty seeds alone), or delete ${path} and train the run again.`;
      const sum = result.files[predictionsFile];
      if (sum !== undefined && existsSync(predictions) && fileSha256(predictions) !== sum)
        throw notWhatWasWritten(predictions, mend);
      const read = await readPredictions(predictions, experiment.tasks, mend);
      const [rows, expected] = [read[0]?.scores.labels.length, result.dataset.rows.test];
      if (rows === expected) return read;
      throw new DataError(`${predictions} has ${rows} rows, and the run's test split ${expected}. ${mend}`);
    },
  };
}

/** False for predictions made elsewhere. */
export function isTrained(run: EvaluatedRun): run is FinishedRun {
  return 'experiment' in run;
}

/**
 * Checks that a folder's config.yaml is the trained one, for these data: folders are copied, and configs edited.
 * @throws DataError with the folder and what to do.
 */
function checkConfig(path: string, experiment: Experiment, trained: unknown, { dataset }: Result): void {
  const hash = hash8(experiment, dataset.checksum, definitions);
  if (hash === trained) return;
  throw new DataError(
    `${path} holds files of different runs, or edited ones: its config.yaml and the data of its result.json have the hash ${hash}, and ${trained} was trained. ` +
      'Put its own files back, or delete the folder and train the run again.',
  );
}

/**
 * Adds metrics of the test split to a run, by task. The result.json of a run lacks metrics that are newer than it.
 * These are computed from its predictions, which are read only then. A metric stays absent without predictions, or if
 * they lack its input (groups, a threshold from validation).
 * @throws DataError for damaged predictions.
 */
export async function withTestMetrics(
  run: EvaluatedRun,
  wanted: Readonly<Record<string, readonly string[]>>,
): Promise<EvaluatedRun> {
  const { tasks } = run.result;
  const lacking = Object.keys(tasks).filter((task) => wanted[task]?.some((name) => !hasTestMetric(run, task, name)));
  if (lacking.length === 0 || !run.hasPredictions) return run;
  const predictions = await run.predictions();
  const computed = lacking.map((name) => {
    const task = must(tasks[name], `task '${name}'`);
    const prediction = must(
      predictions.find((candidate) => candidate.task.name === name),
      `prediction of task '${name}'`,
    );
    return [
      name,
      { ...task, test: { ...evaluateTask(prediction.task, prediction.scores, task.validation), ...task.test } },
    ] as const;
  });
  return { ...run, result: { ...run.result, tasks: { ...tasks, ...Object.fromEntries(computed) } } };
}

/** True for null too: the metric is not defined for these rows. */
function hasTestMetric({ result }: EvaluatedRun, task: string, metric: string): boolean {
  return result.tasks[task]?.test[metric] !== undefined;
}
