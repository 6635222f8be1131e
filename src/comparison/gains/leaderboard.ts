import { ConfigError, DataError } from '../../support/errors.js';
import { joined } from '../../support/joined.js';
import { must } from '../../support/must.js';
import type { FinishedRun } from '../../training/finished-run.js';
import { pointText } from '../plan/axis-point.js';
import { halfWidth } from '../statistics/behrens-fisher.js';
import { mean } from '../statistics/moments.js';
import { sampleVariance } from '../statistics/squeezed-variances.js';
import type { Entry } from '../stored/entry.js';
import type { StoredRuns } from '../stored/stored-runs.js';
import { type JudgedTask, judge, type MeasuredRun, measured, signed } from './measured.js';

/** Models of several comparisons, task by task, the best mean first. A rank is no verdict: nothing is tested. */
export interface Leaderboard {
  readonly schema: 1;
  /** What the intervals cover. */
  readonly uncertainty: 'seeds' | 'both';
  readonly tasks: Readonly<Record<string, RankedTask>>;
}

interface RankedTask {
  readonly metric: string;
  readonly better: 'higher' | 'lower';
  readonly models: readonly RankedModel[];
}

interface RankedModel {
  /** From 1. Equal means have one rank. Null: the metric is not defined. */
  readonly rank: number | null;
  readonly model: string;
  /** The name of its comparison, or that of a run that stands alone. */
  readonly comparison: string;
  /** Finished runs. */
  readonly seeds: number;
  readonly mean: number | null;
  /** 95 % interval of this mean alone. Null for fewer than two runs. */
  readonly interval: readonly [number, number] | null;
}

const level = 0.05;

interface Estimated extends Pick<RankedModel, 'model' | 'comparison'> {
  readonly runs: readonly MeasuredRun[];
  /** By task, of the mean over runs, due to the draw of the test rows. */
  readonly variances: readonly (number | null)[];
}

/**
 * @throws DataError if not all runs were tested on the same rows. ConfigError for other tasks, or if a task is judged by
 * different metrics.
 */
export async function leaderboard(sources: readonly StoredRuns[]): Promise<Leaderboard> {
  const rows = sources.flatMap((source) =>
    source.rows.filter(({ values }) => values === undefined).map((row) => ({ source, row })),
  );
  const runs = rows.flatMap(({ source, row }) => finishedRuns(row).map((run) => ({ source, run })));
  const [first] = runs;
  if (!first) throw new DataError(`${sources.map(({ path }) => path).join(', ')}: no run is finished.`);
  checkTestRows(runs);
  const tasks = first.run.experiment.tasks.map((task) => judge(task, taskMetrics(sources)));
  const entries = rows.map(({ row }) => ({ ...row, point: {} }));
  const models = await measured(entries, tasks, []);
  const kept = runs.every(({ run }) => run.hasPredictions) && tasks.every(({ metric }) => metric.influence);
  const estimates: Estimated[] = [];
  for (const [index, { runs: own }] of models.entries()) {
    const { source, row } = must(rows[index], 'row');
    const model = joined(', ', row.label, pointText(row.point));
    const variances = kept ? await variancesOverRows(own, tasks) : tasks.map(() => 0);
    estimates.push({ model, comparison: source.name, runs: own, variances });
  }
  return {
    schema: 1,
    uncertainty: kept ? 'both' : 'seeds',
    tasks: Object.fromEntries(
      tasks.map((task, t) => {
        const found = estimates.map(({ model, comparison, runs: own, variances }) => {
          const values = own.flatMap(({ values }) => values[t] ?? []);
          return { model, comparison, seeds: own.length, ...meanWithInterval(values, variances[t] ?? null, task) };
        });
        return [task.name, rankedTask(task, found)];
      }),
    ),
  };
}

function finishedRuns({ runs }: Entry<FinishedRun>): readonly FinishedRun[] {
  return runs.flatMap(({ run }) => run ?? []);
}

interface SourcedRun {
  readonly source: StoredRuns;
  readonly run: FinishedRun;
}

