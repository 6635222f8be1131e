import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { readDocument } from '../../config/document.js';
import { type Experiment, resolveExperiment } from '../../config/experiment.js';
import type { ChosenDevice } from '../../engine/devices/devices.js';
import { asUserError, exitCode, UserError } from '../../support/errors.js';
import { writeWhole } from '../../support/files.js';
import { FolderInUse, whyLocked } from '../../support/lock.js';
import { must } from '../../support/must.js';
import { definitions } from '../../training/definitions.js';
import { loadConfigPlugins } from '../../training/plugins.js';
import { readResult } from '../../training/result.js';
import { run } from '../../training/run.js';
import type { RunOptions, TrainingOutcome } from '../../training/run-options.js';
import { failureFile, readStagePlan, runAt, type StagePlan } from './stage-plan.js';

/** One run of a plan, and what the process that trains it adds. */
export interface PlannedRun extends Pick<RunOptions, 'force'> {
  /** The plan's file. */
  readonly plan: string;
  readonly index: number;
  /** Absent: as the config says. */
  readonly device?: ChosenDevice;
  /** Threads where the config does not say, without a device. */
  readonly threads?: number | undefined;
  /**
   * The plan is of somebody else. Only these plugins are loaded, and numbers go only to the MLflow server that this
   * machine's environment names: a plan must not send its password elsewhere.
   */
  readonly plugins?: readonly Plugin[];
}

interface Plugin {
  readonly file: string;
  readonly sha256: string;
}

interface TrainOptions extends Pick<RunOptions, 'load' | 'signal'> {
  /** Called once the config is known. @returns What hears of the run. */
  hear(experiment: Experiment): RunOptions['on'];
  /** Default: reads the file anew. */
  readonly read?: typeof readStagePlan;
}

/** How long to wait for another process to leave the folder. One of another host counts as lost after 60 s of silence. */
const waitSeconds = 180;

/**
 * Trains a run of a plan in its folder, from its checkpoint if it has one. A finished run is read. An abort leaves a
 * checkpoint. The reason of a failure goes into a file beside the plan, for the process that collects results.
 * @throws UserError with the exit code of an interruption if another process still holds the folder: it trains there.
 */
export async function trainPlanned(planned: PlannedRun, options: TrainOptions): Promise<TrainingOutcome> {
  const { plan: file, index, device, threads, force = false } = planned;
  const { hear, read = readStagePlan, ...settings } = options;
  const plan = read(file);
  const { hash8, checksum, folder } = runAt(file, plan, index);
  const path = join(dirname(file), plan.folder, folder);
  const failure = failureFile(file, { hash8 });
  rmSync(failure, { force: true });
  try {
    const experiment = await plannedExperiment(planned, plan);
    const on = hear(experiment);
    const end = performance.now() + 1000 * waitSeconds;
    while (whyLocked(path, true) !== null && performance.now() < end && !settings.signal.aborted) await wait(100);
    const result = readResult(path);
    if (result) return { status: 'already done', path, result };
    return await run(experiment, {
      ...settings,
      on,
      engine: device ?? { ...experiment.engine, threads: experiment.engine.threads ?? threads },
      runs: dirname(path),
      resume: path,
      overwrite: false,
      force,
      predictions: plan.predictions,
      expected: { hash8, checksum },
    });
  } catch (error) {
    if (settings.signal.aborted) return { status: 'interrupted', path }; // before it trained
    if (error instanceof FolderInUse) throw new UserError(error.message, exitCode.interrupted);
    await writeWhole(failure, `${asUserError(error)?.message ?? `this is a bug: ${error}`}\n`);
    throw error;
  }
}

/** The config of a planned run, with its plugins loaded. */
async function plannedExperiment({ plan: file, index, plugins: allowed }: PlannedRun, plan: StagePlan) {
  const { plugins, ...config } = runAt(file, plan, index).experiment;
  const files = allowed && new Map(allowed.map((plugin) => [plugin.sha256, plugin.file]));
  const here = plugins?.map((plugin) =>
    files ? { ...plugin, file: must(files.get(plugin.sha256), 'a plugin') } : plugin,
  );
  const document = readDocument(JSON.stringify({ ...config, plugins: here }), `${file}: run ${index}`);
  await loadConfigPlugins(document);
  const experiment = resolveExperiment(document, definitions);
  const { tracking, ...others } = experiment;
  if (!allowed || !tracking || tracking.mlflow === process.env['MLFLOW_TRACKING_URI']) return experiment;
  return { ...others, tracking: { tensorboard: tracking.tensorboard } };
}
