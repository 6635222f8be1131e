import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { ComparisonConfig } from '../../../config/comparison.js';
import type { Execute } from '../../../config/execute.js';
import { sha256 } from '../../../support/checksum.js';
import { ConfigError, exitCode } from '../../../support/errors.js';
import { writeWhole } from '../../../support/whole-file.js';
import { counted } from '../../../support/whole-number.js';
import type { ReadShape } from '../../plan/data-shapes.js';
import type { Run } from '../../plan/run.js';
import { openState } from '../../stored/folders.js';
import { Detached, type Executor, type ExecutorOptions, type Stage } from '../executor.js';
import { withShapeReader } from '../shape-reader.js';
import { type OpenStage, openStage } from '../stage.js';
import { jobsFolder, readStagePlan, writeStagePlan } from '../stage-plan.js';
import { batchScript } from './batch-script.js';
import { failureFile } from './planned-task.js';
import { queued, submit } from './slurm.js';

/**
 * Hands the runs of a stage to Slurm, as an array job, and leaves by throwing `Detached`. Tasks and this process share
 * the comparison's folder. In it, `jobs/` has the plans, the scripts, and the logs of tasks.
 *
 * With `collect`, runs are handed over only if no plan has any run of the stage. When all runs are finished, or have
 * failed, they are returned, and the comparison goes on.
 */
export function withSlurm<Made>(
  execute: Execute,
  config: ComparisonConfig,
  options: ExecutorOptions,
  use: (executor: Executor) => Promise<Made>,
): Promise<Made> {
  return withShapeReader(options, (readShape) => use(slurm(execute, config, options, readShape)));
}

function slurm(
  execute: Execute,
  { name: comparison, metrics }: ComparisonConfig,
  options: ExecutorOptions,
  readShape: ReadShape,
): Executor {
  const { collect = false, dryRun = false, command = 'ple compare', signal, on } = options;
  return {
    readShape,
    async execute(stage, runs, folder) {
      const open = openStage(stage, runs, folder, metrics, on);
      if (open.todo.length === 0 || signal.aborted) return open.runs();
      const jobs = jobsFolder(open);
      const name = `ple-${comparison}-${sha256(dirname(jobs)).slice(0, 8)}`;
      const tasks = dryRun ? '' : await queued(name);
      if (tasks !== '')
        throw new Detached(`${finishedOf(open)}; in Slurm's queue: ${tasks}. Later: ${command} --collect`);
      if (collect && open.todo.some(isIn(jobs))) return collected(open, command, on);
      const [first] = open.todo;
      if (first) await readShape(first.experiment); // a mistake that every task would meet
      throw await handOver(open, name, execute, options);
    },
  };
}

/** All runs, if each has ended. @throws Detached with the next step, if one has not. */
function collected(open: OpenStage, command: string, on: ExecutorOptions['on']): readonly Run[] {
  const { todo, folder } = open;
  const jobs = jobsFolder(open);
  const inUse = new Set(
    todo.map((run) => run.folder).filter((name) => openState(join(folder, name)).state === 'running'),
  );
  const failed = new Set<string>();
  for (const run of todo) {
    const file = failureFile(jobs, run.hash8);
    if (inUse.has(run.folder) || !existsSync(file)) continue;
    failed.add(run.folder);
    on({ kind: 'note', message: `${run.folder} failed: ${readFileSync(file, 'utf8').trim()}` });
  }
  const missing = todo.length - failed.size - inUse.size;
  if (missing + inUse.size === 0)
    return open.runs().map((run) => (failed.has(run.folder) ? { ...run, state: 'failed' } : run));
  const rest = `${finishedOf(open)}; failed: ${failed.size}, training: ${inUse.size}, missing: ${missing}`;
  if (inUse.size > 0) throw new Detached(`${rest}. Later: ${command} --collect`);
  const logs = `No task of theirs is in Slurm's queue; the logs are in ${relative('.', jobs)}`;
  throw new Detached(`${rest}. ${logs}. Hand them over again: ${command}`, { code: exitCode.failed });
}

/** Writes the plan and the script, and submits the script. @returns What to say. */
async function handOver(
  open: OpenStage,
  name: string,
  { arrayLimit, sbatch }: Execute,
  { predictions, dryRun = false, command = 'ple compare' }: ExecutorOptions,
): Promise<Detached> {
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
  if (dryRun) return new Detached(`${what}; written to ${script}. ${then}`, { text });
  for (const { hash8 } of runs) rmSync(failureFile(job.folder, hash8), { force: true });
  try {
    return new Detached(`Submitted ${what} as Slurm job ${await submit(script)}. ${then}`);
  } catch (error) {
    rmSync(plan); // nobody trains it
    throw error;
  }
}

function finishedOf(open: OpenStage): string {
  const all = new Set(open.runs().map((run) => run.folder)).size;
  return `${all - open.todo.length} of ${all} runs${ofStage(open.stage)} are finished`;
}

function ofStage(stage: Stage): string {
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
