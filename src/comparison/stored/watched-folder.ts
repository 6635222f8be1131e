import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { whenChanged } from '../../support/changed-file.js';
import { ConfigError } from '../../support/errors.js';
import { isHeld } from '../../support/lock.js';
import type { Comparison, RunReference } from '../comparison.js';
import { type LiveRun, liveRunReader } from './live-run.js';
import { type PlanFile, readPlan } from './plan-file.js';
import { external, readComparison } from './stored-runs.js';
import { logEntries, secondsOf } from './timing.js';

/** What a folder holds at one moment. Times are in seconds. */
export type Watched =
  | { readonly kind: 'gone' }
  /** Neither a run nor a plan is there yet. */
  | { readonly kind: 'starting'; readonly running: boolean }
  | ({ readonly kind: 'run'; readonly run: LiveRun } & Times)
  | ({
      readonly kind: 'comparison';
      readonly state: 'running' | 'finished' | 'interrupted';
      readonly plan: PlanFile;
      /** The table of an earlier look or of the end. Undefined if it is of other runs than the plan's. */
      readonly comparison: Comparison | undefined;
      /** By path in the plan. */
      readonly runs: ReadonlyMap<string, LiveRun>;
    } & Times);

interface Times {
  /** Time of training so far, without the gaps between interruptions. */
  readonly elapsed: number | null;
  /** At most so long, if the speed stays: early stopping makes it shorter. Null: not known, or nothing runs. */
  readonly left: number | null;
}

/** Reads a folder again and again, and of its files those that have changed. @throws ConfigError if it is neither a run's nor a comparison's. */
export function watchedFolder(folder: string): (now: number) => Watched {
  if (!existsSync(folder))
    throw new ConfigError(`There is no folder ${folder}: name the folder of a run or a comparison.`);
  const run = liveRunReader();
  const plans = whenChanged(readPlan);
  const tables = whenChanged((file) => readComparison(dirname(file)));
  const logs = whenChanged((file) => logEntries(readFileSync(file, 'utf8')));
  const read = (now: number): Watched => {
    if (!existsSync(folder)) return { kind: 'gone' };
    const table = tables(join(folder, 'comparison.json'));
    const plan = plans(join(folder, 'plan.json')) ?? (table && planOf(folder, table));
    const held = isHeld(folder);
    if (plan) return comparisonOf(plan, table, { held, log: logs(join(folder, 'log.jsonl')) ?? [], now });
    const own = existsSync(join(folder, 'environment.json')) ? run(folder) : undefined;
    if (own) return { kind: 'run', run: own, ...timesOfRun(own, now) };
    if (held || existsSync(join(folder, 'config.yaml'))) return { kind: 'starting', running: held };
    throw new ConfigError(`${folder} is no folder of a run (config.yaml) or of a comparison (plan.json).`);
  };
  read(0);
  return read;

  function comparisonOf(
    plan: PlanFile,
    table: Comparison | undefined,
    { held, log, now }: { readonly held: boolean; readonly log: Log; readonly now: number },
  ): Watched {
    const start = log.findLast(isStart);
    const asPlanned = (live: LiveRun): LiveRun =>
      held && start && isToDo(live, start)
        ? { ...live, state: 'waiting', message: live.state === 'failed' ? null : live.message }
        : live;
    const runs = new Map([...pathsOf(plan.rows)].map((path) => [path, asPlanned(run(join(folder, path)))]));
    const own = table?.rows.filter(({ type }) => type !== external) ?? [];
    const comparison = [...pathsOf(own)].every((path) => runs.has(path)) ? table : undefined;
    const isLast = plan.stage === 'runs' && comparison?.seeds.length === plan.seeds.length;
    const ended = [...runs.values()].filter(isEnded).length;
    const state = held ? 'running' : isLast && ended === runs.size ? 'finished' : 'interrupted';
    return {
      kind: 'comparison',
      state,
      plan,
      comparison,
      runs,
      ...timesOfComparison([...runs.values()], log, held ? now : null),
    };
  }
}

type Log = readonly Readonly<Record<string, unknown>>[];

/** The plan of a comparison that an earlier version of ple made. */
function planOf(folder: string, { name, baseline, tasks, seeds, axes, rows }: Comparison): PlanFile {
  const own = rows.filter(({ type }) => type !== external);
  if ([...pathsOf(own)].some((path) => /[/\\]/.test(path)))
    throw new ConfigError(
      `${folder} has a table of runs in other folders: name the folder of a run or of a comparison.`,
    );
  const metricOf = (task: string) => rows.flatMap((row) => row.tasks[task]?.metric ?? [])[0] ?? '';
  return {
    ...{ schema: 1, stage: 'runs', name, baseline, seeds, axes },
    tasks: tasks.map((task) => ({ name: task, metric: metricOf(task) })),
    rows: own,
  };
}

function pathsOf(
  rows: readonly { readonly runs: readonly Pick<RunReference, 'path' | 'parts'>[] }[],
): ReadonlySet<string> {
  return new Set(
    rows.flatMap(({ runs }) => runs.flatMap(({ path, parts }) => (parts ? Object.values(parts) : [path]))),
  );
}

function isEnded({ state }: LiveRun): boolean {
  return state === 'finished' || state === 'failed';
}

function isStart({ msg }: Log[number]): boolean {
  return msg === 'started' || msg === 'continued';
}

/** Whether a comparison that started then will train the run, which an earlier one has left. */
function isToDo({ state, log }: LiveRun, start: Log[number]): boolean {
  return state === 'interrupted' || (state === 'failed' && Number(log.at(-1)?.time) < Number(start.time));
}

/** The share of its epochs that a run has trained. */
function fractionOf({ experiment, epochs }: LiveRun): number {
  return experiment ? (epochs.at(-1)?.epoch ?? 0) / experiment.train.epochs : 0;
}

function timesOfRun({ state, log, experiment, epochs }: LiveRun, now: number): Times {
  const running = state === 'running';
  const start = log.findLast(({ msg }) => msg === 'started' || msg === 'resumed');
  const compiled = log.findLast(({ msg }) => msg === 'compiled') ?? start;
  const last = log.findLast(({ msg }) => msg === 'epoch');
  const trained = (epochs.at(-1)?.epoch ?? 0) - (Number(start?.epoch) - 1);
  const elapsed = elapsedOf(log, running ? now : null);
  if (!running || !experiment || !(trained > 0) || !last) return { elapsed, left: null };
  const perEpoch = (Number(last.time) - Number(compiled?.time)) / 1000 / trained;
  const open = experiment.train.epochs - (epochs.at(-1)?.epoch ?? 0);
  const left = Math.max(0, perEpoch * open - (now - Number(last.time) / 1000));
  return { elapsed, left: Number.isFinite(left) ? left : null };
}

/** @param now Null if nothing runs. */
function timesOfComparison(runs: readonly LiveRun[], log: Log, now: number | null): Times {
  const elapsed = elapsedOf(log, now);
  const start = log.findLast(isStart);
  if (now === null || !start) return { elapsed, left: null };
  const open = runs.filter((run) => !isEnded(run));
  const running = open.filter(({ state }) => state === 'running').reduce((sum, run) => sum + fractionOf(run), 0);
  const done = Number(start.runs) - open.length + running;
  const left = done > 0 ? ((now - Number(start.time) / 1000) * (open.length - running)) / done : null;
  return { elapsed, left };
}

function elapsedOf(log: Log, now: number | null): number | null {
  const last = log.at(-1);
  if (!last) return null;
  return secondsOf(log) + (now === null ? 0 : Math.max(0, now - Number(last.time) / 1000));
}
