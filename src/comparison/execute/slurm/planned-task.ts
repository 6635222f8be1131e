import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Experiment } from '../../../config/experiment.js';
import { exitCode, UserError } from '../../../support/errors.js';
import { FolderInUse } from '../../../support/lock.js';
import { asUserError } from '../../../support/system-error.js';
import { writeWhole } from '../../../support/whole-file.js';
import type { RunOptions, TrainingOutcome } from '../../../training/run-options.js';
import { plannedRun, trainRun } from '../planned-run.js';
import { readStagePlan, runAt } from '../stage-plan.js';

/** The lock of a process of another host can be taken over after a minute of silence. */
const waitSeconds = 180;

interface TaskOptions extends Pick<RunOptions, 'signal'> {
  /** Where the config does not say. */
  readonly threads: number | undefined;
  /** Called once the config is known. @returns What hears of the run. */
  show(experiment: Experiment): RunOptions['on'];
}

/**
 * Trains the run of a plan with this index. The reason of a failure goes into a file in the plan's folder, for the
 * collecting process. A folder that another process uses is no failure: the exit code is then that of an interruption.
 */
export async function trainTask(
  file: string,
  index: number,
  { threads, signal, show }: TaskOptions,
): Promise<TrainingOutcome> {
  const plan = readStagePlan(file);
  const failure = failureFile(dirname(file), runAt(file, plan, index).hash8);
  rmSync(failure, { force: true });
  try {
    const order = await plannedRun(file, plan, index);
    const { experiment, path } = order;
    const on = show(experiment);
    const engine = { ...experiment.engine, threads: experiment.engine.threads ?? threads };
    return await trainRun({ ...order, engine }, { signal, on, waitSeconds }).catch((error: unknown) => {
      if (signal.aborted) return { status: 'interrupted', path }; // before it trained
      throw error;
    });
  } catch (error) {
    if (error instanceof FolderInUse) throw new UserError(error.message, exitCode.interrupted); // it trains elsewhere
    await writeWhole(failure, `${asUserError(error)?.message ?? `this is a bug: ${error}`}\n`);
    throw error;
  }
}

/** Where a failed run's message is, if it has failed since it was planned. */
export function failureFile(folder: string, hash8: string): string {
  return join(folder, `${hash8}.failed`);
}
