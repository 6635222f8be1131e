import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ComparisonConfig } from '../config/comparison.js';
import { isQueue } from '../config/execute.js';
import { sealed } from '../support/checksum.js';
import { Interrupted } from '../support/errors.js';
import { acquireLock, cannotWrite, type Lock } from '../support/lock.js';
import { makeFolder } from '../support/make-folder.js';
import { removeRemains, writeWhole } from '../support/whole-file.js';
import { counted } from '../support/whole-number.js';
import { noteOnUntracked } from '../tracking/trackers.js';
import type { FinishedRun } from '../training/finished-run.js';
import { type Comparison, readComparison } from './comparison.js';
import {
  type ComparisonTracker,
  comparisonLog,
  folderConfig,
  loggedTime,
  openComparisonTracker,
  removeUnbegun,
  reuseFinished,
} from './comparison-folder.js';
import { type ComparisonOptions, type Event, type Executor, type LeftToOthers, openStage } from './execute/executor.js';
import { withLocalProcesses } from './execute/local-processes.js';
import { writeStagePlan } from './execute/stage-plan.js';
import { externalRows } from './external.js';
import { summarize } from './gains/summarize.js';
import { next, openPlan, type Step, type TableStep } from './next.js';
import { firstExperiment, pointKey } from './plan/axis-point.js';
import { joinDecisions, notesOnMatch } from './plan/decided-changes.js';
import { asItIs, distinct } from './plan/run.js';
import { notesOnSearch } from './search.js';
import { fewestRuns } from './statistics/gain-family.js';
import { groupEntries, readRuns } from './stored/entry.js';
import { runTimes } from './stored/folders.js';

export type ComparisonResult = InterruptedComparison | DetachedComparison | DoneComparison;

interface InterruptedComparison {
  readonly status: 'interrupted';
  readonly folder: string;
}

interface DetachedComparison extends LeftToOthers {
  readonly status: 'detached';
  readonly folder: string;
}

interface DoneComparison {
  readonly status: 'done';
  readonly folder: string;
  readonly comparison: Comparison;
  /** Finished runs by their path in `comparison.rows[].runs[]` and `fronts[].points[].runs[]`. */
  readonly runs: ReadonlyMap<string, FinishedRun>;
  /** Number of failed runs. */
  readonly failed: number;
}

/** The caller ends the tracker of a done comparison, with the files that it makes of the results. */
type TrackedComparison =
  | Exclude<ComparisonResult, DoneComparison>
  | (DoneComparison & { readonly tracker: ComparisonTracker });

/**
 * Trains the unfinished runs of a comparison and writes `comparison.json`. Calling it again continues after an
 * interruption.
 */
export async function runComparison(config: ComparisonConfig, options: ComparisonOptions): Promise<TrackedComparison> {
  const folder = join(options.runs, config.name);
  const isNew = !existsSync(folder);
  const log = comparisonLog(join(folder, 'log.jsonl'));
  const on = (event: Event) => {
    log.add(event);
    options.on(event);
  };
  const held: { lock?: Lock; tracker?: ComparisonTracker } = {};
  let hasFailed = false;
  try {
    return await withExecutor(config, { ...options, on }, async (executor) => {
      try {
        makeFolder(folder);
      } catch (error) {
        throw cannotWrite(folder, error);
      }
      held.lock = acquireLock(folder, options.force);
      await removeRemains(folder);
      const tracker = await openComparisonTracker(config, folder, (message) => on({ kind: 'note', message }));
      held.tracker = tracker;
      const result = await runInFolder({ ...options, on, config, folder, executor });
      log.end(result.status === 'done' ? 'done' : 'interrupted');
      if (result.status === 'done') tracker.gains(result.comparison);
      else await tracker.end('interrupted', []);
      return result.status === 'done' ? { ...result, tracker } : result;
    });
  } catch (error) {
    hasFailed = !options.halt.aborted && !(error instanceof Interrupted);
    if (!options.halt.aborted) await held.tracker?.end(hasFailed ? 'failed' : 'interrupted', []);
    if (hasFailed) throw error;
    log.end('interrupted');
    return { status: 'interrupted', folder };
  } finally {
    log.close(); // after the workers have ended
    held.lock?.release();
    if (isNew && hasFailed) removeUnbegun(folder);
  }
}

/**
 * Calls `use` with the executor of a place. What it holds (processes, connections) ends when `use` returns.
 * @throws ConfigError, before `use`, for a place that this program cannot use.
 */
async function withExecutor<Made>(
  config: ComparisonConfig,
  options: ComparisonOptions,
  use: (executor: Executor) => Promise<Made>,
): Promise<Made> {
  const { execute = config.execute } = options;
  if (isQueue(execute.on))
    return (await import('./execute/queue/queue-executor.js')).withQueue(execute.on, options, use);
  if (execute.on === 'slurm') return (await import('./execute/slurm.js')).withSlurm(execute, config.name, options, use);
  return withLocalProcesses(config, options, use);
}

interface Opened extends ComparisonOptions {
  readonly config: ComparisonConfig;
  readonly folder: string;
  readonly executor: Executor;
}

