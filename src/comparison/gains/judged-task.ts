import { metrics } from '../../metrics/catalogue.js';
import type { Metric } from '../../metrics/metric.js';
import { ConfigError, DataError } from '../../support/errors.js';
import type { EvaluatedRun } from '../../training/finished-run.js';

/** A task, and what its gains are measured in. */
export interface JudgedTask {
  readonly name: string;
  readonly metric: Metric;
  /** Gains are in log points, 100 ln(reference / model): of errors, where the config asks for it. */
  readonly inLogPoints: boolean;
}

/** The metric chosen by the config, else the default metric of the task's type. */
export function judge(
  { name, type }: { readonly name: string; readonly type: string },
  chosen: Readonly<Record<string, string>>,
  errorGains?: 'difference' | 'log',
): JudgedTask {
  const metric = metrics.all.find((candidate) =>
    chosen[name] === undefined ? candidate.usual && candidate.type === type : candidate.name === chosen[name],
  );
  if (!metric || metric.better === null)
    throw new ConfigError(
      `There is no metric '${chosen[name]}', by which the ${type} task '${name}' is judged: name the plugin that has it (--plugin FILE).`,
    );
  return { name, metric, inLogPoints: errorGains === 'log' && metric.better === 'lower' && metric.range === 'error' };
}

/** A metric, turned so that higher is better: a difference is a gain. Null: undefined, or an error of 0 in log points. */
export function asGain({ metric, inLogPoints }: Omit<JudgedTask, 'name'>, value: number | null): number | null {
  if (value === null || (inLogPoints && value <= 0)) return null;
  if (inLogPoints) return -100 * Math.log(value);
  return metric.better === 'lower' ? -value : value;
}

/** From higher-is-better back to the metric's own direction. */
export function asMetric({ metric, inLogPoints }: JudgedTask, value: number): number {
  if (inLogPoints) return Math.exp(value / -100);
  return metric.better === 'lower' ? -value : value;
}

/** A run's value on the test split. Null if undefined. */
export function testValue({ path, result }: EvaluatedRun, task: string, metric: Metric): number | null {
  const values = result.tasks[task];
  if (!values) throw new DataError(`${path} has no task '${task}': compare runs of the same tasks.`);
  const value = values.test[metric.name];
  return typeof value === 'number' ? value : null;
}
