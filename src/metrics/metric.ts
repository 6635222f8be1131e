import type { Margin } from '../config/parts.js';
import type { Task } from '../data/dataset.js';
import { part } from '../support/catalogue.js';
import type { BinarySample, GroupedSample, RegressionSample, TaskScores } from './samples.js';

/** A value of a metric: a number, an interval [low, high], or null where it is not defined. Never NaN or infinite. */
export type MetricValue = number | readonly [number, number] | null;

/** A share lies between 0 and 1, an error above 0, and 1 less an error below 1. */
export type Range = 'share' | 'error' | 'below 1';

interface Common {
  /** The field in `result.json`. */
  readonly name: string;
  /** A line of `ple list metrics`. */
  readonly summary: string;
  /** Null: models are not compared by this value. */
  readonly better: 'higher' | 'lower' | null;
  /** Set on one metric of each type: tasks are compared by it unless the config chooses another. */
  readonly usual?: true;
  /** Set where models are compared: smaller gains count as none, unless the config says otherwise. */
  readonly margin?: Margin;
  /**
   * Set on one metric of each type: the score that selects epochs and ranks trials. Higher is better, whatever `better`
   * is. All have one unit, .001 of an AUC or 1 % of an error, so that scores of tasks can be added.
   */
  readonly score?: (value: number) => number;
  /** Set where `score` is: the best value of a constant prediction. */
  readonly ofConstant?: number;
  /** Set on one metric of each type: the task's mean training loss. */
  readonly loss?: (value: number, task: Task) => number;
  /** Where the value lies: so does its interval (`row-influence.ts`). Absent: anywhere. */
  readonly range?: Range;
  /**
   * Set if the metric has an error over rows: each row's influence (`row-influence.ts`); null where it is not defined.
   */
  readonly influence?: (task: Task, scores: TaskScores) => Float64Array | null;
  /** About the error over rows of a gain, before training, between models that both have this value. */
  readonly errorBeforeTraining?: (rows: ClassCounts, value: number) => number;
}

/** Rows of a binary task's sample space. */
export interface ClassCounts {
  readonly positives: number;
  readonly negatives: number;
}

interface BinaryMetric extends Common {
  readonly type: 'binary';
  /** Is called only with a sample that is not empty and has no NaN. A value that is not finite becomes null. */
  readonly compute: (sample: BinarySample) => MetricValue;
}

interface GroupedMetric extends Common {
  readonly type: 'binary';
  /** As above, for rows that each have a group; the metric is left out for others. */
  readonly computeGrouped: (sample: GroupedSample) => MetricValue;
}

interface ThresholdMetric extends Common {
  readonly type: 'binary';
  /**
   * The decision threshold, chosen on the validation split: a row with at least this probability is predicted positive.
   * It is stored there as `<name>Threshold`. Null without a best threshold. It gets samples as `compute` does.
   */
  readonly chooseThreshold: (validation: BinarySample) => number | null;
  /** As `compute`, with a threshold that was chosen. */
  readonly computeAt: (sample: BinarySample, threshold: number) => MetricValue;
}

interface RegressionMetric extends Common {
  readonly type: 'regression';
  /** As above. */
  readonly compute: (sample: RegressionSample) => MetricValue;
}

interface GroupedRegressionMetric extends Common {
  readonly type: 'regression';
  /** As above, for rows that each have a group; the metric is left out for others. */
  readonly computeGrouped: (task: Task, scores: TaskScores) => MetricValue;
}

/** What metrics of a multiclass task read. Rows are those of the split; those with mask 0 do not count. */
export interface ClassScores {
  readonly classes: number;
  readonly rows: number;
  /** A class's index. */
  label(row: number): number;
  /** The row's weight in the task's sample space, 0 outside it. */
  weight(row: number): number;
  logit(row: number, index: number): number;
}

interface MulticlassMetric extends Common {
  readonly type: 'multiclass';
  /** As above. */
  readonly compute: (scores: ClassScores) => MetricValue;
}

export type Metric =
  | BinaryMetric
  | GroupedMetric
  | ThresholdMetric
  | RegressionMetric
  | GroupedRegressionMetric
  | MulticlassMetric;

export const isBinaryMetric = (metric: Metric): metric is BinaryMetric =>
  metric.type === 'binary' && 'compute' in metric;
export const isGroupedMetric = (metric: Metric): metric is GroupedMetric =>
  metric.type === 'binary' && 'computeGrouped' in metric;
export const isThresholdMetric = (metric: Metric): metric is ThresholdMetric => 'computeAt' in metric;
export const isRegressionMetric = (metric: Metric): metric is RegressionMetric =>
  metric.type === 'regression' && 'compute' in metric;
export const isGroupedRegressionMetric = (metric: Metric): metric is GroupedRegressionMetric =>
  metric.type === 'regression' && 'computeGrouped' in metric;
export const isMulticlassMetric = (metric: Metric): metric is MulticlassMetric => metric.type === 'multiclass';

export function defineMetric<Definition extends Metric>(definition: Definition): Definition {
  return part('metric', definition);
}
