import { join } from 'node:path';
import type { ComparisonConfig } from '../config/comparison.js';
import { lookAtMachine } from '../engine/choose-device.js';
import { sealed } from '../support/checksum.js';
import { DataError, Interrupted } from '../support/errors.js';
import { acquireLock, cannotWrite } from '../support/lock.js';
import { makeFolder } from '../support/make-folder.js';
import { removeRemains } from '../support/partial-path.js';
import { writeWhole } from '../support/whole-file.js';
import { type FinishedRun, readRun } from '../training/finished-run.js';
import type { Comparison, Look, RunReference } from './comparison.js';
import { type ComparisonLog, loggedTime, openComparisonLog } from './comparison-log.js';
import { checkData } from './data-checks.js';
import { createShapeReader } from './data-shapes.js';
import { createMatching, type DecidedChanges, decide, planSearch } from './decided-changes.js';
import { decisionsOf, notesOnSearch } from './decisions.js';
import { folderConfig } from './folder-config.js';
import { createWorkers, type JobOutcome, type Workers } from './jobs.js';
import { ofOtherPlans, plannedLooks } from './looks.js';
import { type PlacedRun, placeRuns } from './placed-runs.js';
import { planRuns } from './plan.js';
import { reportedRun } from './reported-run.js';
import { type SharedDevices, shareDevices } from './shared-devices.js';
import { fastestJobs, runStage, type StageEvent } from './stage.js';
import { readComparison } from './stored-runs.js';
import { summarize } from './summarize.js';
import { timeOf } from './timing.js';

export type ComparisonEvent =
  | StageEvent
  /** Of a dry run: so many kinds of runs have been measured. */
  | { readonly kind: 'measured'; readonly done: number; readonly of: number }
  /** What `tune` and `match` decided, before the reported runs. */
  | { readonly kind: 'decided'; readonly changes: DecidedChanges };

export interface ComparisonOptions {
  /** Folder of all comparisons and runs; this one's folder is `<name>` in it. */
  readonly runs: string;
  /** Child processes; measured if absent. */
  readonly jobs?: number;
  readonly predictions: boolean;
  /** Take the folder and those of runs over from processes that may be dead: those of another host or container. */
  readonly force?: boolean;
  /** When it fires, the runs are checkpointed and the comparison ends as `interrupted`. */
  readonly signal: AbortSignal;
  /** When it fires, the child processes are killed. */
  readonly halt: AbortSignal;
  on(event: ComparisonEvent): void;
}

export type ComparisonResult =
  | { readonly status: 'interrupted'; readonly folder: string }
  | {
      readonly status: 'done';
      readonly folder: string;
      readonly comparison: Comparison;
      /** Finished runs by their path in `comparison.rows[].runs[]`. */
      readonly runs: ReadonlyMap<string, FinishedRun>;
      readonly failed: number;
    };

/** Trains what is not finished of a comparison, and writes `comparison.json`. The same call goes on after an interruption. */
export async function runComparison(config: ComparisonConfig, options: ComparisonOptions): Promise<ComparisonResult> {
  const devices = await shareDevices(config, lookAtMachine(options.signal)); // first: a device that is not there should not leave a folder
  const folder = join(options.runs, config.name);
  try {
    makeFolder(folder);
  } catch (error) {
    throw cannotWrite(folder, error);
  }
  const lock = acquireLock(folder, options.force);
  await removeRemains(folder);
  const workers = createWorkers();
  const stop = () => workers.stop();
  const kill = () => workers.kill();
  options.signal.addEventListener('abort', stop);
  options.halt.addEventListener('abort', kill);
  const log = openComparisonLog(join(folder, 'log.jsonl'));
  try {
    return await runInFolder(config, folder, workers, devices, log, options);
  } catch (error) {
    if (!options.halt.aborted && !(error instanceof Interrupted)) throw error;
    log.end('interrupted');
    return { status: 'interrupted', folder };
  } finally {
    options.signal.removeEventListener('abort', stop);
    options.halt.removeEventListener('abort', kill);
    await workers.release();
    log.close();
    lock.release();
  }
}

