import { metrics } from '../metrics/catalogue.js';
import type { Metric } from '../metrics/metric.js';
import { DataError } from '../support/errors.js';
import type { EvaluatedRun } from '../training/finished-run.js';
import type { Entry, Pair } from './compared-runs.js';
import type { TaskGain } from './comparison.js';
import { mean, standardDeviation } from './statistics/gain-error.js';

/** A task, and the metric by which it is judged. */
export interface JudgedTask {
  readonly name: string;
  readonly metric: Metric;
}

/** The metric that the config chooses, else the usual one of the task's type. */
export function judge(
  { name, type }: { readonly name: string; readonly type: string },
  chosen: Readonly<Record<string, string>>,
): JudgedTask {
  const metric = metrics.all.find((candidate) =>
    chosen[name] === undefined ? candidate.usual && candidate.type === type : candidate.name === chosen[name],
  );
  if (!metric || metric.better === null) throw new Error(`There is no metric to judge the ${type} task '${name}' by.`);
  return { name, metric };
}

/** A run's value on the test split; null where it is not defined. */
export function testValue({ path, result }: EvaluatedRun, { name, metric }: JudgedTask): number | null {
  const values = result.tasks[name];
  if (!values) throw new DataError(`${path} has no task '${name}': compare runs of the same tasks.`);
  const value = values.test[metric.name];
  return typeof value === 'number' ? value : null;
}

/** Over the runs of a model: mean, and standard deviation over n - 1. */
export function levelOf({ runs }: Entry, task: JudgedTask): Pick<TaskGain, 'mean' | 'sd'> {
  const values = runs.flatMap(({ run }) => (run ? (testValue(run, task) ?? []) : []));
  return {
    mean: values.length > 0 ? mean(values) : null,
    sd: values.length > 1 ? standardDeviation(values) : null,
  };
}

/** Pairs in which the metric is defined for both runs, and how much better the model is in each. */
export interface Differences {
  readonly pairs: readonly Pair[];
  /** Above 0: the model is better, whatever the metric's direction. */
  readonly values: readonly number[];
  /** Of the largest value subtracted: what rounding is relative to. */
  readonly magnitude: number;
  /** Mean of the baseline over these pairs. */
  readonly baseline: number | null;
}

export function differencesOf(pairs: readonly Pair[], task: JudgedTask): Differences {
  const sign = signOf(task.metric);
  const defined = pairs.flatMap((pair) => {
    const [model, baseline] = [testValue(pair.model, task), testValue(pair.baseline, task)];
    return model === null || baseline === null ? [] : [{ pair, model, baseline }];
  });
  return {
    pairs: defined.map(({ pair }) => pair),
    values: defined.map(({ model, baseline }) => sign * (model - baseline)),
    magnitude: Math.max(...defined.flatMap(({ model, baseline }) => [Math.abs(model), Math.abs(baseline)]), 0),
    baseline: defined.length > 0 ? mean(defined.map(({ baseline }) => baseline)) : null,
  };
}

/** 1 if a higher value is better, -1 if a lower one is. */
export function signOf({ better }: Metric): number {
  return better === 'lower' ? -1 : 1;
}

/** Percent of what the metric's gains are relative to; null where that is not above 0. */
export function relativeGain(gain: number, baseline: number, { relativeTo }: Metric): number | null {
  const whole = relativeTo?.(baseline) ?? 0;
  return whole > 0 ? (100 * gain) / whole : null;
}
