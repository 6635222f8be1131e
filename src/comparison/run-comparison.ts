import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ComparisonConfig } from '../config/comparison.js';
import { isQueue } from '../config/execute.js';
import { sealed } from '../support/checksum.js';
import { Interrupted } from '../support/errors.js';
import { makeFolder, removeRemains, writeWhole } from '../support/files.js';
import { acquireLock, cannotWrite, type Lock } from '../support/lock.js';
import { noteOnUntracked } from '../tracking/trackers.js';
import { type FinishedRun, readRun } from '../training/finished-run.js';
import { type Comparison, type Decisions, readTested, type Tested } from './comparison.js';
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
import { type NextStep, next, openPlan, type Plan, type TableStep } from './next.js';
import { pickEntries } from './picks.js';
import { firstExperiment, pointKey } from './plan/axis-point.js';
import { type DecidedChanges, joinDecisions, notesOnMatch } from './plan/decided-changes.js';
import { distinctRuns, withState } from './plan/run.js';
import { crossFitted, noteOnPower, notesOnSearch } from './search.js';
import { fewestRuns } from './statistics/gain-family.js';
import { type Entry, groupEntries, readRuns } from './stored/entry.js';
import { runTimes } from './stored/folders.js';
import { keptRuns } from './stored/kept-settings.js';
import { notesOnTestRows } from './test-rows.js';

export type ComparisonResult =
  | { readonly status: 'interrupted'; readonly folder: string }
  | ({ readonly status: 'detached'; readonly folder: string } & LeftToOthers)
  | DoneComparison;

interface DoneComparison {
  readonly status: 'done';
  readonly folder: string;
  readonly comparison: Comparison;
  /** Finished runs by their path in `comparison.models[].runs[]`. */
  readonly runs: ReadonlyMap<string, FinishedRun>;
  /** Number of failed runs. */
  readonly failed: number;
}

/** What trackers get of a comparison. */
const artifacts = ['config.yaml', 'comparison.json', 'gains.csv', 'report.html'];

/**
 * Trains the unfinished runs of a comparison and writes `comparison.json`. Calling it again continues after an
 * interruption.
 * @param report Writes what is made of the results.
 */
