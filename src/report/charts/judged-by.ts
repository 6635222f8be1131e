import type { Comparison } from '../../comparison/comparison.js';
import { metrics } from '../../metrics/catalogue.js';

/** The metric that a task is judged by. */
export interface JudgedBy {
  readonly metric: string;
  readonly better: 'higher' | 'lower';
}

export function judgedBy({ rows }: Comparison, task: string): JudgedBy {
  const metric = rows[0]?.tasks[task]?.metric ?? '';
  return { metric, better: betterOf(metric) };
}

export function betterOf(metric: string): 'higher' | 'lower' {
  return metrics.all.find(({ name }) => name === metric)?.better ?? 'higher';
}
