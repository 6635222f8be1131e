import type { Influences, JudgedTask, MeasuredRun } from './measured.js';

/** The mean of a model's runs less that of a reference's. */
interface Difference {
  readonly model: { readonly runs: readonly MeasuredRun[] };
  readonly reference: { readonly runs: readonly MeasuredRun[] };
  /** Of each task. */
  readonly factors: readonly number[] | null;
  /** Null if one has no runs. */
  readonly gain: number | null;
}

/** Runs of one side of a gain, and their weighted tasks. Several gains share one. */
interface Side {
  readonly runs: ReadonlySet<MeasuredRun>;
  readonly parts: readonly { readonly factor: number; readonly task: number }[];
  /**
   * [row] of the current test set: the mean influence on its runs. Undefined: none has this test set. Null: a metric
   * has no influence.
   */
  influences: Float64Array | null | undefined;
}

/**
 * The variance of each gain due to the draw of the test rows, for fixed models. Null if a metric has no influence of
 * rows, or too few of them.
 *
 * The influence of a row on a gain is that on the mean of the model's runs minus that on the mean of the reference's.
 * The squared influences add up to the variance. For AUC this is DeLong's (1988) method; for a mean over rows, the
 * paired one. Rows of different test sets are independent.
 *
 * Every run is read and sorted once. One run is in memory at a time.
 */
export async function rowVariances<Gain extends Difference>(
  gains: readonly Gain[],
  tasks: readonly JudgedTask[],
): Promise<{ readonly variances: ReadonlyMap<Gain, number | null>; readonly drawn: Influences['drawn'] }> {
  const sides = new Map<string, Side>();
  const ids = new Map<MeasuredRun, number>();
  const findSide = ({ model, factors }: Pick<Difference, 'model' | 'factors'>): Side => {
    const runs = new Set(model.runs);
    for (const run of runs) ids.set(run, ids.get(run) ?? ids.size);
    const key = JSON.stringify([factors, ...[...runs].map((run) => ids.get(run))]);
    const parts = factorParts(factors);
    const side = sides.get(key) ?? { runs, parts, influences: undefined };
    sides.set(key, side);
    return side;
  };
  const cells = gains.map((of) => {
    const { model, reference, factors, gain } = of;
    const both = [findSide({ model, factors }), findSide({ model: reference, factors })] as const;
    const hasInfluence = both[0].parts.every(({ task }) => tasks[task]?.metric.influence);
    return { of, both, variance: gain !== null && hasInfluence ? 0 : null };
  });
  const runs = new Set(gains.flatMap(({ model, reference }) => [...reference.runs, ...model.runs]));
  const testSets = new Set([...runs].map(({ testSet }) => testSet));
  let drawn: Influences['drawn'] = 'rows';
  for (const set of testSets) {
    for (const run of runs) {
      if (run.testSet !== set) continue;
      const found = await run.influences();
      if (found.drawn === 'groups') drawn = 'groups';
      for (const side of sides.values()) add(side, run, found.ofTasks);
    }
    for (const cell of cells) {
      const [model, reference] = cell.both.map(({ influences }) => influences);
      if (model === null || reference === null) cell.variance = null;
      if (cell.variance === null) continue;
      for (let row = 0; row < Math.max(model?.length ?? 0, reference?.length ?? 0); row++)
        cell.variance += ((model?.[row] ?? 0) - (reference?.[row] ?? 0)) ** 2;
    }
    for (const side of sides.values()) side.influences = undefined;
  }
  return { variances: new Map(cells.map(({ of, variance }) => [of, variance])), drawn };
}

/** The tasks that count in a weighted sum. */
export function factorParts(factors: readonly number[] | null): Side['parts'] {
  return (factors ?? []).flatMap((factor, task) => (factor === 0 ? [] : [{ factor, task }]));
}

function add(side: Side, run: MeasuredRun, ofTasks: Influences['ofTasks']): void {
  if (side.influences === null || !side.runs.has(run)) return;
  const known = side.parts.flatMap(({ factor, task }) => {
    const rows = ofTasks[task];
    return rows ? [{ factor, rows }] : [];
  });
  if (known.length < side.parts.length) {
    side.influences = null;
    return;
  }
  const sum = side.influences ?? new Float64Array(known[0]?.rows.length ?? 0);
  for (let row = 0; row < sum.length; row++) {
    let own = 0;
    for (const { factor, rows } of known) own += factor * (rows[row] ?? 0);
    sum[row] = (sum[row] ?? 0) + own / side.runs.size;
  }
  side.influences = sum;
}
