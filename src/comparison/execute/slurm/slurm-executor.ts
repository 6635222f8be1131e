import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { Execute } from '../../../config/execute.js';
import { sha256 } from '../../../support/checksum.js';
import { ConfigError, exitCode } from '../../../support/errors.js';
import { writeWhole } from '../../../support/whole-file.js';
import { counted } from '../../../support/whole-number.js';
import type { ReadShape } from '../../plan/data-shapes.js';
import type { Run } from '../../plan/run.js';
import { openState } from '../../stored/folders.js';
import type { Executor, ExecutorOptions, LeftToOthers, OpenStage } from '../executor.js';
import { withShapeReader } from '../shape-reader.js';
import { jobsFolder, readStagePlan, writeStagePlan } from '../stage-plan.js';
import { batchScript } from './batch-script.js';
import { failureFile } from './planned-task.js';
import { queued, submit } from './slurm.js';

/**
 * Hands the runs of a stage to Slurm, as an array job, and leaves them to it. Tasks and this process share
 * the comparison's folder. In it, `jobs/` has the plans, the scripts, and the logs of tasks.
 *
 * With `collect`, runs are handed over only if no plan has any run of the stage. When all runs are finished, or have
 * failed, the comparison goes on.
 */
export function withSlurm<Made>(
  execute: Execute,
  comparison: string,
  options: ExecutorOptions,
  use: (executor: Executor) => Promise<Made>,
): Promise<Made> {
  return withShapeReader(options, (readShape) => use(slurm(execute, comparison, options, readShape)));
}

function slurm(execute: Execute, comparison: string, options: ExecutorOptions, readShape: ReadShape): Executor {
  const { collect = false, dryRun = false, command = 'ple compare', signal } = options;
  return {
    readShape,
    async execute(open) {
      if (signal.aborted) return;
      const jobs = jobsFolder(open);
      const name = `ple-${comparison}-${sha256(dirname(jobs)).slice(0, 8)}`;
      const tasks = dryRun ? '' : await queued(name);
      if (tasks !== '') return left(`${finishedOf(open)}; in Slurm's queue: ${tasks}. Later: ${command} --collect`);
      if (collect && open.todo.some(isIn(jobs))) return collected(open, command);
      const [first] = open.todo;
      if (first) await readShape(first.experiment); // a mistake that every task would meet
      return handOver(open, name, execute, options);
    },
  };
}

/** Ends the runs that failed. @returns The next step of the user, if one has not ended. */
function collected(open: OpenStage, command: string): LeftToOthers | undefined {
  const { todo, folder } = open;
  const jobs = jobsFolder(open);
  const inUse = todo.filter((run) => openState(join(folder, run.folder)).state === 'running');
  const failed = todo.filter((run) => !inUse.includes(run) && existsSync(failureFile(jobs, run.hash8)));
  open.planned({ jobs: todo.length, threads: null, place: 'tasks of Slurm' });
  for (const run of failed)
    open.end(run, { status: 'failed', message: readFileSync(failureFile(jobs, run.hash8), 'utf8').trim() });
  const missing = todo.length - failed.length - inUse.length;
  if (missing + inUse.length === 0) return;
  const rest = `${finishedOf(open)}; failed: ${failed.length}, training: ${inUse.length}, missing: ${missing}`;
  if (inUse.length > 0) return left(`${rest}. Later: ${command} --collect`);
  const logs = `No task of theirs is in Slurm's queue; the logs are in ${relative('.', jobs)}`;
  return left(`${rest}. ${logs}. Hand them over again: ${command}`, exitCode.failed);
}

function left(message: string, code: number = exitCode.done): LeftToOthers {
  return { message, exitCode: code };
}

/** Writes the plan and the script, and submits the script. @returns What to say. */
async function handOver(
  open: OpenStage,
  name: string,
  { arrayLimit, sbatch }: Execute,
  { predictions, dryRun = false, command = 'ple compare' }: ExecutorOptions,
): Promise<LeftToOthers> {
  const { todo: runs } = open;
  const plan = await writeStagePlan(open, runs, predictions);
  const script = plan.replace(/json$/, 'sh');
  const job = {
    name,
    plan,
    runs: runs.length,
    folder: dirname(plan),
    workingFolder: process.cwd(),
    sbatch,
    arrayLimit,
  };
  const text = batchScript(job);
  await writeWhole(script, text);
  const what = `${counted(runs.length, 'run')}${ofStage(open.stage)}`;
  const then = `When they are done: ${command} --collect`;
  if (dryRun) return { ...left(`${what}; written to ${script}. ${then}`), text };
  for (const { hash8 } of runs) rmSync(failureFile(job.folder, hash8), { force: true });
  try {
    return left(`Submitted ${what} as Slurm job ${await submit(script)}. ${then}`);
  } catch (error) {
    rmSync(plan); // nobody trains it
    throw error;
  }
}

function finishedOf({ runs, todo, stage }: OpenStage): string {
  const all = new Set(runs.map((run) => run.folder)).size;
  return `${all - todo.length} of ${all} runs${ofStage(stage)} are finished`;
}

function ofStage(stage: OpenStage['stage']): string {
  return stage === 'tuning' ? ' to tune' : '';
}

/** Whether a plan in this folder has the run. */
function isIn(jobs: string): (run: Pick<Run, 'hash8' | 'until'>) => boolean {
  const names = existsSync(jobs) ? readdirSync(jobs) : [];
  const plans = names
    .filter((name) => name.endsWith('.json'))
    .flatMap((name) => {
      try {
        return [readStagePlan(join(jobs, name))];
      } catch (error) {
        if (error instanceof ConfigError) return []; // of another version of ple
        throw error;
      }
    });
  const keyOf = ({ hash8, until }: { readonly hash8: string; readonly until?: number | undefined }) =>
    `${hash8} ${until}`;
  const planned = new Set(plans.flatMap(({ runs }) => runs.map(keyOf)));
  return (run) => planned.has(keyOf(run));
}