export async function runComparison(
  config: ComparisonConfig,
  options: ComparisonOptions,
  report: (done: DoneComparison) => Promise<void>,
): Promise<ComparisonResult> {
  const folder = join(options.runs, config.name);
  const isNew = !existsSync(folder);
  const log = comparisonLog(join(folder, 'log.jsonl'));
  const on = (event: Event) => {
    log.add(event);
    options.on(event);
  };
  const held: Held = {};
  let hasFailed = false;
  try {
    const result = await withExecutor(config, { ...options, on }, async (executor) => {
      await openFolder(folder, config, { ...options, on }, held);
      return runInFolder({ ...options, on, config, folder, executor });
    });
    log.end(result.status === 'done' ? 'done' : 'interrupted');
    if (result.status === 'done') {
      held.tracker?.gains(result.comparison);
      await report(result);
    }
    await held.tracker?.end(...trackedEnd(result));
    return result;
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

/** What a comparison holds of its folder. */
interface Held {
  lock?: Lock;
  tracker?: ComparisonTracker;
}

async function openFolder(
  folder: string,
  config: ComparisonConfig,
  { force, on }: ComparisonOptions,
  held: Held,
): Promise<void> {
  try {
    makeFolder(folder);
  } catch (error) {
    throw cannotWrite(folder, error);
  }
  held.lock = acquireLock(folder, force);
  await removeRemains(folder);
  held.tracker = await openComparisonTracker(config, folder, noter(on));
}

function trackedEnd(result: ComparisonResult): Parameters<ComparisonTracker['end']> {
  if (result.status !== 'done') return ['interrupted', []];
  const files = artifacts.map((name) => join(result.folder, name));
  return [result.failed > 0 ? 'failed' : 'finished', files];
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

/** Trains what the folder lacks, step by step; then makes the table of what it has. */
async function runInFolder(opened: Opened): Promise<ComparisonResult> {
  const { config, folder, executor, on, signal } = opened;
  const note = noter(on);
  note(noteOnCommands(config));
  note(noteOnPower(config));
  const storedConfig = await folderConfig(folder, config);
  note(storedConfig.note);
  const plan = await openPlan(config, folder, executor.readShape, on, signal);
  const before = storedConfig.hasResults ? readTested(folder) : undefined;
  note(before && noteOnFewerSeeds(folder, before, config.seeds.length));
  const isSameConfig = storedConfig.note === null;
  const trained = await trainWhatLacks(plan, opened, isSameConfig ? before : undefined);
  if (trained.status !== 'whole') return { ...trained, folder };
  const { step, hasTrained } = trained;
  const { stage, runs } = step;
  if (!hasTrained)
    on({ kind: 'planned', stage, runs: distinctRuns(runs).length, unfinished: [], jobs: 1, threads: null });
  const table = await makeTable(step, before ? testedBefore(before, config.seeds.length) : [], opened);
  if (signal.aborted) return { status: 'interrupted', folder };
  await storedConfig.write();
  await writeWhole(join(folder, 'comparison.json'), `${JSON.stringify(table.comparison, null, 2)}\n`);
  return { status: 'done', folder, ...table };
}

/** How training ended: `whole` has the step that makes the table. */
type TrainedFolder =
  | { readonly status: 'whole'; readonly step: TableStep; readonly hasTrained: boolean }
  | { readonly status: 'interrupted' }
  | ({ readonly status: 'detached' } & LeftToOthers);

/**
 * Trains stage after stage, until the folder has every run, or others go on with it.
 * @param before A table of the same config in the folder.
 */
async function trainWhatLacks(plan: Plan, opened: Opened, before: Tested | undefined): Promise<TrainedFolder> {
  const { config, on, signal } = opened;
  const failed = new Set<string>();
  let [isBegun, isDecided, hasTrained] = [false, false, false];
  for (;;) {
    const step = await next(plan, config.seeds, failed);
    if (step.decided && !isDecided) {
      tellDecided(step.decided, step.runs, opened);
      noter(on)(before && noteOnOtherData(opened.folder, before, step.runs));
    }
    isDecided ||= step.decided !== undefined;
    if (step.kind === 'table') return { status: 'whole', step, hasTrained };
    const copied = await reuseFinished({ ...step, runs: distinctRuns(step.runs) }, opened);
    noter(on)(copied);
    if (copied !== undefined) continue;
    if (!isBegun) (await notesOnTestRows(opened)).map(noter(on));
    isBegun = true;
    const left = await trainStage(step, failed, opened);
    if (left) return { status: 'detached', ...left };
    if (signal.aborted) return { status: 'interrupted' };
    hasTrained = step.stage === 'runs';
  }
}

/** Tells the settings of the reported runs, and which of these a tracker of the config will not get. */
function tellDecided(changes: DecidedChanges, runs: NextStep['runs'], { config, folder, on }: Opened): void {
  on({ kind: 'decided', changes });
  noter(on)(noteOnUntracked(finishedFolders(runs, folder), firstExperiment(config).tracking));
}

function noter(on: Opened['on']): (message: string | null | undefined) => void {
  return (message) => {
    if (message != null) on({ kind: 'note', message });
  };
}

function noteOnCommands({ external }: ComparisonConfig): string | null {
  const commands = external.map(({ label, command }) => `${label}: ${command}`);
  if (commands.length === 0) return null;
  return `The config runs commands on this machine, after its models: ${commands.join('; ')}`;
}

/** Runs that were finished before are not sent to a tracker that the config names now. */
function finishedFolders(runs: NextStep['runs'], folder: string): readonly string[] {
  return runs.flatMap((run) => (run.state === 'finished' ? [join(folder, run.folder)] : []));
}

/**
 * Trains the unfinished runs of a stage. Those that fail are added to `failed`.
 * @returns what was left to others, which go on with it
 */
async function trainStage(
  { stage, runs, folder }: NextStep,
  failed: Set<string>,
  { config, executor, on, signal, predictions }: Opened,
): Promise<LeftToOthers | undefined> {
  const whole = { stage, folder, runs: distinctRuns(runs) };
  const open = openStage({ ...whole, plan: await writeStagePlan(whole, predictions) }, config.metrics, on);
  const left = await executor.execute(open);
  if (left || signal.aborted) return left;
  for (const path of open.failed) failed.add(path);
  const lost = open.todo.find((run) => withState(run, folder, failed).state === 'planned');
  if (lost) throw new Error(`${join(folder, lost.folder)} has ended without a result.`);
  return undefined;
}

function noteOnFewerSeeds(folder: string, { seeds }: Tested, now: number): string | null {
  const before = seeds.length;
  if (before <= now) return null;
  return `${folder} has a report of ${before} seeds, which is replaced by one of ${now}. The same command with ${before} seeds (compare.seeds) makes it again: finished runs are not trained again.`;
}

/** Runs of one config lie in other folders only if their data are others. */
function noteOnOtherData(folder: string, { models = [] }: Tested, runs: NextStep['runs']): string | null {
  const again = runs.flatMap(({ label, seed, folder: now }) => {
    const stored = models.find((model) => model.label === label)?.runs.find((run) => run.seed === seed);
    return stored && !stored.parts ? [{ now, before: stored.path }] : [];
  });
  if (again.length === 0 || again.some(({ now, before }) => now === before)) return null;
  return `${folder} has the tables of other data than the files have now: they are replaced at the end; name=NAME keeps both.`;
}

/** The numbers of seeds, fewer than now, that gave the table of the folder verdicts before. */
function testedBefore({ seeds, uncertainty, seedsBefore = [] }: Tested, now: number): readonly number[] {
  const hadVerdicts = seeds.length >= fewestRuns || uncertainty === 'rows';
  return [...seedsBefore, ...(hadVerdicts ? [seeds.length] : [])].filter((count) => count < now);
}

/** Runs the commands, and computes the tables. */
async function makeTable(
  step: TableStep,
  seedsBefore: readonly number[],
  opened: Opened,
): Promise<Pick<DoneComparison, 'comparison' | 'runs' | 'failed'>> {
  const { config, folder } = opened;
  const { runs: placed, search } = step;
  const runs = readRuns(placed, folder);
  const readAny = (path: string) => runs.get(path) ?? readRun(join(folder, path));
  const trained = groupEntries(placed, runs).map((entry) => ({
    ...entry,
    decided: decisionsOn(entry, step, config),
    kept: keptRuns(search, entry, readAny),
  }));
  const byCommands = await externalRows(config, trained, opened);
  const picks = pickEntries(config, trained, search);
  const summary = await summarize([...trained, ...byCommands.entries, ...picks], {
    ...config,
    seedsBefore,
    tasks: firstExperiment(config).tasks,
    timing: { ...loggedTime(join(folder, 'log.jsonl')), runs: { ...runTimes(runs), ...byCommands.timing } },
  });
  const failedCommands = byCommands.entries.flatMap((row) => row.runs.filter(({ status }) => status === 'failed'));
  const failedRuns = distinctRuns(placed).filter(({ state }) => state === 'failed');
  const notes = [...summary.notes, ...notesOnMatch(summary.models), ...notesOnSearch(summary.models, search)];
  return {
    comparison: sealed({ ...summary, ...(search ? { search } : {}), notes }),
    runs,
    failed: failedCommands.length + failedRuns.length,
  };
}

/** What was decided for a model at a point, under all seeds. */
function decisionsOn({ label, point }: Entry, { decided, search }: TableStep, { seeds }: ComparisonConfig): Decisions {
  const searched = search?.models.find((model) => model.label === label && pointKey(model.point) === pointKey(point));
  const tried = search && (searched?.candidates.length ?? 1);
  const decisions = joinDecisions(
    seeds.map((seed) => decided(label, point, seed)),
    tried,
  );
  return { ...decisions, ...(search && searched && crossFitted(search, searched)) };
}
