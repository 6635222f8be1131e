import type { Design } from '../comparison.js';
import { mean } from '../statistics/variances.js';
import type { JudgedTask } from './judged-task.js';
import type { MeasuredModel, MeasuredRun } from './measured-model.js';

/** Null if a task's gain is relative to nothing. */
export type Factors = readonly number[] | null;

/** Runs, and what each measured: a task's metric, turned so that higher is better, or a weighted sum of tasks. */
export interface Sample {
  readonly runs: readonly MeasuredRun[];
  readonly values: readonly number[];
}

export const noRuns: Sample = { runs: [], values: [] };

/** The factors of a task alone. */
export function onlyTask(task: JudgedTask, tasks: readonly JudgedTask[]): Factors {
  return tasks.map((other) => Number(task === other));
}

/** The weighted sum over tasks, of the runs that have all of them. No runs without factors. */
export function weightedSample({ runs }: MeasuredModel, factors: Factors): Sample {
  const terms = weightedTasks(factors);
  const whole = factors === null ? [] : runs.filter(({ values }) => terms.every(({ task }) => values[task] !== null));
  const weightedSum = ({ values }: MeasuredRun) =>
    terms.reduce((sum, { factor, task }) => sum + factor * (values[task] ?? 0), 0);
  return { runs: whole, values: whole.map(weightedSum) };
}

/** The tasks that count in a weighted sum. */
export function weightedTasks(factors: Factors): readonly { readonly factor: number; readonly task: number }[] {
  return (factors ?? []).flatMap((factor, task) => (factor === 0 ? [] : [{ factor, task }]));
}

/** Two samples of runs; if data are drawn anew for each seed, of the seeds that both have, in the order of the first. */
export function sidesOf(design: Design, model: Sample, reference: Sample): readonly [Sample, Sample] {
  if (design === 'independent') return [model, reference];
  const placeOf = ({ runs }: Sample, seed: number) => runs.findIndex((run) => run.seed === seed);
  const seeds = model.runs.flatMap(({ seed }) => (placeOf(reference, seed) < 0 ? [] : seed));
  const only = (sample: Sample): Sample => ({
    runs: seeds.flatMap((seed) => sample.runs[placeOf(sample, seed)] ?? []),
    values: seeds.flatMap((seed) => sample.values[placeOf(sample, seed)] ?? []),
  });
  return [only(model), only(reference)];
}

/** The difference of the means. Null if a sample has no run. */
export function meanDifference({ values }: Sample, { values: others }: Sample): number | null {
  return values.length > 0 && others.length > 0 ? mean(values) - mean(others) : null;
}
