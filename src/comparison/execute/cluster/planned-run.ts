import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Experiment, hash8, parseExperiment } from '../../../config/experiment.js';
import { ConfigError, DataError, exitCode, UserError } from '../../../support/errors.js';
import { FolderInUse } from '../../../support/lock.js';
import { asUserError } from '../../../support/system-error.js';
import { writeWhole } from '../../../support/whole-file.js';
import { definitions } from '../../../training/definitions.js';
import { loadDataset } from '../../../training/load-dataset.js';
import { loadPluginsOf } from '../../../training/plugins.js';
import { readResult } from '../../../training/result.js';
import { run } from '../../../training/run.js';
import type { RunOptions, TrainingOutcome } from '../../../training/run-options.js';
import { checkParts } from '../../../training/setup.js';
import { readArrayPlan } from './array-plan.js';

/** A run of a plan, ready to train. */
export interface PlannedRun {
  readonly experiment: Experiment;
  /** Trains it to its end, from its checkpoint if it has one. A finished run is read. An abort leaves a checkpoint. */
  train(options: TrainOptions): Promise<TrainingOutcome>;
}

interface TrainOptions extends Pick<RunOptions, 'signal' | 'on'> {
  /** Threads, where the config does not say. */
  readonly threads?: number | undefined;
}

/**
 * A scheduler runs a task once at a time, and starts it elsewhere when its host is lost. So a task takes the folder over from
 * a process of another host, and waits the minute of silence that this needs.
 */
const waitSeconds = 180;

/**
 * Reads the run with this index. Why a run failed is left in a file beside the plan, for the collecting process. A folder
 * that another process uses is no failure: the exit code is then that of an interruption.
 * @throws ConfigError if the plan has no such run or this program does not know its parts; see also `readArrayPlan`.
 */
export async function plannedRun(file: string, index: number): Promise<PlannedRun> {
  const plan = readArrayPlan(file);
  const planned = plan.runs[index];
  if (!planned) throw new ConfigError(`--index ${index}: ${file} has the runs 0 to ${plan.runs.length - 1}.`);
  const failure = failureFile(dirname(file), planned.hash8);
  rmSync(failure, { force: true });
  const path = join(dirname(file), plan.folder, planned.folder);
  const [text, name] = [JSON.stringify(planned.experiment), `${file}: run ${index}`];
  const experiment = await telling(failure, async () => {
    await loadPluginsOf(text, name, []);
    const parsed = parseExperiment(text, name, [], definitions);
    checkParts(parsed);
    return parsed;
  });
  return { experiment, train: (options) => telling(failure, () => train(options)) };

  async function train({ threads, signal, on }: TrainOptions): Promise<TrainingOutcome> {
    const result = readResult(path);
    if (result) return { status: 'already done', path, result };
    const { engine } = experiment;
    try {
      return await run(experiment, {
        ...{ runs: dirname(path), resume: path, overwrite: false, force: true, waitSeconds, signal, on },
        predictions: plan.predictions,
        ...(planned?.until === undefined ? {} : { until: planned.until }),
        engine: { ...engine, threads: engine.threads ?? threads },
        load,
      });
    } catch (error) {
      if (signal.aborted) return { status: 'interrupted', path }; // before it trained
      throw error;
    }
  }

  /** Refuses other data before anything is written. */
  async function load(...given: Parameters<typeof loadDataset>): ReturnType<typeof loadDataset> {
    const dataset = await loadDataset(...given);
    const found = hash8(experiment, dataset.checksum, definitions);
    if (found === planned?.hash8) return dataset;
    throw new DataError(
      `The data of '${experiment.name}' are not those that were planned (hash ${found}, planned ${planned?.hash8}): give this host the same files, or make the plan again with ple compare.`,
    );
  }
}

/** Where a failed run's message is, if it has failed since it was planned. */
export function failureFile(folder: string, hash: string): string {
  return join(folder, `${hash}.failed`);
}

async function telling<Value>(failure: string, work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof FolderInUse) throw new UserError(error.message, exitCode.interrupted); // not failed: it trains elsewhere
    await writeWhole(failure, `${asUserError(error)?.message ?? `this is a bug: ${error}`}\n`);
    throw error;
  }
}