async function runInFolder(opened: Opened): Promise<ComparisonResult> {
  const { config, folder, executor, on, signal } = opened;
  const commands = config.external.map(({ label, command }) => `${label}: ${command}`);
  if (commands.length > 0)
    on({ kind: 'note', message: `The config runs commands on this machine, after its models: ${commands.join('; ')}` });
  const kept = await folderConfig(folder, config);
  if (kept.note !== null) on({ kind: 'note', message: kept.note });
  const plan = await openPlan(config, folder, executor.readShape, on, signal);
  const seedsBefore = kept.hasResults ? testedBefore(readComparison(folder), config.seeds.length) : [];
  const failed = new Set<string>();
  let [isDecided, hasTrained] = [false, false];
  for (;;) {
    const step = await next(plan, config.seeds, failed);
    if (step.decided && !isDecided) {
      isDecided = true;
      on({ kind: 'decided', changes: step.decided });
      noteUntracked(step, opened);
    }
    if (step.kind === 'train') {
      if (await hasCopied(step, opened)) continue;
      const left = await trainStage(step, failed, opened);
      if (left) return { status: 'detached', folder, ...left };
      if (signal.aborted) return { status: 'interrupted', folder };
      hasTrained = step.stage === 'runs';
      continue;
    }
    const { stage, runs } = step;
    if (!hasTrained)
      on({ kind: 'planned', stage, runs: distinct(runs).length, unfinished: [], jobs: 1, threads: null });
    const table = await makeTable(step, seedsBefore, opened);
    if (signal.aborted) return { status: 'interrupted', folder };
    await kept.write();
    await writeWhole(join(folder, 'comparison.json'), `${JSON.stringify(table.comparison, null, 2)}\n`);
    return { status: 'done', folder, ...table };
  }
}

/** Finished runs are not sent to a tracker that the config names now. */
function noteUntracked({ runs }: Step, { config, folder, on }: Opened): void {
  const finished = runs.flatMap((run) => (run.state === 'finished' ? [join(folder, run.folder)] : []));
  const message = noteOnUntracked(finished, firstExperiment(config).tracking);
  if (message !== undefined) on({ kind: 'note', message });
}

/** Whether runs were copied that had finished under another name. */
async function hasCopied({ stage, runs, folder }: Step, options: ComparisonOptions): Promise<boolean> {
  const all = distinct(runs);
  const copies = await reuseFinished({ stage, folder, runs: all }, options);
  if (copies.length === 0) return false;
  const from = [...new Set(copies.map((path) => dirname(path)))].join(', ');
  const message = `${counted(copies.length, 'run')} of ${all.length} had finished under another name, and ${copies.length === 1 ? 'is' : 'are'} copied from ${from} (another --runs trains anew).`;
  options.on({ kind: 'note', message });
  return true;
}

/**
 * Trains the unfinished runs of a stage. Those that fail are added to `failed`.
 * @returns what was left to others, which go on with it
 */
async function trainStage(
  { stage, runs, folder }: Step,
  failed: Set<string>,
  { config, executor, on, signal, predictions }: Opened,
): Promise<LeftToOthers | undefined> {
  const all = { stage, folder, runs: distinct(runs) };
  const open = openStage({ ...all, plan: await writeStagePlan(all, predictions) }, config.metrics, on);
  const left = await executor.execute(open);
  if (left || signal.aborted) return left;
  for (const path of open.failed) failed.add(path);
  const lost = open.todo.find((run) => asItIs(run, folder, failed).state === 'planned');
  if (lost) throw new Error(`${join(folder, lost.folder)} has ended without a result.`);
  return undefined;
}

/** The numbers of seeds, fewer than now, that gave the table of the folder verdicts before. */
function testedBefore({ seeds, uncertainty, seedsBefore = [] }: Comparison, now: number): readonly number[] {
  const hadVerdicts = seeds.length >= fewestRuns || uncertainty === 'rows';
  return [...seedsBefore, ...(hadVerdicts ? [seeds.length] : [])].filter((count) => count < now);
}

/** Runs the commands, and computes the tables. */
async function makeTable(
  { runs: placed, decided, search }: TableStep,
  seedsBefore: readonly number[],
  { config, folder, ...options }: Opened,
): Promise<Pick<DoneComparison, 'comparison' | 'runs' | 'failed'>> {
  const { name, baseline, metrics, margins, errorGains, taskWeights, contrasts, seeds, axes, uncertainty } = config;
  const runs = readRuns(placed, folder);
  const trained = groupEntries(placed, runs).map((entry) => {
    const { label, point } = entry;
    const own = search?.models.find((one) => one.label === label && pointKey(one.axis) === pointKey(point));
    return { ...entry, decided: joinDecisions(decided.of(label, point), search && (own?.candidates.length ?? 1)) };
  });
  const byCommands = await externalRows(config, trained, { ...options, folder, seeds });
  const summary = await summarize([...trained, ...byCommands.entries], {
    ...{ name, baseline, metrics, margins, errorGains, taskWeights, contrasts, seeds, axes, uncertainty, seedsBefore },
    tasks: firstExperiment(config).tasks,
    timing: { ...loggedTime(join(folder, 'log.jsonl')), runs: { ...runTimes(runs), ...byCommands.timing } },
  });
  const failedCommands = byCommands.entries.flatMap((row) => row.runs.filter(({ status }) => status === 'failed'));
  const failedRuns = distinct(placed).filter(({ state }) => state === 'failed');
  return {
    comparison: sealed({
      ...summary,
      ...(search ? { search } : {}),
      notes: [...summary.notes, ...notesOnMatch(summary.rows), ...notesOnSearch(summary.rows, search)],
    }),
    runs,
    failed: failedCommands.length + failedRuns.length,
  };
}
