import { groupedBy } from '../../support/json.js';
import type { Influences, ReadRun } from './influences.js';
import type { JudgedTask } from './judged-task.js';
import { type Factors, type Sample, weightedTasks } from './sample.js';

/** A difference of two samples, whose runs measured a weighted sum of tasks. */
export interface WeightedGain {
  readonly gain: number | null;
  /** The runs of both models. If data are drawn anew for each seed, only seeds that both have, in one order. */
  readonly modelSample: Sample;
  readonly referenceSample: Sample;
  /** By task, in the values of both samples. */
  readonly factors: Factors;
}

/** One side of a gain: by run and task, the weight of an influence in the side's mean. */
type Side = ReadonlyMap<ReadRun, ReadonlyMap<number, number>>;

/** [row] of a test set: a side's mean influence. Null: a metric has no influence. */
type MeanInfluence = Float64Array | null;

/** Over the draw of the test rows. */
interface RowVariance {
  readonly variance: number;
  /** The part of one row, or group, of all: that of the largest. */
  readonly largest: number;
}

export interface RowVariances {
  /** Null if a metric has no influence of rows, or too few of them. */
  readonly variances: ReadonlyMap<WeightedGain, RowVariance | null>;
  readonly drawn: Influences['drawn'];
}

/**
 * The variance of each gain due to the draw of the test rows, for fixed models.
 *
 * The influence of a row on a gain is that on the mean of the model's runs minus that on the mean of the reference's.
 * The squared influences add up to the variance. For AUC this is DeLong's (1988) method; for a mean over rows, the
 * paired one. Rows of different test sets are independent.
 *
 * Every run is read and sorted once. One run is in memory at a time.
 */
export async function rowVariances(
  gains: readonly WeightedGain[],
  tasks: readonly JudgedTask[],
): Promise<RowVariances> {
  const sideOf = sideKeeper();
  const pairs = gains.map(
    ({ modelSample, referenceSample, factors }) =>
      [sideOf(modelSample, factors), sideOf(referenceSample, factors)] as const,
  );
  const sides = new Set(pairs.flatMap(([model, reference]) => [reference, model]));
  const runs = new Set([...sides].flatMap((side) => [...side.keys()]));
  let variances = gains.map(({ gain, factors }): RowVariance | null =>
    gain !== null && haveInfluence(factors, tasks) ? { variance: 0, largest: 0 } : null,
  );
  let drawn: Influences['drawn'] = 'rows';
  for (const ofTestSet of groupedBy(runs, ({ testSet }) => testSet)) {
    const means = new Map<Side, MeanInfluence>();
    for (const run of ofTestSet) {
      const influences = await run.influences();
      if (influences.drawn === 'groups') drawn = 'groups';
      for (const side of sides) {
        const weights = side.get(run);
        if (weights) means.set(side, withRun(means.get(side), weights, influences.ofTasks));
      }
    }
    variances = variances.map((variance, gain) => {
      const [model, reference] = pairs[gain] ?? [];
      return withTestSet(variance, model && means.get(model), reference && means.get(reference));
    });
  }
  return { variances: new Map(gains.map((gain, index) => [gain, variances[index] ?? null])), drawn };
}

/** Several gains have one side, such as the baseline's. */
function sideKeeper(): (sample: Sample, factors: Factors) => Side {
  const sides = new Map<string, Side>();
  const ids = new Map<ReadRun, number>();
  const idOf = (run: ReadRun) => {
    const id = ids.get(run) ?? ids.size;
    ids.set(run, id);
    return id;
  };
  return (sample, factors) => {
    const weights = sideOfSample(sample, factors);
    const key = JSON.stringify([...weights].map(([run, ofTasks]) => [idOf(run), ...ofTasks]));
    const side = sides.get(key) ?? weights;
    sides.set(key, side);
    return side;
  };
}

function sideOfSample({ runs }: Sample, factors: Factors): Side {
  const side = new Map<ReadRun, Map<number, number>>();
  for (const sampled of runs)
    for (const { factor, task } of weightedTasks(factors))
      for (const { run, weight } of sampled.parts(task)) {
        const ofTasks = side.get(run) ?? new Map<number, number>();
        side.set(run, ofTasks);
        ofTasks.set(task, (ofTasks.get(task) ?? 0) + (factor * weight) / runs.length);
      }
  return side;
}

function haveInfluence(factors: Factors, tasks: readonly JudgedTask[]): boolean {
  return weightedTasks(factors).every(({ task }) => tasks[task]?.metric.influence);
}

/** A side's mean influence, with that of another of its runs. */
function withRun(
  before: MeanInfluence | undefined,
  weights: ReadonlyMap<number, number>,
  ofTasks: Influences['ofTasks'],
): MeanInfluence {
  const weighted = [...weights].flatMap(([task, weight]) => {
    const rows = ofTasks[task];
    return rows ? [{ weight, rows }] : [];
  });
  if (before === null || weighted.length < weights.size) return null;
  const sum = before ?? new Float64Array(weighted[0]?.rows.length ?? 0);
  for (const { weight, rows } of weighted)
    for (let row = 0; row < sum.length; row++) sum[row] = (sum[row] ?? 0) + weight * (rows[row] ?? 0);
  return sum;
}

/** Undefined influences: the side has no run with this test set. */
function withTestSet(
  before: RowVariance | null,
  model: MeanInfluence | undefined,
  reference: MeanInfluence | undefined,
): RowVariance | null {
  if (before === null || model === null || reference === null) return null;
  let { variance, largest } = before;
  for (let row = 0; row < Math.max(model?.length ?? 0, reference?.length ?? 0); row++) {
    const ofRow = ((model?.[row] ?? 0) - (reference?.[row] ?? 0)) ** 2;
    variance += ofRow;
    largest = Math.max(largest, ofRow);
  }
  return { variance, largest };
}
