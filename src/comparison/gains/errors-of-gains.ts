import type { EvaluatedRun } from '../../training/finished-run.js';
import type { TaskPredictions } from '../../training/predictions.js';
import type { Comparison } from '../comparison.js';
import { addErrors, type ErrorOfGain, type GainError, isConstant, seedError } from '../statistics/gain-error.js';
import { type Moderation, moderation } from '../statistics/moderation.js';
import {
  aggregateFactors,
  type Compared,
  type Differences,
  hasOwnRows,
  type JudgedTask,
  type Pair,
  predictionsByTask,
  refuseOtherRows,
  signOf,
  testSetOf,
} from './task-gain.js';

/** The moderation of a table's variances. Null with too few pairs or models (docs/statistics.md). */
export interface TableModeration {
  readonly tasks: Moderation | null;
  readonly aggregate: Moderation | null;
}

/** Computed from all models of a table. */
export function tableModeration(compared: readonly Compared[], tasks: readonly JudgedTask[]): TableModeration {
  const gainsAt = (place: number) =>
    compared.map(({ differences }) => {
      const { values, magnitude } = differences.at(place) ?? { values: [], magnitude: 0 };
      return isConstant(values, magnitude) ? values.map(() => 0) : values;
    });
  return { tasks: moderation(tasks.map((_, task) => gainsAt(task))), aggregate: moderation([gainsAt(-1)]) };
}

/** The errors for the chosen `uncertainty`, [model][task, then the aggregate]. */
export async function errorsOf(
  compared: readonly Compared[],
  tasks: readonly JudgedTask[],
  weights: readonly number[],
  uncertainty: Comparison['uncertainty'],
  moderated: TableModeration,
): Promise<readonly (readonly ErrorOfGain[])[]> {
  const ofRows = uncertainty === 'seeds' ? [] : await rowErrors(compared, tasks, weights);
  return compared.map((model, index) =>
    model.differences.map((difference, measure): ErrorOfGain => {
      const rows = ofRows[index]?.[measure] ?? null;
      if (uncertainty === 'rows') return { whole: rows, seeds: null, rows };
      const seeds = ofSeeds(difference, measure < tasks.length ? measure : null, moderated);
      // If each seed has its own test rows, the variation over seeds already includes the draw of the rows.
      if (uncertainty === 'seeds' || hasOwnRows(difference)) return { whole: seeds, seeds, rows: null };
      return { whole: seeds && rows && addErrors(seeds, rows), seeds, rows };
    }),
  );
}

/** @param task Null: the aggregate. */
function ofSeeds(
  { values, magnitude }: Differences,
  task: number | null,
  moderated: TableModeration,
): GainError | null {
  const own = seedError(values, magnitude);
  const by = task === null ? moderated.aggregate : moderated.tasks;
  return own === null || own.variance === 0 ? own : (by?.moderate(own, values.length, task ?? 0) ?? own);
}

/**
 * The error of each mean gain due to the draw of the test rows, for fixed models: [model][task, then the aggregate].
 * The distribution is normal.
 *
 * The influence of a row on a gain is the model's influence minus the reference's, averaged over pairs. The squared
 * influences add up to the variance. For AUC this is DeLong's (1988) method on the mean of the differences; for a mean
 * over rows, the paired one. For the aggregate, the tasks' influences are summed per row. If a task is judged by
 * groups, groups are drawn instead of rows, so influences are summed per group. Rows of different test sets are
 * independent. Null if a metric has no influence of rows, or too few of them.
 *
 * Every run is read and sorted once. Only the runs of one seed are in memory at a time.
 * @throws DataError for a run without predictions, or if its rows are not those of its test set.
 */
async function rowErrors(
  compared: readonly Compared[],
  tasks: readonly JudgedTask[],
  weights: readonly number[],
): Promise<(GainError | null)[][]> {
  const hasInfluence = tasks.map(({ metric }) => metric.influence !== undefined);
  const cells = compared.map(({ differences }) =>
    differences.map(({ pairs }, place) => new Cell(pairs, hasInfluence[place] ?? !hasInfluence.includes(false))),
  );
  const drawsGroups = tasks.some(({ metric }) => 'computeGrouped' in metric);
  const factors = compared.map(({ differences }) => aggregateFactors(differences.slice(0, -1), tasks, weights));
  for (const testSet of testSets(compared)) {
    const influencesOf = reader(tasks);
    for (const pairs of testSet.values()) {
      const read = new Map<EvaluatedRun, Influences>();
      const influences = async (run: EvaluatedRun) => {
        const found = read.get(run) ?? (await influencesOf(run));
        read.set(run, found);
        return found;
      };
      for (const { model, pair } of pairs) {
        const [other, own] = [await influences(pair.reference), await influences(pair.model)];
        const ofTasks = tasks.map(({ metric }, task) =>
          difference(signOf(metric), own.ofTasks[task] ?? null, other.ofTasks[task] ?? null),
        );
        const aggregate = weighted(ofTasks, factors[model] ?? []);
        for (const [task, rows] of ofTasks.entries()) cells[model]?.[task]?.add(pair, rows);
        cells[model]?.at(-1)?.add(pair, drawsGroups ? ofGroups(aggregate, own.groups) : aggregate);
      }
    }
    for (const cell of cells.flat()) cell.endTestSet();
  }
  return cells.map((row) => row.map((cell) => cell.error()));
}

