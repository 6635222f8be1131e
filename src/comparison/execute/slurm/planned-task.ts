import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { exitCode, UserError } from '../../../support/errors.js';
import { FolderInUse } from '../../../support/lock.js';
import { asUserError } from '../../../support/system-error.js';
import { writeWhole } from '../../../support/whole-file.js';
import type { RunOptions, TrainingOutcome } from '../../../training/run-options.js';
import type { RunOrder } from '../messages.js';
import { plannedRun, trainRun } from '../planned-run.js';
import { readStagePlan, runAt } from '../stage-plan.js';

/** A run of a plan, ready to train. */
export interface PlannedTask extends Pick<RunOrder, 'experiment'> {
  /** @param threads Where the config does not say. */
  train(
    options: Pick<RunOptions, 'signal' | 'on'> & { readonly threads?: number | undefined },
  ): Promise<TrainingOutcome>;
}

/** The lock of a process of another host can be taken over after a minute of silence. */
const waitSeconds = 180;

/**
 * Reads the run with this index. The reason of a failure goes into a file in the plan's folder, for the collecting
 * process. A folder that another process uses is no failure: the exit code is then that of an interruption.
 */
export async function plannedTask(file: string, index: number): Promise<PlannedTask> {
  const plan = readStagePlan(file);
  const failure = failureFile(dirname(file), runAt(file, plan, index).hash8);
  rmSync(failure, { force: true });
  const order = await recorded(failure, () => plannedRun(file, plan, index));
  const { experiment, path } = order;
  return {
    experiment,
    train: ({ threads, signal, on }) =>
      recorded(failure, async () => {
        const engine = { ...experiment.engine, threads: experiment.engine.threads ?? threads };
        try {
          return await trainRun({ ...order, engine }, { signal, on, waitSeconds });
        } catch (error) {
          if (signal.aborted) return { status: 'interrupted', path }; // before it trained
          throw error;
        }
      }),
  };
}

/** Where a failed run's message is, if it has failed since it was planned. */
export function failureFile(folder: string, hash8: string): string {
  return join(folder, `${hash8}.failed`);
}

async function recorded<Value>(failure: string, work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof FolderInUse) throw new UserError(error.message, exitCode.interrupted); // it trains elsewhere
    await writeWhole(failure, `${asUserError(error)?.message ?? `this is a bug: ${error}`}\n`);
    throw error;
  }
}
