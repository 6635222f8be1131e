import type { EvaluatedRun } from '../training/finished-run.js';
import type { TaskPredictions } from '../training/predictions.js';
import type { Compared } from './compare-model.js';
import type { Pair } from './compared-runs.js';
import type { GainError } from './statistics/gain-error.js';
import { type JudgedTask, signOf } from './task-gain.js';
import { predictionsByTask, refuseOtherRows, testSetOf } from './test-rows.js';

/**
 * The error of each mean gain by the draw of the test rows, the models being what they are: [model][task], of a normal distribution.
 * A gain's influence of a row is the mean over pairs of the model's influence less the baseline's; the squares add up to the variance.
 * Of an AUC this is DeLong's (1988) for the mean of the differences, of a mean over rows the paired one. Rows of other test sets are
 * independent. Null where the metric has no influence of rows, or too few of them.
 *
 * Every run is read and sorted once.
 * @throws DataError for a run without predictions, or on other rows than its test set's.
 */
export async function rowErrors(
  compared: readonly Compared[],
  tasks: readonly JudgedTask[],
): Promise<(GainError | null)[][]> {
  const cells = compared.map(({ differences }) =>
    differences.map(({ pairs }, task) => new Cell(pairs, tasks[task]?.metric.influence !== undefined)),
  );
  for (const testSet of testSets(compared)) {
    const influencesOf = reader(tasks);
    for (const [baseline, models] of testSet) {
      const ofBaseline = await influencesOf(baseline);
      for (const { model, pair } of models) {
        const ofModel = await influencesOf(pair.model);
        for (const [task, { metric }] of tasks.entries()) {
          cells[model]?.[task]?.add(pair, signOf(metric), ofModel[task] ?? null, ofBaseline[task] ?? null);
        }
      }
    }
    for (const cell of cells.flat()) cell.endTestSet();
  }
  return cells.map((row) => row.map((cell) => cell.error()));
}

/** One model's gain on one task. */
class Cell {
  private variance: number | null;
  /** [row] of the test set at hand. */
  private influence: Float64Array | undefined;
  private readonly pairs: readonly Pair[];

  constructor(pairs: readonly Pair[], hasInfluence: boolean) {
    this.pairs = pairs;
    this.variance = pairs.length > 0 && hasInfluence ? 0 : null;
  }

  add(pair: Pair, sign: number, model: Float64Array | null, baseline: Float64Array | null): void {
    if (this.variance === null || !this.pairs.includes(pair)) return;
    if (model === null || baseline === null) {
      this.variance = null;
      return;
    }
    this.influence ??= new Float64Array(model.length);
    const sum = this.influence;
    const weight = sign / this.pairs.length;
    for (let row = 0; row < sum.length; row++) {
      sum[row] = (sum[row] ?? 0) + weight * ((model[row] ?? 0) - (baseline[row] ?? 0));
    }
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

type TestSet = ReadonlyMap<EvaluatedRun, readonly { readonly model: number; readonly pair: Pair }[]>;

/** Pairs by test set, then by the baseline's run, in the order of models and seeds. */
function testSets(compared: readonly Compared[]): Iterable<TestSet> {
  const sets = new Map<string, Map<EvaluatedRun, { model: number; pair: Pair }[]>>();
  for (const [model, { pairs }] of compared.entries()) {
    for (const pair of pairs) {
      const key = testSetOf(pair.baseline);
      const set = sets.get(key) ?? new Map<EvaluatedRun, { model: number; pair: Pair }[]>();
      sets.set(key, set);
      set.set(pair.baseline, [...(set.get(pair.baseline) ?? []), { model, pair }]);
    }
  }
  return sets.values();
}

/** Reads the influences of runs on one test set, task by task; null where they are not defined. */
function reader(tasks: readonly JudgedTask[]): (run: EvaluatedRun) => Promise<(Float64Array | null)[]> {
  let first: { readonly run: EvaluatedRun; readonly predictions: ReadonlyMap<string, TaskPredictions> } | undefined;
  return async (run) => {
    const predictions = await predictionsByTask(run);
    first ??= { run, predictions };
    const { run: firstRun, predictions: firstPredictions } = first;
    return tasks.map(({ name, metric }) => {
      const [found, other] = [predictions.get(name), firstPredictions.get(name)];
      if (!found || !other) throw new Error(`Task '${name}' was not read.`);
      refuseOtherRows([firstRun, other], [run, found]);
      return metric.influence?.(found.task, found.scores) ?? null;
    });
  };
}
