import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { external } from '../config/compare-schema.js';
import type { AxisPoint, ComparisonConfig } from '../config/comparison.js';
import { sealed } from '../support/checksum.js';
import { DataError, Interrupted } from '../support/errors.js';
import { groupedBy } from '../support/grouped-by.js';
import { type LogFile, openLog } from '../support/growing-file.js';
import { acquireLock, cannotWrite, type Lock } from '../support/lock.js';
import { makeFolder } from '../support/make-folder.js';
import { removeRemains, writeWhole } from '../support/whole-file.js';
import { noteOnUntracked } from '../tracking/untracked.js';
import { type FinishedRun, readRun } from '../training/finished-run.js';
import type { Comparison, Look, RunReference, SearchRecord } from './comparison.js';
import { type ComparisonOptions, Detached, type Event, type Executor } from './execute/executor.js';
import { withExecutor } from './execute/with-executor.js';
import { externalRows } from './external/external-rows.js';
import { summarize } from './gains/summarize.js';
import { makePlan } from './make-plan.js';
import { firstExperiment } from './plan/axis-point.js';
import { type DecidedChanges, decisionsOf } from './plan/decided-changes.js';
import { configFile, folderConfig } from './plan/folder-config.js';
import { ofOtherPlans, plannedLooks } from './plan/looks.js';
import { notesOnMatch } from './plan/match.js';
import type { Run } from './plan/run.js';
import { notesOnSearch } from './search/search.js';
import { readComparison } from './stored/comparison-file.js';
import { reportedRun } from './stored/reported-run.js';
import { logEntries, secondsLogged, timeOf } from './stored/timing.js';
import { type ComparisonTracker, openComparisonTracker } from './tracked-comparison.js';

export type ComparisonResult = InterruptedComparison | DetachedComparison | DoneComparison;

interface InterruptedComparison {
  readonly status: 'interrupted';
  readonly folder: string;
}

