import type { Compared } from './compare-model.js';
import type { Comparison } from './comparison.js';
import { rowErrors } from './row-errors.js';
import { addErrors, type GainError, seedError } from './statistics/gain-error.js';
import type { JudgedTask } from './task-gain.js';
import { testSetOf } from './test-rows.js';

/** The errors that a comparison asks for, [model][task]; null where one is not to be had. */
export async function errorsOf(
  compared: readonly Compared[],
  tasks: readonly JudgedTask[],
  uncertainty: Comparison['uncertainty'],
): Promise<readonly (readonly (GainError | null)[])[]> {
  const ofSeeds = compared.map(({ differences }) =>
    differences.map(({ values, magnitude }) => seedError(values, magnitude)),
  );
  if (uncertainty === 'seeds') return ofSeeds;
  const ofRows = await rowErrors(compared, tasks);
  if (uncertainty === 'rows') return ofRows;
  return ofSeeds.map((errors, model) =>
    errors.map((seeds, task) => {
      const rows = ofRows[model]?.[task] ?? null;
      if (seeds === null || rows === null) return null;
      // Seeds with test rows of their own differ by the draw of the rows already.
      return hasOwnRows(compared[model], task) ? seeds : addErrors(seeds, rows);
    }),
  );
}

/** True if every pair was tested on rows of its own (data that are drawn anew for each seed). */
export function hasOwnRows(compared: Compared | undefined, task: number): boolean {
  const pairs = compared?.differences[task]?.pairs ?? [];
  return pairs.length > 1 && new Set(pairs.map(({ baseline }) => testSetOf(baseline))).size === pairs.length;
}
