import { execFile } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Execute } from '../../config/execute.js';
import { sha256 } from '../../support/checksum.js';
import { exitCode, hasCode, UserError } from '../../support/errors.js';
import { writeWhole } from '../../support/files.js';
import { groupedBy } from '../../support/json.js';
import { counted, shellWord } from '../../support/text.js';
import { openState } from '../stored/folders.js';
import type { Executor, ExecutorOptions, LeftToOthers, OpenStage } from './executor.js';
import { failureFile } from './stage-plan.js';
import { shapeReader, withWorkers } from './workers.js';

/**
 * Hands the runs of a stage to Slurm, as an array job, and leaves them to it. Tasks and this process share
 * the comparison's folder. In it, `jobs/` has the plans, the scripts, and the logs of tasks.
 *
 * A stage whose plan has a script was handed over before. It is handed over again only with `resubmit`. When all its runs
 * are finished, or have failed, the comparison goes on.
 */
export function withSlurm<Made>(
  execute: Execute,
  comparison: string,
  options: ExecutorOptions,
  use: (executor: Executor) => Promise<Made>,
): Promise<Made> {
  const { resubmit = false, dryRun = false, command = 'ple compare', signal, on } = options;
  return withWorkers({ kill: signal }, (workers) => {
    const readShape = shapeReader(workers, on);
    return use({
      readShape,
      async execute(stage) {
        const { runs, todo, plan } = stage;
        if (signal.aborted) return undefined;
        const ofSearch = stage.stage === 'tuning' ? ' to tune' : '';
        const finished = `${runs.length - todo.length} of ${runs.length} runs${ofSearch} are finished`;
        const [folder, script] = [dirname(plan), plan.replace(/json$/, 'sh')];
        const name = `ple-${comparison}-${sha256(dirname(folder)).slice(0, 8)}`;
        const tasks = dryRun ? '' : await queued(name);
        if (tasks !== '') return left(`${finished}; in Slurm's queue: ${tasks}. Later: ${command}`);
        if (!resubmit && !dryRun && existsSync(script)) return collect(stage, finished, command);
        const [first] = todo;
        if (first) await readShape(first.experiment); // a mistake that every task would meet
        const indices = todo.map(stage.indexOf);
        const text = batchScript({ ...execute, name, plan, folder, indices, workingFolder: process.cwd() });
        const handed = `${counted(todo.length, 'run')}${ofSearch}`;
        if (dryRun) return { ...left(`${handed} of ${plan} would be handed over.`), text };
        const job = await submit(stage, script, text);
        return left(`Submitted ${handed} as Slurm job ${job}. When they are done: ${command}`);
      },
    });
  });
}

/**
 * Ends the runs that failed, of a stage that was handed over before.
 * @returns Undefined if all runs have ended.
 */
function collect(stage: OpenStage, finished: string, command: string): LeftToOthers | undefined {
  const { todo, folder, plan } = stage;
  stage.planned({ jobs: todo.length, threads: null, place: 'tasks of Slurm' });
  const others = todo.filter((run) => openState(join(folder, run.folder)) !== 'running');
  const failed = others.filter((run) => existsSync(failureFile(plan, run)));
  for (const run of failed) stage.end(run, readFileSync(failureFile(plan, run), 'utf8').trim());
  const [training, missing] = [todo.length - others.length, others.length - failed.length];
  const state = `${finished}; failed: ${failed.length}, training: ${training}, missing: ${missing}`;
  if (training > 0) return left(`${state}. Later: ${command}`);
  if (missing === 0) return undefined;
  const logs = `No task of theirs is in Slurm's queue; the logs are in ${relative('.', dirname(plan))}`;
  return left(`${state}. ${logs}. Hand them over again: ${command} --resubmit`, exitCode.failed);
}

/** Hands a script to sbatch. @returns the number of the job */
async function submit({ todo, plan }: OpenStage, script: string, text: string): Promise<string | undefined> {
  await writeWhole(script, text);
  for (const run of todo) rmSync(failureFile(plan, run), { force: true });
  try {
    const [job] = (await called('sbatch', '--parsable', script)).trim().split(';'); // the cluster may follow
    return job;
  } catch (error) {
    rmSync(script); // nobody trains it
    throw error;
  }
}

