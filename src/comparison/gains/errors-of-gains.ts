import type { EvaluatedRun } from '../../training/finished-run.js';
import type { TaskPredictions } from '../../training/predictions.js';
import type { Comparison } from '../comparison.js';
import type { EstimatedVariance, EstimateError } from '../statistics/behrens-fisher.js';
import { isConstant, mean } from '../statistics/moments.js';
import { type RunVariance, squeezedVariances, varianceOf } from '../statistics/squeezed-variances.js';
import {
  type Compared,
  hasGain,
  type Measure,
  meanSample,
  runsOf,
  type Sample,
  type SeededRun,
  sampleOf,
} from './compared-model.js';
import { type Entry, type JudgedTask, predictionsByTask, refuseOtherRows, signOf, testSetOf } from './task-gain.js';

/** The errors of the gains of a table, [compared][task, then the mean of tasks]. Null: a part that is asked for is missing. */
export interface ErrorsOfGains {
  readonly errors: readonly (readonly (EstimateError | null)[])[];
  /** Of the prior of the tasks' run variances; 0 where nothing is squeezed. */
  readonly priorDegreesOfFreedom: number;
  /** What the error over test rows draws. Null: it is not part of any error. */
  readonly drawn: 'rows' | 'groups' | null;
}

interface Point {
  readonly entries: readonly Entry[];
  readonly tasks: readonly JudgedTask[];
  readonly uncertainty: Comparison['uncertainty'];
}

/** @param compared Models of the point's entries and their references. */
export async function errorsOf(compared: readonly Compared[], point: Point): Promise<ErrorsOfGains> {
  const { tasks, uncertainty } = point;
  const pool = squeezedVariances(
    tasks.map((task) => point.entries.map((entry) => sampleOf(runsOf(entry), task).values)),
  );
  const rows = uncertainty === 'seeds' ? null : await rowErrors(compared, point);
  let drawn: ErrorsOfGains['drawn'] = null;
  const errors = compared.map((model, index) => {
    const { entry, reference, measures, design, factors } = model;
    const sums = squeezedVariances([point.entries.map((entry) => meanSample(entry, tasks, factors).values)]);
    return measures.map((measure, place): EstimateError | null => {
      const variances = place < tasks.length ? pool.variances[place] : sums.variances[0];
      const of = (one: Entry | undefined) => (one && variances?.[point.entries.indexOf(one)]) ?? null;
      const estimated =
        design === 'independent' ? twoSamples(measure, of(entry), of(reference)) : pairs(measure, model);
      // If each seed has its own test rows, the variation over seeds already includes the draw of the rows.
      const sets = new Set(measure.model.runs.map(({ run }) => testSetOf(run))).size;
      const ownRows = design !== 'independent' && sets > 1;
      const overRows = rows?.variances[index]?.[place] ?? null;
      // Test sets of one file overlap: their errors count as if they were one set.
      const same = overRows !== null && model.overlap > 0 ? sets * overRows : overRows;
      const known = rows === null || (ownRows && uncertainty !== 'rows') ? 0 : same;
      if (known === null || (estimated === null && uncertainty !== 'rows')) return null;
      if (known > 0) drawn = rows?.drawn ?? null;
      return { estimated: uncertainty === 'rows' ? [] : (estimated ?? []), known };
    });
  });
  const independent = compared.some((model) => model.design === 'independent' && hasGain(model));
  return {
    errors,
    priorDegreesOfFreedom: independent && uncertainty !== 'rows' ? pool.priorDegreesOfFreedom : 0,
    drawn,
  };
}

/** Runs that share the data alone: each mean has an error of its own. Null with fewer than two runs. */
function twoSamples(
  { model, reference }: Measure,
  ofModel: RunVariance | null,
  ofReference: RunVariance | null,
): readonly EstimatedVariance[] | null {
  if (ofModel === null || ofReference === null) return null;
  if (isSame(model, reference)) return [];
  return [
    { own: ofModel, runs: model.values.length },
    { own: ofReference, runs: reference.values.length },
  ].map(({ own, runs }) => ({ ...own, variance: own.variance / runs, runs, overlap: 0 }));
}

