import { metrics } from '../../metrics/catalogue.js';
import type { Metric } from '../../metrics/metric.js';
import { DataError } from '../../support/errors.js';
import type { EvaluatedRun } from '../../training/finished-run.js';
import type { TaskGain } from '../comparison.js';
import { mean, standardDeviation } from '../statistics/gain-error.js';
import type { Entry, Pair } from './compared-runs.js';

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
  /** Mean of the reference over these pairs; null without pairs, and for the aggregate. */
  readonly reference: number | null;
}

export function differencesOf(pairs: readonly Pair[], task: JudgedTask): Differences {
  const sign = signOf(task.metric);
  const defined = pairs.flatMap((pair) => {
    const [model, reference] = [testValue(pair.model, task), testValue(pair.reference, task)];
    return model === null || reference === null ? [] : [{ pair, model, reference }];
  });
  return {
    pairs: defined.map(({ pair }) => pair),
    values: defined.map(({ model, reference }) => sign * (model - reference)),
    magnitude: Math.max(...defined.flatMap(({ model, reference }) => [Math.abs(model), Math.abs(reference)]), 0),
    reference: defined.length > 0 ? mean(defined.map(({ reference }) => reference)) : null,
  };
}

/**
 * The weighted mean over tasks of the relative gain in percent, pair by pair, over the pairs that all tasks have. What each task's gain is
 * relative to is the reference's mean over that task's own pairs. No pairs where a task has no relative gain.
 */
export function aggregateOf(
  ofTasks: readonly Differences[],
  tasks: readonly JudgedTask[],
  weights: readonly number[],
): Differences {
  const factors = aggregateFactors(ofTasks, tasks, weights);
  const pairs =
    factors === null
      ? []
      : (ofTasks[0]?.pairs ?? []).filter((pair) => ofTasks.every((own) => own.pairs.includes(pair)));
  const sum = (of: (own: Differences) => number) =>
    ofTasks.reduce((total, own, task) => total + (factors?.[task] ?? 0) * of(own), 0);
  return {
    pairs,
    values: pairs.map((pair) => sum((own) => own.values[own.pairs.indexOf(pair)] ?? 0)),
    magnitude: sum((own) => own.magnitude),
    reference: null,
  };
}

/** By which a gain on each task enters the aggregate; null where one is relative to nothing. */
export function aggregateFactors(
  ofTasks: readonly Differences[],
  tasks: readonly JudgedTask[],
  weights: readonly number[],
): readonly number[] | null {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const factors = tasks.map(({ metric }, task) => {
    const weight = weights[task] ?? 0;
    const one = weight === 0 ? 0 : relativeGain(1, ofTasks[task]?.reference ?? 0, metric);
    return one === null ? null : (one * weight) / total;
  });
  return factors.every((factor) => factor !== null) ? factors : null;
}

/** 1 if a higher value is better, -1 if a lower one is. */
export function signOf({ better }: Metric): number {
  return better === 'lower' ? -1 : 1;
}

/** Percent of what the metric's gains are relative to; null where that is not above 0. */
export function relativeGain(gain: number, reference: number, { relativeTo }: Metric): number | null {
  const whole = relativeTo?.(reference) ?? 0;
  return whole > 0 ? (100 * gain) / whole : null;
}
