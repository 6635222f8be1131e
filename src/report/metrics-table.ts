import type { Result } from '../training/result.js';
import { count } from './numbers.js';
import { textTable } from './text-table.js';

/** A run's metrics on both splits: a table for each type of task, with a line for each task and split. */
export function metricsTable({ tasks: all }: Pick<Result, 'tasks'>): string {
  const types = [...new Set(Object.values(all).map(({ type }) => type))];
  return types
    .map((type) => {
      const tasks = Object.entries(all).filter(([, task]) => task.type === type);
      const names = [...new Set(tasks.flatMap(([, { test }]) => Object.keys(test)))];
      const lines = tasks.flatMap(([task, splits]) =>
        (['validation', 'test'] as const).map((split) => [
          task,
          split,
          ...names.map((name) => metricText(splits[split][name])),
        ]),
      );
      return textTable(['task', 'split', ...names], lines);
    })
    .join('\n');
}

/** Formats a value; `-` if undefined. */
export function metricText(value: number | readonly number[] | null | undefined): string {
  if (value === null || value === undefined) return '-';
  if (typeof value !== 'number') return `[${value.map(metricText).join(', ')}]`;
  if (Number.isInteger(value)) return count(value);
  return Math.abs(value) >= 1e-3 && Math.abs(value) < 1e5
    ? value.toFixed(Math.abs(value) >= 10 ? 2 : 5)
    : value.toExponential(3);
}
