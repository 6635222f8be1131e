import type { Task } from '../data/dataset.js';
import { softplus } from './binary.js';
import { metrics } from './catalogue.js';
import {
  isBinaryMetric,
  isGroupedMetric,
  isGroupedRegressionMetric,
  isMulticlassMetric,
  isRegressionMetric,
  isThresholdMetric,
  type Metric,
  type MetricValue,
} from './metric.js';
import { classScores, rowsOfClasses } from './multiclass.js';
import {
  type BinarySample,
  binarySample,
  groupedSample,
  meanOverRows,
  regressionSample,
  type TaskScores,
} from './samples.js';

/** By field of `result.json`. */
export type TaskMetrics = Readonly<Record<string, MetricValue>>;

/**
 * All metrics of a task over the rows of its own sample space, with the counts of these rows. A metric that is not
 * defined is null: the AUC of one class, an error relative to no variance, and all metrics without rows or with NaN.
 * @param thresholds of metrics that need one: `chosen` from these rows, which are the validation split, or stored in
 * the task's metrics of that split. A metric without a threshold is left out.
 */
export function evaluateTask(task: Task, scores: TaskScores, thresholds: 'chosen' | TaskMetrics = {}): TaskMetrics {
  const defined = isDefined(scores);
  if (task.type === 'binary') {
    const sample = binarySample(scores);
    const samples = sample.positives.length + sample.negatives.length;
    return {
      ...values(isBinaryMetric, defined, (metric) => metric.compute(sample)),
      ...thresholdMetrics(sample, defined, thresholds),
      ...groupedMetrics(scores, defined),
      ...ownLoss(task, scores, defined),
      samples,
      positives: sample.positives.length,
    };
  }
  if (task.type === 'multiclass') {
    const shaped = classScores(task, scores);
    return {
      ...values(isMulticlassMetric, defined, (metric) => metric.compute(shaped)),
      samples: rowsIn(scores.mask),
      classes: rowsOfClasses(shaped).filter((rows) => rows > 0).length,
    };
  }
  const sample = regressionSample(task, scores);
  return {
    ...values(isRegressionMetric, defined, (metric) => metric.compute(sample)),
    ...(scores.groups
      ? values(isGroupedRegressionMetric, defined, (metric) => metric.computeGrouped(task, scores))
      : {}),
    ...ownLoss(task, scores, defined),
    samples: sample.labels.length,
    labelVariance: finite(sample.labelVariance),
  };
}

/** Threshold metrics, with the thresholds if they are chosen here. */
function thresholdMetrics(sample: BinarySample, defined: boolean, stored: 'chosen' | TaskMetrics): TaskMetrics {
  return Object.fromEntries(
    metrics.all.filter(isThresholdMetric).flatMap((metric): [string, MetricValue][] => {
      const field = `${metric.name}Threshold`;
      const threshold = stored === 'chosen' ? (defined ? metric.chooseThreshold(sample) : null) : stored[field];
      if (threshold === undefined) return [];
      const value = defined && typeof threshold === 'number' ? finite(metric.computeAt(sample, threshold)) : null;
      return stored === 'chosen'
        ? [
            [metric.name, value],
            [field, threshold],
          ]
        : [[metric.name, value]];
    }),
  );
}

/** Nothing for rows that have no groups. */
function groupedMetrics(scores: TaskScores, defined: boolean): TaskMetrics {
  if (!scores.groups) return {};
  const sample = defined ? groupedSample(scores) : null;
  return {
    ...values(isGroupedMetric, defined, (metric) => (sample ? metric.computeGrouped(sample) : null)),
    groups: sample?.compared ?? 0,
    groupsSkipped: sample ? sample.areas.length - sample.compared : 0,
  };
}

/** The values of all metrics of a kind; null if they are not defined for these rows. */
function values<Kind extends Metric>(
  isKind: (metric: Metric) => metric is Kind,
  defined: boolean,
  evaluate: (metric: Kind) => MetricValue,
): TaskMetrics {
  const ofKind = metrics.all.filter(isKind);
  return Object.fromEntries(ofKind.map((metric) => [metric.name, defined ? finite(evaluate(metric)) : null]));
}

function finite(value: MetricValue): MetricValue {
  return [value].flat().every(Number.isFinite) ? value : null;
}

