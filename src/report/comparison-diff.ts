import type { Comparison, ComparisonRow } from '../comparison/comparison.js';
import { type Difference, differences } from '../support/differences.js';
import { printable } from '../support/printable.js';
import { metricText } from './metrics-table.js';
import { valueText } from './run-diff.js';
import { textTable } from './text-table.js';

/** Differences between two comparisons. Rows are identified by label and axes: `ple.income.gain`. */
export interface ComparisonDiff {
  readonly left: { readonly path: string };
  readonly right: { readonly path: string };
  /** Name, baseline, tasks, seeds, axes, uncertainty, test, margins, task weights. */
  readonly plan: readonly Difference[];
  /**
   * Verdicts, parameters and mean gains; metric, mean, gain and verdict of each task. The same for contrasts.
   * `difference` is right - left for numbers.
   */
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

function planOf({ name, baseline, tasks, seeds, axes, uncertainty, test, margins, taskWeights }: Comparison) {
  return { name, baseline, tasks, seeds, axes, uncertainty, test, margins, taskWeights };
}

function rowsOf({ rows, contrasts }: Comparison) {
  return Object.fromEntries([
    ...rows.map((row) => [nameOf(row.label, row), { ...tasksOf(row), ...wholeOf(row) }]),
    ...contrasts.map((contrast) => [
      nameOf(`${contrast.model} over ${contrast.reference}`, contrast),
      {
        ...Object.fromEntries(
          Object.entries(contrast.tasks).map(([task, { metric, gain, verdict }]) => [task, { metric, gain, verdict }]),
        ),
        aggregate: contrast.aggregate?.gain ?? null,
        verdict: contrast.verdict,
      },
    ]),
  ]);
}

function nameOf(label: string, { axis }: Pick<ComparisonRow, 'axis'>): string {
  const point = Object.entries(axis).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  return [label, ...point].join(' ');
}

function tasksOf({ tasks }: ComparisonRow) {
  return Object.fromEntries(
    Object.entries(tasks).map(([task, { metric, mean, gain, verdict }]) => [task, { metric, mean, gain, verdict }]),
  );
}

function wholeOf({ type, parameters, aggregate, verdict }: ComparisonRow) {
  return { type, parameters: parameters?.network ?? null, aggregate: aggregate?.gain ?? null, verdict };
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
