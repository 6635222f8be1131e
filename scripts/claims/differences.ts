// Paired differences over draws.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type EstimateError, halfWidth, twoSidedP } from '../../src/comparison/statistics/behrens-fisher.js';
import { mean, standardDeviation } from '../../src/comparison/statistics/moments.js';
import { must } from '../../src/support/must.js';
import type { Result } from '../../src/training/result.js';
import type { Table } from './claim.js';
import { signed } from './tables.js';

/** What of a row the metrics of its runs are read by. */
export interface Tested {
  readonly runs: readonly {
    readonly seed: number;
    readonly path: string;
    readonly parts?: Readonly<Record<string, string>>;
  }[];
  readonly tasks: Readonly<Record<string, { readonly metric: string }>>;
}

/** The results of a row's runs, by seed: of single-task whose tasks chose other values, of the run for this task. */
export function resultsOf(
  { folder }: Pick<Table, 'folder'>,
  { runs }: Pick<Tested, 'runs'>,
  task?: string,
): readonly Result[] {
  return runs
    .toSorted((a, b) => a.seed - b.seed)
    .map(({ path, parts }) => (task === undefined ? path : (parts?.[task] ?? path)))
    .map((path) => JSON.parse(readFileSync(join(folder, path, 'result.json'), 'utf8')));
}

/** The metric of each run of a row on its test rows, by seed. */
export function testValues(table: Pick<Table, 'folder'>, row: Tested, task: string): readonly number[] {
  const { metric } = must(row.tasks[task], task);
  return resultsOf(table, row, task).map(({ tasks }) => Number(tasks[task]?.test[metric]));
}

function errorOf(se: number, runs: number): EstimateError {
  return { estimated: [{ variance: se ** 2, degreesOfFreedom: runs - 1, runs, overlap: 0 }], known: 0 };
}

/** The mean of paired differences with its interval (Student's t), which one difference does not bound. */
export function difference(values: readonly number[], digits: number, level: number) {
  if (!values.every(Number.isFinite)) throw new Error(`A difference is no number: ${values.join(', ')}.`);
  const error = errorOf(standardDeviation(values) / Math.sqrt(values.length), values.length);
  const gain = mean(values);
  const [half, p] =
    values.length < 2
      ? [Number.POSITIVE_INFINITY, 1]
      : values.every((value) => value === gain)
        ? [0, 1]
        : [halfWidth(level, error), twoSidedP(gain, error)];
  const words = `${signed(gain, digits)} [${signed(gain - half, digits)}, ${signed(gain + half, digits)}]`;
  return { gain, p, error, interval: [gain - half, gain + half] as const, words };
}

export function less(values: readonly number[], others: readonly number[]): readonly number[] {
  return values.map((value, index) => value - must(others[index], 'a pair'));
}