/** True if there are rows, and none of them has NaN. */
function isDefined({ logits, labels, mask }: TaskScores): boolean {
  let rows = 0;
  for (let row = 0; row < labels.length; row++) {
    if (!((mask[row] ?? 0) > 0)) continue;
    if (Number.isNaN(labels[row])) return false;
    for (let i = row; i < logits.length; i += labels.length) if (Number.isNaN(logits[i])) return false;
    rows++;
  }
  return rows > 0;
}

interface Typed {
  readonly type: string;
}

/**
 * The score that selects a task's epochs and ranks trials: AUC in units of .001, macro AUC likewise, or -ln(nmse) in
 * units of .01, which are 1 % of the error. Higher is better; null if it is not defined.
 */
export function selectionScore(task: Typed, values: TaskMetrics): number | null {
  const { name, score } = scoring(task);
  return numberOrNull(values, name, score);
}

function scoring(task: Typed) {
  for (const { type, name, score } of metrics.all) if (type === task.type && score) return { name, score };
  throw new Error(`no metric scores ${task.type} tasks`);
}

/** The metric that a monitor `metric:<name>` selects epochs by; undefined for another monitor. */
export function selectingMetric(monitor: string):
  | {
      readonly type: string;
      /** A task's score; higher is better. Null if it is not defined. */
      readonly score: typeof selectionScore;
      /** A rise of a score by less is small: the metric's margin, or 1 %. */
      readonly small: (score: number) => number;
    }
  | undefined {
  if (!monitor.startsWith('metric:')) return undefined;
  const { name, type, better, margin = { percent: 1 } } = metrics.get(monitor.slice('metric:'.length));
  const sign = better === 'higher' ? 1 : -1;
  return {
    type,
    score: (_task, values) => numberOrNull(values, name, (value) => sign * value),
    small: (score) => ('absolute' in margin ? margin.absolute : (margin.percent / 100) * Math.abs(score)),
  };
}

/**
 * The mean training loss of a task: the config's loss, else logistic loss, cross entropy, or squared error in its
 * units. Null if it is not defined.
 */
export function taskLoss(task: Task, values: TaskMetrics): number | null {
  if ('loss' in values) return numberOrNull(values, 'loss', (value) => value);
  for (const { type, name, loss } of metrics.all) {
    if (type === task.type && loss) return numberOrNull(values, name, (value) => loss(value, task));
  }
  throw new Error(`no metric is the loss of ${task.type} tasks`);
}

function numberOrNull(values: TaskMetrics, name: string, map: (value: number) => number): number | null {
  const value = values[name];
  return typeof value === 'number' ? map(value) : null;
}

/** The mean of the loss that the config chooses; nothing for the usual losses, which are metrics. */
function ownLoss(task: Task, { logits, labels, mask }: TaskScores, defined: boolean): TaskMetrics {
  const loss = rowLossFunction(task);
  if (!loss) return {};
  const rows = { rows: labels.length, weight: (row: number) => mask[row] ?? 0 };
  const mean = meanOverRows(rows, (row) => loss(logits[row] ?? 0, labels[row] ?? 0));
  return { loss: defined ? finite(mean) : null };
}

function rowsIn(mask: TaskScores['mask']): number {
  let rows = 0;
  for (const weight of mask) if (weight > 0) rows++;
  return rows;
}

/**
 * A row's training loss, if it is not the usual one of the task's type. Without label smoothing and `positiveWeight`.
 */
function rowLossFunction({ rowLoss, offset, scale }: Task): ((logit: number, label: number) => number) | undefined {
  if (!rowLoss) return undefined;
  switch (rowLoss.type) {
    case 'focal': {
      const { gamma, alpha } = rowLoss;
      return (logit, label) => {
        const margin = label > 0.5 ? logit : -logit;
        const factor = alpha === undefined ? 1 : label > 0.5 ? alpha : 1 - alpha;
        return factor * softplus(-margin) * Math.exp(-gamma * softplus(margin));
      };
    }
    case 'huber':
      return (logit, label) => {
        const [size, { delta }] = [Math.abs(logit - (label - offset) / scale), rowLoss];
        return size <= delta ? size ** 2 / 2 : delta * (size - delta / 2);
      };
    case 'mae':
      return (logit, label) => Math.abs(logit - (label - offset) / scale);
    case 'poisson':
      return (logit, label) => Math.exp(logit) - label * logit + (label > 0 ? label * Math.log(label) - label : 0);
    case 'log-normal':
      return (logit, label) => (logit - (Math.log(label) - offset) / scale) ** 2;
  }
}
