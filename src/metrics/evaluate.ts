import type { Task } from '../data/dataset.js';
import { binarySample } from './binary-sample.js';
import { binaryMetrics, groupedMetrics, regressionMetrics } from './catalogue.js';
import { groupedSample } from './grouped-sample.js';
import type { MetricValue } from './metric.js';
import { regressionSample } from './regression-sample.js';
import type { TaskScores } from './task-scores.js';

/** By field of `result.json`. */
export type TaskMetrics = Readonly<Record<string, MetricValue>>;

/**
 * All metrics of a task over the rows of its own sample space, and the counts that say what they rest on.
 * What is not defined (the AUC of one class, an error relative to no variance, anything of no rows or of NaN) is null.
 */
export function evaluateTask(task: Task, scores: TaskScores): TaskMetrics {
  const defined = isDefined(scores);
  if (task.type === 'binary') {
    const sample = binarySample(scores);
    const samples = sample.positives.length + sample.negatives.length;
    return {
      ...values(binaryMetrics, (metric) => (defined ? metric.compute(sample) : null)),
      ...groupedMetricsOf(scores, defined),
      samples,
      positives: sample.positives.length,
    };
  }
  const sample = regressionSample(task, scores);
  return {
    ...values(regressionMetrics, (metric) => (defined ? metric.compute(sample) : null)),
    samples: sample.labels.length,
    labelVariance: finite(sample.labelVariance),
  };
}

/** Nothing for rows that have no groups. */
function groupedMetricsOf(scores: TaskScores, defined: boolean): TaskMetrics {
  if (!scores.groups) return {};
  const sample = defined ? groupedSample(scores, scores.groups) : null;
  return {
    ...values(groupedMetrics, (metric) => (sample ? metric.computeGrouped(sample) : null)),
    groups: sample?.compared ?? 0,
    groupsSkipped: sample ? sample.areas.length - sample.compared : 0,
  };
}

function values<Metric extends { readonly name: string }>(
  metrics: readonly Metric[],
  evaluate: (metric: Metric) => MetricValue,
): TaskMetrics {
  return Object.fromEntries(metrics.map((metric) => [metric.name, finite(evaluate(metric))]));
}

function finite(value: MetricValue): MetricValue {
  return [value].flat().every(Number.isFinite) ? value : null;
}

/** True if there are rows, and none of them has NaN. */
function isDefined({ logits, labels, mask }: TaskScores): boolean {
  let rows = 0;
  for (let row = 0; row < logits.length; row++) {
    if (!((mask[row] ?? 0) > 0)) continue;
    if (Number.isNaN(logits[row]) || Number.isNaN(labels[row])) return false;
    rows++;
  }
  return rows > 0;
}
