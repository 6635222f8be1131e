import type { readStartedRun } from '../comparison/stored/stored-runs.js';
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

interface MetricDifference extends Omit<Difference, 'key'> {
  readonly task: string;
  readonly split: 'validation' | 'test';
  readonly metric: string;
  /** right - left. Null if one of them is not a number. */
  readonly difference: number | null;
}

type Side = ReturnType<typeof readStartedRun>;
type Result = NonNullable<Side['result']>;

export function runDiff(left: Side, right: Side): RunDiff {
  const [a, b] = [left.result, right.result];
  const comparedEnvironment = ({ environment: { hash8: _, ...rest } }: Side) => rest; // `hash8` follows from config and data
  const outcome = ({ parameters, epochs, bestEpoch }: Result) => ({ parameters, epochs, bestEpoch });
  return {
    left: { path: left.path, finished: a !== undefined },
    right: { path: right.path, finished: b !== undefined },
    config: differences(left.experiment, right.experiment),
    environment: differences(comparedEnvironment(left), comparedEnvironment(right)),
    data: a && b ? differences(a.dataset, b.dataset) : [],
    result: a && b ? differences(outcome(a), outcome(b)) : [],
    metrics: a && b ? metricDifferences(a.tasks, b.tasks) : [],
  };
}

function metricDifferences(left: Result['tasks'], right: Result['tasks']): readonly MetricDifference[] {
  return [...new Set([...Object.keys(left), ...Object.keys(right)])].flatMap((task) =>
    (['validation', 'test'] as const).flatMap((split) =>
      differences(left[task]?.[split], right[task]?.[split]).map(({ key, ...sides }) => ({
        task,
        split,
        metric: key,
        ...sides,
        difference: typeof sides.left === 'number' && typeof sides.right === 'number' ? sides.right - sides.left : null,
      })),
    ),
  );
}

/** A section for each kind of difference, or one line that says there is none. */
export function runDiffText({ left, right, config, environment, data, result, metrics }: RunDiff): string {
  const unfinished = [left, right].filter(({ finished }) => !finished);
  const sections = [
    section('config', config, valueText),
    section('environment', environment, valueText),
    section('data', data, valueText),
    section('result', result, valueText),
    section(
      'metric',
      metrics.map(({ task, split, metric, ...sides }) => ({ key: `${task}.${split}.${metric}`, ...sides })),
      numberText,
    ),
    unfinished.map(({ path }) => `${printable(path)} is not finished: results are not compared.\n`).join(''),
  ].filter((text) => text !== '');
  if (sections.length === 0) return 'no difference\n';
  return [`left:  ${printable(left.path)}\nright: ${printable(right.path)}\n`, ...sections].join('\n');
}

/** A line for each value that differs. If any has a difference, that is the last column. */
function section(
  title: string,
  found: readonly (Difference & { readonly difference?: number | null })[],
  text: (value: unknown) => string,
): string {
  if (found.length === 0) return '';
  const side = (one: Difference, key: 'left' | 'right') => (key in one ? text(one[key]) : '(not there)');
  const hasDifference = found.some(({ difference }) => typeof difference === 'number');
  const rows = found.map((one) => {
    const last = one.difference == null ? '' : `${one.difference > 0 ? '+' : ''}${metricText(one.difference)}`;
    return [one.key, side(one, 'left'), side(one, 'right'), ...(hasDifference ? [last] : [])];
  });
  return textTable([title, 'left', 'right', ...(hasDifference ? ['right - left'] : [])], rows);
}

/** Formats a value of a config on one line. */
function valueText(value: unknown): string {
  return typeof value === 'string' && !/\p{Cc}/u.test(value) ? value : JSON.stringify(value);
}

function numberText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(numberText).join(', ')}]`;
  return typeof value === 'number' || value === null ? metricText(value) : valueText(value);
}