/** The same runs, under two labels. */
function isSame(one: Sample, other: Sample): boolean {
  const isEqual = ({ seed }: SeededRun, run: number) =>
    seed === other.runs[run]?.seed && one.values[run] === other.values[run];
  return one.runs.length === other.runs.length && one.runs.every(isEqual);
}

/**
 * Runs of one seed see one draw of the data: the differences are one sample (Student 1908). If one file is split anew, training sets overlap, and
 * the variance of the mean of n differences is s^2 (1 / n + test rows / training rows) (Nadeau and Bengio 2003).
 */
function pairs({ model, reference }: Measure, { design, overlap }: Compared): readonly EstimatedVariance[] | null {
  const differences = model.values.map((value, pair) => value - (reference.values[pair] ?? 0));
  const drawn = design === 'draws' ? ofDraws(model.runs, differences) : differences;
  const own = varianceOf(drawn);
  if (own === null) return null;
  const magnitude = Math.max(...[...model.values, ...reference.values].map(Math.abs));
  if (isConstant(differences, magnitude)) return [];
  const runs = drawn.length;
  return [{ ...own, variance: own.variance * (1 / runs + overlap), runs, overlap }];
}

/** A value for each draw of the data, whose mean is that of the differences: runs of one draw are not independent. */
function ofDraws(runs: Sample['runs'], differences: readonly number[]): readonly number[] {
  const sets = runs.map(({ run }) => testSetOf(run));
  const draws = [...new Set(sets)];
  if (draws.length === sets.length) return differences;
  const all = mean(differences);
  const scale = draws.length / sets.length;
  return draws.map((draw) =>
    differences.reduce((sum, value, run) => sum + (sets[run] === draw ? scale * (value - all) : 0), all),
  );
}

/**
 * The variance of each gain due to the draw of the test rows, for fixed models: [compared][task, then the mean of tasks]. Null if a metric has no
 * influence of rows, or too few of them.
 *
 * The influence of a row on a gain is that on the mean of the model's runs minus that on the mean of the reference's. The squared influences add
 * up to the variance. For AUC this is DeLong's (1988) method; for a mean over rows, the paired one. If the data name groups (users), groups are
 * drawn instead of rows, so influences are summed per group first. Rows of different test sets are independent.
 *
 * Every run is read and sorted once. One run is in memory at a time.
 * @throws DataError for a run without predictions, or if its rows are not those of its test set.
 */
async function rowErrors(compared: readonly Compared[], { tasks }: Point) {
  const hasInfluence = tasks.map(({ metric }) => metric.influence !== undefined);
  const sides = new Map<string, Side>();
  const ids = new Map<EvaluatedRun, number>();
  const sideOf = ({ runs }: Sample, place: number, factors: Compared['factors']) => {
    const own = new Set(runs.map(({ run }) => run));
    for (const run of own) ids.set(run, ids.get(run) ?? ids.size);
    const key = JSON.stringify([place, place < tasks.length ? null : factors, ...[...own].map((run) => ids.get(run))]);
    const side = sides.get(key) ?? new Side(own, (rows) => rows[place] ?? weighted(rows, factors ?? []));
    sides.set(key, side);
    return side;
  };
  const cells = compared.map(({ measures, factors }) =>
    measures.map(({ model, reference, gain }, place) => ({
      sides: [sideOf(model, place, factors), sideOf(reference, place, factors)] as const,
      variance: gain !== null && (hasInfluence[place] ?? !hasInfluence.includes(false)) ? 0 : null,
    })),
  );
  let drawn: 'rows' | 'groups' = 'rows';
  for (const runs of testSets(compared)) {
    const influencesOf = reader(tasks);
    for (const run of runs) {
      const { ofTasks, groups } = await influencesOf(run);
      if (groups) drawn = 'groups';
      const signed = ofTasks.map((rows, task) => {
        const sign = tasks[task] ? signOf(tasks[task].metric) : 1;
        return rows && (groups ? ofGroups(rows, groups) : rows).map((value) => sign * value);
      });
      for (const side of sides.values()) side.add(run, signed);
    }
    for (const cell of cells.flat()) {
      const [model, reference] = cell.sides.map(({ influences }) => influences);
      if (model === null || reference === null) cell.variance = null;
      if (cell.variance === null) continue;
      for (let row = 0; row < Math.max(model?.length ?? 0, reference?.length ?? 0); row++)
        cell.variance += ((model?.[row] ?? 0) - (reference?.[row] ?? 0)) ** 2;
    }
    for (const side of sides.values()) side.influences = undefined;
  }
  return { variances: cells.map((row) => row.map(({ variance }) => variance)), drawn };
}

