import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import type { ComparisonConfig } from '../../../config/comparison.js';
import type { Execute } from '../../../config/execute.js';
import { sha256 } from '../../../support/checksum.js';
import { ConfigError, exitCode } from '../../../support/errors.js';
import { isHeld } from '../../../support/lock.js';
import { makeFolder } from '../../../support/make-folder.js';
import { writeWhole } from '../../../support/whole-file.js';
import { epochsSoFar } from '../../../training/epoch-record.js';
import type { ReadShape } from '../../plan/data-shapes.js';
import { type Run, unfinished } from '../../plan/run.js';
import { Detached, type Executor, type ExecutorOptions, type Stage } from '../executor.js';
import { shapeReader } from '../local-processes.js';
import { modelSizes } from '../measure.js';
import { createWorkers } from '../workers.js';
import { arrayPlanText, readArrayPlan } from './array-plan.js';
import { batchScript } from './batch-script.js';
import { jobManifest } from './job-manifest.js';
import { failureFile } from './planned-run.js';
import { queued, submit } from './slurm.js';

type ClusterExecute = Execute & { readonly on: 'slurm' | 'kubernetes' };

/**
 * Hands the runs of a stage to a cluster, as an array job, and leaves by throwing `Detached`. Tasks and this process share the
 * comparison's folder. In it, `jobs/` has the plans, the scripts or manifests, and the logs of tasks.
 *
 * With `collect`, runs are handed over only if no plan has any run of the stage. When all runs are finished, or have failed,
 * they are returned, and the comparison goes on.
 * @throws ConfigError, before `use`, for options that do not fit.
 */
export async function withCluster<Made>(
  execute: ClusterExecute,
  config: ComparisonConfig,
  options: ExecutorOptions,
  use: (executor: Executor) => Promise<Made>,
): Promise<Made> {
  if (execute.on === 'kubernetes' && !options.collect && !options.dryRun)
    throw new ConfigError(
      '--on kubernetes: ple does not talk to a cluster: print the job with --dry-run, and give it to kubectl apply -f -.',
    );
  const workers = createWorkers();
  const stop = () => workers.stop();
  options.signal.addEventListener('abort', stop);
  try {
    const readShape = shapeReader(workers, (report) => {
      if (report.kind === 'note' || report.kind === 'reading') options.on(report);
    });
    return await use(cluster(execute, config, options, readShape));
  } finally {
    options.signal.removeEventListener('abort', stop);
    await workers.release();
  }
}

function cluster(
  { on, arrayLimit, sbatch, kubernetes }: ClusterExecute,
  { name: comparison }: ComparisonConfig,
  { predictions, collect = false, dryRun = false, command = 'ple compare', signal, on: report }: ExecutorOptions,
  readShape: ReadShape,
): Executor {
  return { readShape, execute };

  async function execute(stage: Stage, runs: readonly Run[], folder: string): Promise<readonly Run[]> {
    const known = runs.map((run) => (hasTrained(run, folder) ? { ...run, state: 'finished' as const } : run));
    const todo = unfinished(known);
    if (todo.length === 0 || signal.aborted) return known;
    const whole = resolve(stage === 'tuning' ? dirname(folder) : folder);
    const place = { jobs: join(whole, 'jobs'), name: `ple-${comparison}-${sha256(whole).slice(0, 8)}` };
    const all = new Set(known.map((run) => run.folder)).size;
    const finished = `${all - todo.length} of ${all} runs${stage === 'tuning' ? ' to tune' : ''} are finished`;

    const tasks = on === 'slurm' && !dryRun ? await queuedTasks(place.name) : '';
    if (tasks !== '') throw new Detached(`${finished}; in Slurm's queue: ${tasks}. Later: ${command} --collect`);
    if (!collect || !todo.some(isIn(place.jobs))) return handOver(stage, todo, folder, place);

    const inUse = new Set(todo.flatMap((run) => (isHeld(join(folder, run.folder)) ? [run.folder] : [])));
    const failures = new Map(todo.flatMap((run) => (inUse.has(run.folder) ? [] : failureOf(run, place.jobs))));
    for (const [path, message] of failures) report({ kind: 'note', message: `${path} failed: ${message}` });
    const open = todo.filter((run) => !failures.has(run.folder));
    if (open.length === 0) return known.map((run) => (failures.has(run.folder) ? { ...run, state: 'failed' } : run));
    const training = inUse.size;
    const rest = `${finished}; failed: ${failures.size}, training: ${training}, ${on === 'slurm' ? 'missing' : 'waiting or missing'}: ${open.length - training}`;
    if (training > 0) throw new Detached(`${rest}. Later: ${command} --collect`);
    const next =
      on === 'slurm'
        ? `No task of theirs is in Slurm's queue; the logs are in ${relative('.', place.jobs)}. Hand them over again: ${command}`
        : `If no pod is to train them (kubectl get jobs -l app=ple), hand them over again: ${command} --dry-run | kubectl apply -f -`;
    throw new Detached(`${rest}. ${next}`, { code: exitCode.failed });
  }

  /** Writes the plan and what the scheduler reads, and submits it where `ple` can. */
  async function handOver(stage: Stage, runs: readonly Run[], folder: string, { jobs, name }: Place): Promise<never> {
    const [first] = runs;
    if (first) await readShape(first.experiment); // a mistake that every task would meet
    const longest = await longestFirst(runs, readShape);
    const text = arrayPlanText({
      stage,
      folder: relative(jobs, resolve(folder)),
      predictions: stage === 'runs' && predictions,
      runs: longest.map(({ folder, hash8, experiment, until }) => ({
        ...{ folder, hash8, experiment },
        ...(until === undefined ? {} : { until }),
      })),
    });
    const hash = sha256(text).slice(0, 8);
    const plan = join(jobs, `${hash}.json`);
    const job = { plan, runs: runs.length, workingFolder: process.cwd(), arrayLimit };
    const written =
      on === 'slurm'
        ? { file: join(jobs, `${hash}.sh`), text: batchScript({ ...job, name, folder: jobs, sbatch }) }
        : { file: join(jobs, `${hash}.yaml`), text: manifestOf({ ...job, name: dnsLabel(comparison, hash) }) };
    makeFolder(jobs);
    await writeWhole(plan, text);
    await writeWhole(written.file, written.text);
    const what = `${runs.length} ${runs.length === 1 ? 'run' : 'runs'}${stage === 'tuning' ? ' to tune' : ''}`;
    const then = `When they are done: ${command} --collect`;
    if (on === 'kubernetes' && !dryRun)
      throw new Detached(`${what} come next: ${command} --dry-run | kubectl apply -f -`);
    if (dryRun) throw new Detached(`${what}; written to ${written.file}. ${then}`, { text: written.text });
    for (const run of runs) rmSync(failureFile(jobs, run.hash8), { force: true });
    const id = await submit(written.file).catch((error: unknown) => {
      rmSync(plan); // nobody trains it
      throw error;
    });
    throw new Detached(`Submitted ${what} as Slurm job ${id}. ${then}`);
  }

  /** @throws ConfigError for what pods could not see. */
  function manifestOf(job: Omit<Parameters<typeof jobManifest>[0], 'kubernetes' | 'mount'>): string {
    if (!kubernetes)
      throw new ConfigError(
        '--on kubernetes: name an image and a claim: execute.kubernetes.image=NAME execute.kubernetes.claim=NAME.',
      );
    const mount = kubernetes.mount ?? job.workingFolder;
    for (const path of [job.plan, job.workingFolder]) {
      if (path !== mount && !path.startsWith(`${mount}/`))
        throw new ConfigError(
          `execute.kubernetes.mount: ${path} is not in ${mount}: name the folder where this host and the pods have the shared volume.`,
        );
    }
    return jobManifest({ ...job, kubernetes, mount });
  }
}