/** Accumulates one model's gain on one task, or its aggregate. */
class Cell {
  private variance: number | null;
  /** [row] of the current test set. */
  private influence: Float64Array | undefined;
  private readonly pairs: readonly Pair[];

  constructor(pairs: readonly Pair[], hasInfluence: boolean) {
    this.pairs = pairs;
    this.variance = pairs.length > 0 && hasInfluence ? 0 : null;
  }

  /** @param rows The model's influence of each row minus the reference's. */
  add(pair: Pair, rows: Float64Array | null): void {
    if (this.variance === null || !this.pairs.includes(pair)) return;
    if (rows === null) {
      this.variance = null;
      return;
    }
    this.influence ??= new Float64Array(rows.length);
    const sum = this.influence;
    for (let row = 0; row < sum.length; row++) sum[row] = (sum[row] ?? 0) + (rows[row] ?? 0) / this.pairs.length;
  }

  endTestSet(): void {
    for (const value of this.influence ?? [])
      this.variance = this.variance === null ? null : this.variance + value ** 2;
    this.influence = undefined;
  }

  error(): GainError | null {
    return this.variance === null ? null : { variance: this.variance, degreesOfFreedom: Number.POSITIVE_INFINITY };
  }
}

function difference(sign: number, model: Float64Array | null, reference: Float64Array | null): Float64Array | null {
  if (model === null || reference === null) return null;
  return model.map((value, row) => sign * (value - (reference[row] ?? 0)));
}

function weighted(ofTasks: readonly (Float64Array | null)[], factors: readonly number[]): Float64Array | null {
  const known = ofTasks.filter((rows) => rows !== null);
  if (known.length < ofTasks.length) return null;
  return Float64Array.from(known[0] ?? [], (_, row) =>
    known.reduce((sum, rows, task) => sum + (factors[task] ?? 0) * (rows[row] ?? 0), 0),
  );
}

/** The sum over each group, at the group's first row. */
function ofGroups(rows: Float64Array | null, groups: Int32Array | undefined): Float64Array | null {
  if (!rows || !groups) return null;
  const sums = new Float64Array(rows.length);
  const firsts = new Map<number, number>(); // first row by group
  for (const [row, value] of rows.entries()) {
    const group = groups[row] ?? 0;
    const first = firsts.get(group) ?? row;
    if (first === row) firsts.set(group, row);
    sums[first] = (sums[first] ?? 0) + value;
  }
  return sums;
}

/** Influences of one run. */
interface Influences {
  /** Null where the metric is undefined. */
  readonly ofTasks: readonly (Float64Array | null)[];
  /** The group of each row, if the data have groups. */
  readonly groups: Int32Array | undefined;
}

/** By seed. */
type TestSet = ReadonlyMap<number, readonly { readonly model: number; readonly pair: Pair }[]>;

/** Pairs by test set, then by seed, in the order of models. */
function testSets(compared: readonly Compared[]): Iterable<TestSet> {
  const sets = new Map<string, Map<number, { model: number; pair: Pair }[]>>();
  for (const [model, { pairs }] of compared.entries()) {
    for (const pair of pairs) {
      const key = testSetOf(pair.reference);
      const set = sets.get(key) ?? new Map<number, { model: number; pair: Pair }[]>();
      sets.set(key, set);
      set.set(pair.seed, [...(set.get(pair.seed) ?? []), { model, pair }]);
    }
  }
  return sets.values();
}

/** Reads the influences of runs on one test set. */
function reader(tasks: readonly JudgedTask[]): (run: EvaluatedRun) => Promise<Influences> {
  let first: { readonly run: EvaluatedRun; readonly predictions: ReadonlyMap<string, TaskPredictions> } | undefined;
  return async (run) => {
    const predictions = await predictionsByTask(run);
    first ??= { run, predictions };
    const { run: firstRun, predictions: firstPredictions } = first;
    const ofTasks = tasks.map(({ name, metric }) => {
      const [found, other] = [predictions.get(name), firstPredictions.get(name)];
      if (!found || !other) throw new Error(`Task '${name}' was not read.`);
      refuseOtherRows([firstRun, other], [run, found]);
      return metric.influence?.(found.task, found.scores) ?? null;
    });
    return { ofTasks, groups: [...predictions.values()][0]?.scores.groups };
  };
}