function left(message: string, code: number = exitCode.done): LeftToOthers {
  return { message, exitCode: code };
}

/** The tasks of this user's jobs with this name in the queue: `2 pending, 1 running`; empty if there are none. */
async function queued(name: string): Promise<string> {
  const lines = await called('squeue', '--me', '--noheader', '--array', `--name=${name}`, '--format=%T');
  const states = lines.toLowerCase().match(/\S+/g) ?? [];
  return groupedBy(states, (state) => state)
    .map((tasks) => `${tasks.length} ${tasks[0]}`)
    .join(', ');
}

/** Calls a command of Slurm. @returns What it prints. @throws UserError if it is not there or refuses. */
async function called(command: string, ...words: readonly string[]): Promise<string> {
  try {
    return (await promisify(execFile)(command, words)).stdout;
  } catch (error) {
    if (hasCode(error, 'ENOENT'))
      throw new UserError(
        `There is no ${command} here: call ple on a host with Slurm's commands, such as a login node.`,
      );
    if (!(error instanceof Error)) throw error;
    const said = 'stderr' in error ? String(error.stderr).trim() : '';
    throw new UserError(`${command} refused: ${(said || error.message.trim()).replaceAll(/\s*\n\s*/g, ' | ')}`);
  }
}

interface ArrayJob extends Pick<Execute, 'sbatch' | 'arrayLimit'> {
  readonly name: string;
  /** The absolute path of the plan, and the indices of the runs in it. */
  readonly plan: string;
  readonly indices: readonly number[];
  /** Absolute: where tasks write their logs. */
  readonly folder: string;
  /** Where the config's relative paths start. */
  readonly workingFolder: string;
}

/** How often a run may be killed by a signal, such as for want of memory. */
const mostKills = 3;
const launcher = fileURLToPath(new URL('../../../bin/ple.js', import.meta.url));

/**
 * The script of an array job, for sbatch. Task N trains the run with the Nth index: Slurm limits the numbers of tasks.
 *
 * Slurm sends SIGUSR1 to its step 90 s before the time limit: the run then writes a checkpoint, and the script puts the
 * task back into the queue. So it does with a run that was killed, a few times. `incomplete` leaves a task alone that the
 * user has cancelled. Slurm itself requeues a task whose node fails.
 */
export function batchScript({ name, plan, indices, folder, workingFolder, sbatch, arrayLimit }: ArrayJob): string {
  const options = {
    'job-name': name,
    array: `0-${indices.length - 1}${arrayLimit === undefined ? '' : `%${arrayLimit}`}`,
    requeue: true,
    signal: 'USR1@90',
    nodes: 1,
    ntasks: 1,
    chdir: quoted(workingFolder),
    output: quoted(`${folder.replaceAll('%', '%%')}/%A_%a.log`),
    'open-mode': 'append',
    ...sbatch,
  };
  const lines = Object.entries(options).map(([key, value]) => `#SBATCH --${key}${value === true ? '' : `=${value}`}`);
  const run = [process.execPath, launcher, 'run', '--plan', plan].map(shellWord).join(' ');
  return `#!/bin/bash
${lines.join('\n')}

task="\${SLURM_ARRAY_JOB_ID}_\${SLURM_ARRAY_TASK_ID}"
log=${shellWord(folder)}/"$task.log"
export SRUN_CPUS_PER_TASK="$SLURM_CPUS_ON_NODE"
runs=(${indices.join(' ')})
srun ${run} --index "\${runs[SLURM_ARRAY_TASK_ID]}" --threads "$SLURM_CPUS_ON_NODE"
code=$?
again=no
if [ "$code" = 130 ]; then
  again=yes # interrupted, after a checkpoint
elif [ "$code" -gt 128 ]; then
  echo "ple: killed by signal $((code - 128))"
  if [ "$(grep -c '^ple: killed' "$log")" -le ${mostKills} ]; then again=yes; fi
fi
if [ "$again" = yes ]; then scontrol requeue incomplete "$task"; fi
exit "$code"
`;
}

/** A value of an #SBATCH line. */
function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