/** Where the jobs of a comparison are: their folder, and their name in Slurm's queue. */
interface Place {
  readonly jobs: string;
  readonly name: string;
}

/** The name of a Kubernetes job: with an index behind it, at most 63 lower-case letters, digits and dashes. */
function dnsLabel(comparison: string, hash: string): string {
  const plain = comparison.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  return `ple-${plain.slice(0, 40)}-${hash}`.replaceAll(/-+/g, '-');
}

/** `2 pending, 1 running`; empty if there are none. */
async function queuedTasks(name: string): Promise<string> {
  return Array.from(await queued(name), ([state, tasks]) => `${tasks} ${state}`).join(', ');
}

/** Whether the run has a result, or the epochs that are asked for now. */
function hasTrained({ folder: name, until, state }: Run, folder: string): boolean {
  const [result, epochs] = ['result.json', 'epochs.jsonl'].map((file) => join(folder, name, file));
  if (state === 'finished' || (result && existsSync(result))) return true;
  if (until === undefined || !epochs || !existsSync(epochs)) return false;
  return epochsSoFar(epochs).some(({ epoch }) => epoch >= until);
}

/** Whether a plan in this folder has the run. */
function isIn(jobs: string): (run: Pick<Run, 'hash8' | 'until'>) => boolean {
  const names = existsSync(jobs) ? readdirSync(jobs) : [];
  const plans = names
    .filter((name) => name.endsWith('.json'))
    .flatMap((name) => {
      try {
        return [readArrayPlan(join(jobs, name))];
      } catch (error) {
        if (error instanceof ConfigError) return []; // of another version of ple
        throw error;
      }
    });
  const keyOf = ({ hash8, until }: Pick<Run, 'hash8' | 'until'>) => `${hash8} ${until}`;
  const planned = new Set(plans.flatMap(({ runs }) => runs.map((run) => `${run.hash8} ${run.until}`)));
  return (run) => planned.has(keyOf(run));
}

function failureOf({ folder, hash8 }: Run, jobs: string): readonly (readonly [folder: string, message: string])[] {
  const file = failureFile(jobs, hash8);
  return existsSync(file) ? [[folder, readFileSync(file, 'utf8').trim()]] : [];
}

/** By the epochs and the size of the network. The last tasks to start are then short. */
async function longestFirst(runs: readonly Run[], readShape: ReadShape): Promise<readonly Run[]> {
  const sizes = await modelSizes(runs, readShape);
  const cost = ({ label, until, experiment }: Run) =>
    (until ?? experiment.train.epochs) * (sizes.get(label)?.size ?? 0);
  return runs.toSorted((a, b) => cost(b) - cost(a));
}
