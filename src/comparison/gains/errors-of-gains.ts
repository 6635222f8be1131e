import type { Comparison } from '../comparison.js';
import { addErrors, type GainError, isConstant, seedError } from '../statistics/gain-error.js';
import { type Moderation, moderation } from '../statistics/moderation.js';
import type { Compared } from './compare-model.js';
import { rowErrors } from './row-errors.js';
import type { Differences, JudgedTask } from './task-gain.js';
import { testSetOf } from './test-rows.js';

/** The error of one gain, and its parts. */
export interface ErrorOfGain {
  /** Null where a part that is asked for is not to be had. */
  readonly whole: GainError | null;
  readonly seeds: GainError | null;
  /** Null: not asked for, or in the seeds' error already. */
  readonly rows: GainError | null;
}

/** What moderates the variances of a table's gains; null where there are too few pairs or models (docs/statistics.md). */
export interface TableModeration {
  readonly tasks: Moderation | null;
  readonly aggregate: Moderation | null;
}

/** Of all models of a table. */
export function tableModeration(compared: readonly Compared[], tasks: readonly JudgedTask[]): TableModeration {
  const gainsAt = (place: number) =>
    compared.map(({ differences }) => {
      const { values, magnitude } = differences.at(place) ?? { values: [], magnitude: 0 };
      return isConstant(values, magnitude) ? values.map(() => 0) : values;
    });
  return { tasks: moderation(tasks.map((_, task) => gainsAt(task))), aggregate: moderation([gainsAt(-1)]) };
}

/** The errors that a comparison asks for, [model][task, then the aggregate]. */
export async function errorsOf(
  compared: readonly Compared[],
  tasks: readonly JudgedTask[],
  weights: readonly number[],
  uncertainty: Comparison['uncertainty'],
  moderated: TableModeration,
): Promise<readonly (readonly ErrorOfGain[])[]> {
  const ofRows = uncertainty === 'seeds' ? [] : await rowErrors(compared, tasks, weights);
  return compared.map((model, index) =>
    model.differences.map((difference, measure): ErrorOfGain => {
      const rows = ofRows[index]?.[measure] ?? null;
      if (uncertainty === 'rows') return { whole: rows, seeds: null, rows };
      const seeds = ofSeeds(difference, measure < tasks.length ? measure : null, moderated);
      // Seeds with test rows of their own differ by the draw of the rows already.
      if (uncertainty === 'seeds' || hasOwnRows(difference)) return { whole: seeds, seeds, rows: null };
      return { whole: seeds && rows && addErrors(seeds, rows), seeds, rows };
    }),
  );
}

/** @param task Null: of the aggregate. */
function ofSeeds(
  { values, magnitude }: Differences,
  task: number | null,
  moderated: TableModeration,
): GainError | null {
  const own = seedError(values, magnitude);
  const by = task === null ? moderated.aggregate : moderated.tasks;
  return own === null || own.variance === 0 ? own : (by?.moderate(own, values.length, task ?? 0) ?? own);
}

/** True if every pair was tested on rows of its own (data or splits that are drawn anew for each seed). */
export function hasOwnRows({ pairs }: Differences): boolean {
  return pairs.length > 1 && new Set(pairs.map(({ reference }) => testSetOf(reference))).size === pairs.length;
}