async function runInFolder(
  config: ComparisonConfig,
  folder: string,
  workers: Workers,
  devices: SharedDevices,
  log: ComparisonLog,
  options: ComparisonOptions,
): Promise<ComparisonResult> {
  const { predictions, force = false, signal } = options;
  const on = (event: StageEvent) => {
    log.add(event);
    options.on(event);
  };
  const readShape = createShapeReader(workers, (report) => {
    if (report.kind === 'note' || report.kind === 'reading') on(report);
  });
  for (const message of devices.notes) on({ kind: 'note', message });
  const common = { workers, devices, readShape, predictions, force, metrics: config.metrics, signal, on };
  const measured = new Map<string, number>();
  const stageOptions = {
    ...common,
    jobs: options.jobs,
    jobsFor: async (runs: readonly PlacedRun[]) => options.jobs ?? (await fastestJobs(runs, common, measured)),
  };
  const interrupted = (): ComparisonResult => {
    log.end('interrupted');
    return { status: 'interrupted', folder };
  };

  const kept = await folderConfig(folder, config);
  if (kept.note !== null) on({ kind: 'note', message: kept.note });
  await checkData(config, readShape);
  const matching = await createMatching(config, readShape);
  const search = await planSearch(config, folder, matching, on, signal);
  if (search.placed.length > 0)
    await runStage('tuning', search.placed, search.folder, { ...stageOptions, predictions: false });
  if (signal.aborted) return interrupted();

  const decided = decide(config, matching, search);
  options.on({ kind: 'decided', changes: decided });
  const stored = kept.hasResults ? readComparison(folder).looks : [];
  const [others, looks] = [ofOtherPlans(stored, config), plannedLooks(config, stored)];
  const done: Look[] = [];
  const outcomes = new Map<string, JobOutcome>();
  for (const next of looks) {
    const seeds = next.of;
    const planned = planRuns(config, decided.of, seeds);
    const placed = await placeRuns(planned, folder, on, signal);
    for (const [run, outcome] of await runStage('runs', placed, folder, stageOptions)) outcomes.set(run, outcome);
    if (signal.aborted) return interrupted();

    const runs = readRuns(placed, folder);
    const summary = await summarize(entriesOf(placed, runs, outcomes), {
      name: config.name,
      baseline: config.baseline,
      tasks: config.experiment(config.baseline, config.points[0] ?? {}, config.seeds[0] ?? 0).tasks,
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
      timing: { ...loggedTime(join(folder, 'log.jsonl')), runs: timeOf(runs) },
    });
    const comparison = sealed(withDecisions(summary, decided, config));
    await kept.write();
    await writeWhole(join(folder, 'comparison.json'), `${JSON.stringify(comparison, null, 2)}\n`);
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
    log.end('done');
    const failed = [...outcomes.values()].filter(({ status }) => status === 'failed').length;
    return { status: 'done', folder, comparison, runs, failed };
  }
  throw new Error('A comparison has a last look.');
}

function readRuns(placed: readonly PlacedRun[], folder: string): ReadonlyMap<string, FinishedRun> {
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

/** A row for every model at every point, with its runs by seed. */
function entriesOf(
  placed: readonly PlacedRun[],
  finished: ReadonlyMap<string, FinishedRun>,
  outcomes: ReadonlyMap<string, JobOutcome>,
) {
  return groupedBy(placed, ({ label, point }) => [label, point]).map(([first, ...others]) => ({
    label: first.label,
    type: first.experiment.model.type,
    point: first.point,
    runs: groupedBy([first, ...others], ({ seed }) => seed).map((parts) => {
      const reference = referenceTo(parts, finished, outcomes);
      const run = reportedRun(reference, finished);
      return { ...reference, ...(run ? { run } : {}) };
    }),
  }));
}

/** A reported run by its parts. */
function referenceTo(
  parts: readonly [PlacedRun, ...PlacedRun[]],
  finished: ReadonlyMap<string, FinishedRun>,
  outcomes: ReadonlyMap<string, JobOutcome>,
): RunReference {
  const [{ seed, folder: path }] = parts;
  const open = parts.filter(({ folder }) => !finished.has(folder));
  const status = open.length === 0 ? 'done' : open.some(({ folder }) => outcomes.has(folder)) ? 'failed' : 'missing';
  // Settings that differ may be one run all the same: widths that are scaled to the same.
  if (parts.every(({ folder }) => folder === path)) return { seed, path, status };
  const byTask = parts.flatMap(({ tasks = [], folder }) => tasks.map((task) => [task, folder]));
  return { seed, path, status, parts: Object.fromEntries(byTask) };
}

/** Items of equal keys together, in the order of the first of each. */
function groupedBy<Item>(items: readonly Item[], keyOf: (item: Item) => unknown): readonly [Item, ...Item[]][] {
  const groups = new Map<string, [Item, ...Item[]]>();
  for (const item of items) {
    const key = JSON.stringify(keyOf(item));
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return [...groups.values()];
}

function withDecisions(comparison: Comparison, decided: DecidedChanges, config: ComparisonConfig): Comparison {
  const searched = (label: string) => config.settings(label).length;
  const isSearched = config.models.some(({ label }) => searched(label) > 1);
  const rows = comparison.rows.map((row) => ({
    ...row,
    ...decisionsOf(decided.of(row.label, row.axis), isSearched ? searched(row.label) : undefined),
  }));
  return { ...comparison, rows, notes: [...comparison.notes, ...notesOnSearch(rows)] };
}
