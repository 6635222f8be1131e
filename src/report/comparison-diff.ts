import type { Comparison, ComparisonRow } from '../comparison/comparison.js';
import { type Difference, differences } from '../comparison/differences.js';
import { printable } from '../support/printable.js';
import { metricText } from './metrics-table.js';
import { valueText } from './run-diff.js';
import { textTable } from './text-table.js';

/** What differs between two comparisons, whose rows are told by label and axes: `ple.income.gain`. */
export interface ComparisonDiff {
  readonly left: { readonly path: string };
  readonly right: { readonly path: string };
  /** Name, baseline, tasks, seeds, axes, uncertainty. */
  readonly plan: readonly Difference[];
  /** Verdicts and parameters; of each task metric, mean, gain and verdict. `difference` is right - left of two numbers. */
  readonly rows: readonly (Difference & { readonly difference?: number })[];
}

interface Stored {
  readonly path: string;
  readonly comparison: Comparison;
}

export function comparisonDiff(left: Stored, right: Stored): ComparisonDiff {
  return {
    left: { path: left.path },
    right: { path: right.path },
    plan: differences(planOf(left.comparison), planOf(right.comparison)),
    rows: differences(rowsOf(left.comparison), rowsOf(right.comparison)).map((found) =>
      typeof found.left === 'number' && typeof found.right === 'number'
        ? { ...found, difference: found.right - found.left }
        : found,
    ),
  };
}

function planOf({ name, baseline, tasks, seeds, axes, uncertainty }: Comparison) {
  return { name, baseline, tasks, seeds, axes, uncertainty };
}

function rowsOf({ rows }: Comparison) {
  return Object.fromEntries(rows.map((row) => [nameOf(row), { ...tasksOf(row), ...wholeOf(row) }]));
}

function nameOf({ label, axis }: ComparisonRow): string {
  const point = Object.entries(axis).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  return [label, ...point].join(' ');
}

function tasksOf({ tasks }: ComparisonRow) {
  return Object.fromEntries(
    Object.entries(tasks).map(([task, { metric, mean, gain, verdict }]) => [task, { metric, mean, gain, verdict }]),
  );
}

function wholeOf({ type, parameters, verdict }: ComparisonRow) {
  return { type, parameters: parameters?.network ?? null, verdict };
}

export function comparisonDiffText({ left, right, plan, rows }: ComparisonDiff): string {
  if (plan.length + rows.length === 0) return 'no difference\n';
  const tables = [
    plan.length === 0
      ? []
      : textTable(
          ['plan', 'left', 'right'],
          plan.map((found) => cells(found)),
        ),
    rows.length === 0
      ? []
      : textTable(
          ['model', 'left', 'right', 'right - left'],
          rows.map((found) => [...cells(found), signed(found.difference)]),
        ),
  ].flat();
  return [`left:  ${printable(left.path)}\nright: ${printable(right.path)}\n`, ...tables].join('\n');
}

function cells(found: Difference): string[] {
  const side = (key: 'left' | 'right') => {
    const value = found[key];
    if (!(key in found)) return '(not there)';
    return typeof value === 'number' || value === null ? metricText(value) : valueText(value);
  };
  return [found.key, side('left'), side('right')];
}

function signed(difference: number | undefined): string {
  if (difference === undefined) return '';
  return `${difference > 0 ? '+' : ''}${metricText(difference)}`;
}
