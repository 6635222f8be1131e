import type { ComparisonRow, TaskGain, TestedGain } from '../comparison/comparison.js';
import { metrics } from '../metrics/catalogue.js';
import { digitsFor, percentDigits } from './numbers.js';

export interface PointTask {
  readonly name: string;
  readonly metric: string;
  readonly better: 'higher' | 'lower';
  /** Decimals for both means and gains. */
  readonly digits: number;
  /**
   * Percent per unit of the metric, where gains are in percent: those of errors, unless the baseline's is 0. Else null.
   */
  readonly percent: number | null;
}

/** What is said of a task at a point of the axes, from the rows there. */
export function describeTask(name: string, rows: readonly ComparisonRow[], baseline: string): PointTask {
  const gains = rows.flatMap(({ tasks }) => tasks[name] ?? []);
  const metric = gains[0]?.metric ?? '';
  const errors = gains.map(({ se }) => se);
  const digits = digitsFor(
    errors.some((error) => error !== null && error > 0) ? errors : gains.map(({ sd }) => sd),
    gains.map(({ mean }) => mean),
  );
  const definition = metrics.all.find((candidate) => candidate.name === metric);
  const level = rows.find(({ label }) => label === baseline)?.tasks[name]?.mean ?? null;
  const better = definition?.better ?? 'higher';
  const percent = better === 'lower' && level !== null && level > 0 ? 100 / level : null;
  return { name, metric, better, digits, percent };
}

/** A task's results in a row. All null for a model without a finished run. */
export function taskGain(row: ComparisonRow, { name, metric }: PointTask): TaskGain {
  return row.tasks[name] ?? { ...noGain, metric, mean: null, sd: null, atLimit: 0, oneEpoch: null };
}

export const noGain: TestedGain = {
  gain: null,
  gains: [],
  se: null,
  interval: null,
  simultaneous: null,
  p: null,
  pHolm: null,
  relativeGain: null,
  margin: null,
  pEquivalent: null,
  pNotInferior: null,
  verdict: null,
};

/** Decimals of the mean relative gains. */
export function aggregateDigits(rows: readonly ComparisonRow[]): number {
  return percentDigits(rows.map(({ aggregate }) => aggregate?.gain ?? null));
}

/** Sorts rows by mean relative gain, best first. Rows without one are last, in the order of the config. */
export function ranked<Row extends Pick<ComparisonRow, 'aggregate'>>(rows: readonly Row[]): readonly Row[] {
  const gain = ({ aggregate }: Row) => aggregate?.gain ?? Number.NEGATIVE_INFINITY;
  return rows.toSorted((a, b) => (gain(a) === gain(b) ? 0 : gain(b) - gain(a)));
}

/** A metric's display name. Short names are initials. */
export function metricName(metric: string): string {
  return metric.length <= 4 ? metric.toUpperCase() : metric;
}
