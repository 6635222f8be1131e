import { metrics } from '../metrics/catalogue.js';
import type { TaskMetrics } from '../metrics/evaluate.js';
import { must } from '../support/must.js';

/** The runs of one model, with their metrics on the test split. */
export type ModelResults = readonly {
  readonly tasks: Readonly<Record<string, { readonly type: string; readonly test: TaskMetrics }>>;
}[];

/** The best of some models on a task that none of them predicts. */
export interface UnpredictedTask {
  readonly task: string;
  /** `AUC 0.512, 95 % interval 0.481 to 0.543` */
  readonly best: string;
}

const names: Readonly<Record<string, string>> = { binary: 'AUC', multiclass: 'macro AUC', regression: 'NMSE' };

/**
 * Tasks that no model predicts better than their mean. A model's level is the mean over its runs, and so are the ends
 * of its 95 % interval, which covers the choice of test rows alone. Without an interval, the level itself decides. A
 * task without any level is left out.
 */
export function unpredictedTasks(models: readonly ModelResults[]): readonly UnpredictedTask[] {
  const types = new Map(
    models.flat().flatMap(({ tasks }) => Object.entries(tasks).map(([task, { type }]) => [task, type] as const)),
  );
  return [...types].flatMap(([task, type]) => {
    const metric = must(
      metrics.all.find((one) => one.type === type && one.score),
      `metric that scores ${type} tasks`,
    );
    const mean = must(metric.ofConstant, `level of the mean for ${type} tasks`);
    const name = must(names[type], `name of the metric of ${type} tasks`);
    const sign = metric.better === 'lower' ? -1 : 1;
    const levels = models.flatMap((runs) => meanLevel(runs, task, metric.name) ?? []);
    const [best] = levels.toSorted((a, b) => sign * (b.value - a.value));
    const isBeyond = ({ value, interval }: Level) => (interval ?? [value]).every((end) => sign * end > sign * mean);
    if (!best || levels.some(isBeyond)) return [];
    const interval = best.interval && `, 95 % interval ${best.interval.map((end) => end.toFixed(3)).join(' to ')}`;
    return [{ task, best: `${name} ${best.value.toFixed(3)}${interval ?? ''}` }];
  });
}

/** Notes on a single run's result, a line per task. */
export function notesOnUnpredicted(result: ModelResults[number]): readonly string[] {
  return unpredictedTasks([[result]]).map(
    ({ task, best }) =>
      `Task '${task}': the model does not predict it better than its mean (${best}). Is there anything in the inputs that could?`,
  );
}

interface Level {
  readonly value: number;
  readonly interval: readonly [number, number] | null;
}

/** Undefined where the metric is not defined in any run. */
function meanLevel(runs: ModelResults, task: string, metric: string): Level | undefined {
  const values = runs.flatMap(({ tasks }) => {
    const [value, interval] = [tasks[task]?.test[metric], tasks[task]?.test[`${metric}Interval`]];
    return typeof value === 'number' ? [{ value, interval: typeof interval === 'object' ? interval : null }] : [];
  });
  const intervals = values.flatMap(({ interval }) => (interval ? [interval] : []));
  if (values.length === 0) return undefined;
  return {
    value: mean(values.map(({ value }) => value)),
    interval:
      intervals.length < values.length
        ? null
        : [mean(intervals.map(([low]) => low)), mean(intervals.map(([, high]) => high))],
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
