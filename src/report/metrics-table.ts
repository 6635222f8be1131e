import type { Result } from '../training/result.js';
import { column } from './columns.js';
import { count } from './numbers.js';
import { textTable } from './text-table.js';

/** A run's metrics on both splits, one table per type of task. */
export function metricsTable(result: Result): string {
  return metricsByType(result)
    .map(({ columns, rows }) => {
      const lines = rows.map((row, index) => columns.map(({ cell }) => cell(row, index)));
      return textTable(
        columns.map(({ head }) => head),
        lines,
      );
    })
    .join('\n');
}

/** For each type of task: a row per task and split, and a column for each metric. */
function metricsByType({ tasks: all }: Pick<Result, 'tasks'>) {
  const types = [...new Set(Object.values(all).map(({ type }) => type))];
  return types.map((type) => {
    const tasks = Object.entries(all).filter(([, task]) => task.type === type);
    const names = [...new Set(tasks.flatMap(([, { test }]) => Object.keys(test)))];
    const rows = tasks.flatMap(([task, splits]) =>
      (['validation', 'test'] as const).map((split) => ({ task, split, metrics: splits[split] })),
    );
    type Row = (typeof rows)[number];
    const columns = [
      column('task', 'label', ({ task }: Row) => task),
      column('split', 'text', ({ split }: Row) => split),
      ...names.map((name) => column(name, 'number', ({ metrics }: Row) => metricText(metrics[name]))),
    ];
    return { columns, rows };
  });
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
