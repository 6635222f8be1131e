import type { StartedRun } from '../comparison/stored/started-run.js';
import type { MetricValue } from '../metrics/metric.js';
import { type Difference, differences } from '../support/differences.js';
import { printable } from '../support/printable.js';
import { metricText } from './metrics-table.js';
import { textTable } from './text-table.js';

/** Differences between two runs. Empty lists mean no differences. Values that depend only on time are not compared. */
export interface RunDiff {
  readonly left: DiffSide;
  readonly right: DiffSide;
  readonly config: readonly Difference[];
  readonly environment: readonly Difference[];
  /** Checksum and rows. Like the following lists, empty unless both runs are finished. */
  readonly data: readonly Difference[];
  /** Parameters, epochs, best epochs. */
  readonly result: readonly Difference[];
  readonly metrics: readonly MetricDifference[];
}

interface DiffSide {
  readonly path: string;
  readonly finished: boolean;
}

interface MetricDifference {
  readonly task: string;
  readonly split: 'validation' | 'test';
  readonly metric: string;
  /** Undefined: the run lacks the task or the metric. */
  readonly left?: MetricValue;
  readonly right?: MetricValue;
  /** right - left. Null if one of them is not a number. */
  readonly difference: number | null;
}

export function runDiff(left: StartedRun, right: StartedRun): RunDiff {
  const [a, b] = [left.result, right.result];
  const environmentOf = ({ environment: { hash8: _, ...rest } }: StartedRun) => rest; // `hash8` follows from config and data
  const outcome = ({ parameters, epochs, bestEpoch }: NonNullable<StartedRun['result']>) => ({
    parameters,
    epochs,
    bestEpoch,
  });
  return {
    left: { path: left.path, finished: a !== undefined },
    right: { path: right.path, finished: b !== undefined },
    config: differences(left.experiment, right.experiment),
    environment: differences(environmentOf(left), environmentOf(right)),
    data: a && b ? differences(a.dataset, b.dataset) : [],
    result: a && b ? differences(outcome(a), outcome(b)) : [],
    metrics: a && b ? metricDifferences(a.tasks, b.tasks) : [],
  };
}

type Tasks = NonNullable<StartedRun['result']>['tasks'];

function metricDifferences(left: Tasks, right: Tasks): readonly MetricDifference[] {
  return union(left, right).flatMap((task) =>
    (['validation', 'test'] as const).flatMap((split) => {
      const [from, to] = [left[task]?.[split] ?? {}, right[task]?.[split] ?? {}];
      return union(from, to).flatMap((metric) => {
        const [a, b] = [from[metric], to[metric]];
        if (JSON.stringify(a) === JSON.stringify(b)) return [];
        const difference = typeof a === 'number' && typeof b === 'number' ? b - a : null;
        return [
          {
            task,
            split,
            metric,
            ...(a === undefined ? {} : { left: a }),
            ...(b === undefined ? {} : { right: b }),
            difference,
          },
        ];
      });
    }),
  );
}

function union(left: object, right: object): readonly string[] {
  return [...new Set([...Object.keys(left), ...Object.keys(right)])];
}

/** A section for each kind of difference, or one line that says there is none. */
export function runDiffText(diff: RunDiff): string {
  const unfinished = [diff.left, diff.right].filter(({ finished }) => !finished);
  const sections = [
    section('config', diff.config),
    section('environment', diff.environment),
    section('data', diff.data),
    section('result', diff.result),
    diff.metrics.length === 0
      ? []
      : textTable(
          ['task', 'split', 'metric', 'left', 'right', 'right - left'],
          diff.metrics.map(({ task, split, metric, left, right, difference }) => [
            ...[task, split, metric, metricText(left), metricText(right)],
            difference === null ? '-' : `${difference > 0 ? '+' : ''}${metricText(difference)}`,
          ]),
        ),
    unfinished.map(({ path }) => `${printable(path)} is not finished: results are not compared.\n`).join(''),
  ].flat();
  const told = sections.filter((text) => text !== '');
  if (told.length === 0) return 'no difference\n';
  return [`left:  ${printable(diff.left.path)}\nright: ${printable(diff.right.path)}\n`, ...told].join('\n');
}

function section(title: string, found: readonly Difference[]): string {
  if (found.length === 0) return '';
  const side = (difference: Difference, key: 'left' | 'right') =>
    key in difference ? valueText(difference[key]) : '(not there)';
  return textTable(
    [title, 'left', 'right'],
    found.map((difference) => [difference.key, side(difference, 'left'), side(difference, 'right')]),
  );
}

/** Formats a value of a config on one line. */
export function valueText(value: unknown): string {
  return typeof value === 'string' && !/\p{Cc}/u.test(value) ? value : JSON.stringify(value);
}
