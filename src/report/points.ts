import { axisValue, byPoint } from '../comparison/axis-point.js';
import type { Comparison, ComparisonRow, TaskGain } from '../comparison/comparison.js';
import { metrics } from '../metrics/catalogue.js';
import { digitsFor } from './numbers.js';

/** The table at one point of the axes. */
export interface Point {
  /** `dataset.correlation = 0.4`; empty without axes. */
  readonly title: string;
  readonly rows: readonly ComparisonRow[];
  readonly tasks: readonly PointTask[];
  /** Of mean and worst gain: in one metric for all tasks, which need not be the one that each is judged by. */
  readonly overTasks: { readonly name: string; readonly digits: number };
}

export interface PointTask {
  readonly name: string;
  readonly metric: string;
  readonly better: 'higher' | 'lower';
  /** Behind the point, for means and gains alike. */
  readonly digits: number;
}

/** A comparison's tables, in the order of its rows. */
export function pointsOf(comparison: Comparison): readonly Point[] {
  return byPoint(comparison.rows, ({ axis }) => axis).map((rows) => {
    const tasks = comparison.tasks.map((name) => describeTask(name, rows));
    return {
      title: Object.entries(rows[0]?.axis ?? {})
        .map(([key, value]) => `${key} = ${axisValue(value)}`)
        .join(', '),
      rows,
      tasks,
      overTasks: describeMean(tasks, rows),
    };
  });
}

function describeTask(name: string, rows: readonly ComparisonRow[]): PointTask {
  const gains = rows.flatMap(({ tasks }) => tasks[name] ?? []);
  const metric = gains[0]?.metric ?? '';
  const errors = gains.map(({ se }) => se);
  const digits = digitsFor(
    errors.some((error) => error !== null && error > 0) ? errors : gains.map(({ sd }) => sd),
    gains.map(({ mean }) => mean),
  );
  const better = metrics.all.find((candidate) => candidate.name === metric)?.better ?? 'higher';
  return { name, metric, better, digits };
}

/** A task's column in a row; all null for a model without any finished run. */
export function gainOf(row: ComparisonRow, { name, metric }: PointTask): TaskGain {
  return row.tasks[name] ?? { ...nothing, metric };
}

const nothing = {
  mean: null,
  sd: null,
  ownBest: null,
  gain: null,
  gains: [],
  relativeGain: null,
  se: null,
  degreesOfFreedom: null,
  interval: null,
  simultaneous: null,
  p: null,
  pHolm: null,
  margin: null,
  pEquivalent: null,
  pNotInferior: null,
  verdict: null,
  detectable: null,
  seedsToDecide: null,
};

function describeMean(tasks: readonly PointTask[], rows: readonly ComparisonRow[]): Point['overTasks'] {
  const type = metrics.all.find(({ name }) => name === tasks[0]?.metric)?.type;
  const common = metrics.all.find((metric) => metric.type === type && metric.score)?.name;
  if (common === undefined || tasks.every(({ metric }) => metric === common))
    return { name: 'mean gain', digits: Math.max(...tasks.map(({ digits }) => digits)) };
  const gains = rows.flatMap(({ meanGain, worstGain }) => [meanGain, worstGain]);
  return { name: `mean ${metricName(common)} gain`, digits: digitsFor(gains, gains) };
}

/** A metric's name as it is printed: short ones are initials. */
export function metricName(metric: string): string {
  return metric.length <= 4 ? metric.toUpperCase() : metric;
}
