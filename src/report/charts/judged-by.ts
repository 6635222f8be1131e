import type { Comparison } from '../../comparison/comparison.js';
import { metrics } from '../../metrics/catalogue.js';
import { metricName } from '../points.js';

/** The metric that a task is judged by. */
export interface JudgedBy {
  readonly metric: string;
  /** As it is printed. */
  readonly name: string;
  readonly better: 'higher' | 'lower';
}

export function judgedBy({ rows }: Comparison, task: string): JudgedBy {
  const metric = rows[0]?.tasks[task]?.metric ?? '';
  return { metric, name: metricName(metric), better: betterOf(metric) };
}

export function betterOf(metric: string): 'higher' | 'lower' {
  return metrics.all.find(({ name }) => name === metric)?.better ?? 'higher';
}

const noise = {
  seeds: 'training noise',
  rows: 'the draw of the test rows',
  both: 'training noise and the draw of the test rows',
};

/** What the lines through marks are, for captions. */
export function intervalWords({ rows, uncertainty, tasks }: Comparison): string {
  if (rows.every((row) => tasks.every((task) => !row.tasks[task]?.interval))) return 'so few runs give no intervals';
  return `lines are 95 % intervals (of ${noise[uncertainty]}), not corrected for the number of comparisons`;
}