/** Of the influence of each row on each task: that on a task, or on the mean of tasks. */
type RowsOf = (ofTasks: readonly (Float64Array | null)[]) => Float64Array | null;

/** Runs of a model. A gain is the difference of two; several gains share one. */
class Side {
  /** [row] of the current test set: the mean influence on its runs. Undefined: none has this test set. Null: the metric has no influence. */
  influences: Float64Array | null | undefined;

  private readonly runs: ReadonlySet<EvaluatedRun>;
  private readonly rowsOf: RowsOf;

  constructor(runs: ReadonlySet<EvaluatedRun>, rowsOf: RowsOf) {
    this.runs = runs;
    this.rowsOf = rowsOf;
  }

  /** @param ofTasks The influence of each row on the run. */
  add(run: EvaluatedRun, ofTasks: readonly (Float64Array | null)[]): void {
    if (this.influences === null || !this.runs.has(run)) return;
    const rows = this.rowsOf(ofTasks);
    if (rows === null) this.influences = null;
    else {
      const sum = this.influences ?? new Float64Array(rows.length);
      for (let row = 0; row < sum.length; row++) sum[row] = (sum[row] ?? 0) + (rows[row] ?? 0) / this.runs.size;
      this.influences = sum;
    }
  }
}

function weighted(ofTasks: readonly (Float64Array | null)[], factors: readonly number[]): Float64Array | null {
  const known = ofTasks.filter((rows) => rows !== null);
  if (known.length < ofTasks.length) return null;
  return Float64Array.from(known[0] ?? [], (_, row) =>
    known.reduce((sum, rows, task) => sum + (factors[task] ?? 0) * (rows[row] ?? 0), 0),
  );
}

/** The sum over each group, at the group's first row. */
function ofGroups(rows: Float64Array, groups: Int32Array): Float64Array {
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

/** One group says nothing of others. */
function hasOneGroup({ groups, mask }: TaskPredictions['scores']): boolean {
  return groups !== undefined && new Set(groups.filter((_, row) => (mask[row] ?? 0) > 0)).size < 2;
}

/** Influences of one run. */
interface Influences {
  /** Null where the metric is undefined. */
  readonly ofTasks: readonly (Float64Array | null)[];
  /** The group of each row, if the data have groups. */
  readonly groups: Int32Array | undefined;
}

/** All runs that a gain is of, each once, by test set. */
function testSets(compared: readonly Compared[]): readonly (readonly EvaluatedRun[])[] {
  const sets = new Map<string, Set<EvaluatedRun>>();
  const add = ({ run }: SeededRun) => {
    const set = sets.get(testSetOf(run)) ?? new Set();
    sets.set(testSetOf(run), set.add(run));
  };
  for (const { measures } of compared)
    for (const { model, reference } of measures) for (const run of [...reference.runs, ...model.runs]) add(run);
  return Array.from(sets.values(), (set) => [...set]);
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
      return hasOneGroup(found.scores) ? null : (metric.influence?.(found.task, found.scores) ?? null);
    });
    return { ofTasks, groups: [...predictions.values()][0]?.scores.groups };
  };
}