/** Its runs train on without this process. */
interface DetachedComparison {
  readonly status: 'detached';
  readonly folder: string;
  /** What to do next. */
  readonly message: string;
  /** See `Detached`. */
  readonly text: string | undefined;
  readonly exitCode: number;
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
type InFolder = InterruptedComparison | (DoneComparison & { readonly tracker: ComparisonTracker });
type TrackedComparison = InFolder | DetachedComparison;

/**
 * Trains the unfinished runs of a comparison and writes `comparison.json`. Calling it again continues after an
 * interruption.
 */
export async function runComparison(config: ComparisonConfig, options: ComparisonOptions): Promise<TrackedComparison> {
  const folder = join(options.runs, config.name);
  const held: { log?: ComparisonLog; lock?: Lock; tracker?: ComparisonTracker } = {};
  const isNew = !existsSync(folder);
  let hasFailed = false;
  const on = (event: Event) => {
    held.log?.add(event);
    options.on(event);
  };
  try {
    return await withExecutor(options.execute ?? config.execute, config, { ...options, on }, async (executor) => {
      try {
        makeFolder(folder);
      } catch (error) {
        throw cannotWrite(folder, error);
      }
      held.lock = acquireLock(folder, options.force);
      await removeRemains(folder);
      held.log = openComparisonLog(join(folder, 'log.jsonl'));
      held.tracker = await openComparisonTracker(config, folder, (message) => on({ kind: 'note', message }));
      const result = await runInFolder(config, folder, executor, { ...options, on }, held.tracker);
      held.log.end(result.status);
      if (result.status === 'interrupted') await held.tracker.end('interrupted', []);
      return result;
    });
  } catch (error) {
    const wasDetached = error instanceof Detached;
    const wasInterrupted = options.halt.aborted || wasDetached || error instanceof Interrupted;
    if (!options.halt.aborted) await held.tracker?.end(wasInterrupted ? 'interrupted' : 'failed', []);
    hasFailed = !wasInterrupted;
    if (hasFailed) throw error;
    held.log?.end('interrupted');
    if (!wasDetached) return { status: 'interrupted', folder };
    return { status: 'detached', folder, message: error.message, text: error.text, exitCode: error.exitCode };
  } finally {
    held.log?.close(); // after the workers have ended
    held.lock?.release();
    if (isNew && hasFailed) removeUnbegun(folder);
  }
}

/** Removes a folder that has no more than the config: no run was planned, as the data are not there. */
function removeUnbegun(folder: string): void {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  if (names.length === 1 && names[0] === configFile) rmSync(folder, { recursive: true });
}

async function runInFolder(
  config: ComparisonConfig,
  folder: string,
  executor: Executor,
  { on, signal, halt }: Pick<ComparisonOptions, 'on' | 'signal' | 'halt'>,
  tracker: ComparisonTracker,
): Promise<InFolder> {
  const commands = config.external.map(({ label, command }) => `${label}: ${command}`);
  if (commands.length > 0)
    on({ kind: 'note', message: `The config runs commands on this machine, after its models: ${commands.join('; ')}` });
  const kept = await folderConfig(folder, config);
  if (kept.note !== null) on({ kind: 'note', message: kept.note });
  const plan = await makePlan(config, folder, executor.readShape, on, signal);
  const { search } = plan;
  for (let [rung, runs] = [0, await search.rung(0)]; runs.length > 0; runs = await search.rung(++rung)) {
    on({ kind: 'stage', stage: 'tuning', runs, folder: search.folder });
    await executor.execute('tuning', runs, search.folder);
    if (signal.aborted) return { status: 'interrupted', folder };
  }
  if (signal.aborted) return { status: 'interrupted', folder };

  const decided = await plan.decide();
  const record = search.record();
  on({ kind: 'decided', changes: decided });
  const stored = kept.hasResults ? readComparison(folder).looks : [];
  const [others, looks] = [ofOtherPlans(stored, config), plannedLooks(config, stored)];
  const done: Look[] = [];
  for (const next of looks) {
    const seeds = next.of;
    const planned = await plan.runs(decided, seeds);
    const finished = planned.flatMap((run) => (run.state === 'finished' ? [join(folder, run.folder)] : []));
    const untracked = noteOnUntracked(finished, firstExperiment(config).tracking);
    if (untracked !== undefined && done.length === 0) on({ kind: 'note', message: untracked });
    on({ kind: 'stage', stage: 'runs', runs: planned, folder });
    const placed = await executor.execute('runs', planned, folder);
    if (signal.aborted) return { status: 'interrupted', folder };

    const runs = readRuns(placed, folder);
    const trained = entriesOf(placed, runs);
    const byCommands = await externalRows(config, trained, { folder, seeds, on, signal, halt });
    if (signal.aborted) return { status: 'interrupted', folder };
    const summary = await summarize([...trained, ...byCommands.entries], {
      name: config.name,
      baseline: config.baseline,
      tasks: firstExperiment(config).tasks,
      metrics: config.metrics,
      margins: config.margins,
      taskWeights: config.taskWeights,
      contrasts: config.contrasts,
      seeds,
      axes: config.axes,
      uncertainty: config.uncertainty,
      earlierLooks: [...others, ...done],
      look: next,
      nextLevel: looks[done.length + 1]?.level ?? next.level / 2,
      timing: { ...loggedTime(join(folder, 'log.jsonl')), runs: { ...timeOf(runs), ...byCommands.timing } },
    });
    const comparison = sealed(withDecisions(summary, decided, record));
    await kept.write();
    await writeWhole(join(folder, 'comparison.json'), `${JSON.stringify(comparison, null, 2)}\n`);
    tracker.look(comparison);
    done.push(...comparison.looks.slice(-1));
    const { undecided } = comparison.looks.at(-1) ?? { undecided: 0 };
    const more = looks[done.length];
    if (more && undecided > 0) {
      const verdicts = undecided === 1 ? '1 verdict is' : `${undecided} verdicts are`;
      on({ kind: 'note', message: `After ${next.seeds} seeds ${verdicts} undecided: training up to ${more.seeds}.` });
      continue;
    }
    const late = comparison.rows.filter(({ verdict }) => verdict === 'not trained to a plateau').length;
    if (more && late > 0)
      on({
        kind: 'note',
        message: `After ${next.seeds} seeds ${late} of ${comparison.rows.length - 1} models have no verdict: more than a fifth of their runs, or of ${config.baseline}'s, ended at the limit of epochs. More seeds are not trained; raise train.epochs.`,
      });
    const failedCommands = byCommands.entries.flatMap((row) => row.runs.filter(({ status }) => status === 'failed'));
    const failed =
      failedCommands.length + new Set(placed.flatMap((run) => (run.state === 'failed' ? [run.folder] : []))).size;
    return { status: 'done', folder, comparison, runs, failed, tracker };
  }
  throw new Error('A comparison has a last look.');
}

function readRuns(placed: readonly Run[], folder: string): ReadonlyMap<string, FinishedRun> {
  const runs = new Map<string, FinishedRun>();
  for (const { folder: name, hash8 } of placed) {
    const path = join(folder, name);
    const run = runs.has(name) ? undefined : readRun(path);
    if (run && run.environment.hash8 !== hash8)
      throw new DataError(`${path} holds another run (${run.environment.hash8}): delete it and run ple compare again.`);
    if (run) runs.set(name, run);
  }
  return runs;
}

/**
 * A row for every model at every point with the values that it tries, or the weight on its front; with its runs by
 * seed.
 */
function entriesOf(placed: readonly Run[], finished: ReadonlyMap<string, FinishedRun>) {
  return groupedBy(placed, ({ label, point, values }) => [label, point, values]).map(([first, ...others]) => ({
    label: first.label,
    type: first.experiment.model.type,
    point: first.point,
    ...(first.values ? { values: first.values } : {}),
    runs: groupedBy([first, ...others], ({ seed }) => seed).map((parts) => {
      const reference = referenceTo(parts, finished);
      const run = reportedRun(reference, finished);
      return { ...reference, ...(run ? { run } : {}) };
    }),
  }));
}

/** The reference to a reported run, from its parts. */
function referenceTo(parts: readonly [Run, ...Run[]], finished: ReadonlyMap<string, FinishedRun>): RunReference {
  const [{ seed, folder: path }] = parts;
  const open = parts.filter(({ folder }) => !finished.has(folder));
  const status = open.length === 0 ? 'done' : open.some(({ state }) => state === 'failed') ? 'failed' : 'missing';
  // Different settings may still give the same run: scaled widths can coincide.
  if (parts.every(({ folder }) => folder === path)) return { seed, path, status };
  const byTask = parts.flatMap(({ tasks = [], folder }) => tasks.map((task) => [task, folder]));
  return { seed, path, status, parts: Object.fromEntries(byTask) };
}

function withDecisions(comparison: Comparison, decided: DecidedChanges, search: SearchRecord | undefined): Comparison {
  const sizes = new Map(search?.models.map(({ label, axis, candidates }) => [keyOf(label, axis), candidates.length]));
  const rows = comparison.rows.map((row) => ({
    ...row,
    ...(row.type === external
      ? {}
      : decisionsOf(decided.of(row.label, row.axis), search && (sizes.get(keyOf(row.label, row.axis)) ?? 1))),
  }));
  return {
    ...comparison,
    rows,
    ...(search ? { search } : {}),
    notes: [...comparison.notes, ...notesOnMatch(rows), ...notesOnSearch(rows, search)],
  };

  function keyOf(label: string, axis: AxisPoint): string {
    return JSON.stringify([label, axis]);
  }
}

/** The pino log of a comparison's training: when, on how many processes, and which runs ended. */
interface ComparisonLog {
  add(event: Event): void;
  /** Writes a last line if anything was trained. */
  end(status: 'done' | 'interrupted'): void;
  close(): void;
}

/** Creates or continues the file when the first run starts. */
function openComparisonLog(file: string): ComparisonLog {
  let opened: LogFile | undefined;
  return {
    add(event) {
      if (event.kind === 'planned' && event.unfinished.length > 0) {
        const { stage, jobs, threads } = event;
        const isNew = opened === undefined;
        opened ??= openLog(file);
        opened.log.info({ stage, jobs, threads, runs: event.unfinished.length }, isNew ? 'started' : 'continued');
      }
      if (event.kind === 'command') {
        const isNew = opened === undefined;
        opened ??= openLog(file);
        if (isNew) opened.log.info('started');
        opened.log.info({ run: event.name, message: event.message }, 'command ended');
      }
      if (event.kind === 'ended') {
        const { outcome, run } = event;
        opened?.log[outcome.status === 'failed' ? 'error' : 'info']({ run: run.folder, ...outcome }, 'run ended');
      }
    },
    end(status) {
      opened?.log.info(status);
    },
    close: () => opened?.close(),
  };
}

/** Time of training over all interruptions, without the gaps between them. Null if there was none. */
function loggedTime(file: string): {
  readonly seconds: number | null;
  readonly jobs: unknown;
  readonly threads: unknown;
} {
  const entries = existsSync(file) ? logEntries(readFileSync(file, 'utf8')) : [];
  const last = entries.findLast((entry) => 'jobs' in entry);
  return { seconds: secondsLogged(file), jobs: last?.jobs ?? null, threads: last?.threads ?? null };
}