/** Runs have the same test rows as far as their results tell: the data's checksum and what was counted of each task. */
function checkTestRows(all: readonly SourcedRun[]): void {
  const first = must(all[0], 'run');
  for (const other of all) {
    const difference = testDifference(first.run, other.run);
    if (difference === null) continue;
    const both =
      first.source === other.source
        ? `The runs of ${first.source.path} were not all tested on the same rows (${first.run.path} and ${other.run.path})`
        : `${first.source.path} and ${other.source.path} were not tested on the same rows`;
    throw new DataError(`${both}: ${difference}. A leaderboard ranks models on one set of test rows.`);
  }
}

function testDifference({ result: a }: FinishedRun, { result: b }: FinishedRun): string | null {
  if (a.dataset.checksum !== b.dataset.checksum)
    return `the checksums of their data are ${a.dataset.checksum.slice(0, 8)} and ${b.dataset.checksum.slice(0, 8)}`;
  if (a.dataset.rows.test !== b.dataset.rows.test)
    return `they have ${a.dataset.rows.test} and ${b.dataset.rows.test} test rows`;
  const names = ({ tasks }: typeof a) => Object.keys(tasks).toSorted().join(', ');
  if (names(a) !== names(b)) return `they have other tasks (${names(a)}; ${names(b)})`;
  for (const [task, { test }] of Object.entries(a.tasks))
    for (const count of ['samples', 'positives', 'labelVariance'])
      if (test[count] !== b.tasks[task]?.test[count]) return `task '${task}' has other ${count}`;
  return null;
}

/** The metric of each task. */
function taskMetrics(sources: readonly StoredRuns[]): Readonly<Record<string, string>> {
  const chosen = new Map<string, { readonly metric: string; readonly path: string }>();
  for (const { comparison, path } of sources)
    for (const row of comparison?.rows ?? [])
      for (const [task, { metric }] of Object.entries(row.tasks)) {
        const first = chosen.get(task) ?? { metric, path };
        if (first.metric !== metric)
          throw new ConfigError(
            `Task '${task}' is judged by ${first.metric} in ${first.path} and by ${metric} in ${path}: a leaderboard has one metric for each task (compare.metrics).`,
          );
        chosen.set(task, first);
      }
  return Object.fromEntries([...chosen].map(([task, { metric }]) => [task, metric]));
}

/** By task: the variance of the mean over runs due to the draw of the test rows. Null: not defined for these rows. */
async function variancesOverRows(
  runs: readonly MeasuredRun[],
  tasks: readonly JudgedTask[],
): Promise<readonly (number | null)[]> {
  const ofRuns: (readonly (Float64Array | null)[])[] = [];
  for (const run of runs) ofRuns.push((await run.influences()).ofTasks);
  return tasks.map((_, t) => {
    const known = ofRuns.flatMap((influences) => influences[t] ?? []);
    if (known.length < runs.length) return null;
    const rows = known[0]?.length ?? 0;
    let variance = 0;
    for (let row = 0; row < rows; row++) variance += mean(known.map((influence) => influence[row] ?? 0)) ** 2;
    return variance;
  });
}

/** @param values turned so that higher is better */
function meanWithInterval(
  values: readonly number[],
  overRows: number | null,
  { metric }: JudgedTask,
): Pick<RankedModel, 'mean' | 'interval'> {
  if (values.length === 0) return { mean: null, interval: null };
  const own = signed(metric, mean(values));
  const found = sampleVariance(values);
  if (!found || overRows === null) return { mean: own, interval: null };
  const { variance, degreesOfFreedom } = found;
  const runs = values.length;
  const ofMean = { variance: variance / runs, degreesOfFreedom, runs, overlap: 0 };
  const half = variance + overRows > 0 ? halfWidth(level, { estimated: [ofMean], known: overRows }) : 0;
  return { mean: own, interval: [own - half, own + half] };
}

function rankedTask({ metric }: JudgedTask, models: readonly Omit<RankedModel, 'rank'>[]): RankedTask {
  const better = metric.better ?? 'higher';
  const sign = better === 'higher' ? 1 : -1;
  const worth = ({ mean: own }: Omit<RankedModel, 'rank'>) => (own === null ? Number.NEGATIVE_INFINITY : sign * own);
  const sorted = models.toSorted((a, b) => (worth(a) === worth(b) ? 0 : worth(b) - worth(a)));
  return {
    metric: metric.name,
    better,
    models: sorted.map((model) => ({
      rank: model.mean === null ? null : 1 + sorted.filter((other) => worth(other) > worth(model)).length,
      ...model,
    })),
  };
}
