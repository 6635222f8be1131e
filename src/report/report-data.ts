import type { Comparison } from '../comparison/comparison.js';
import type { FinishedRun } from '../training/finished-run.js';

/** Everything that the report of a comparison is built from. */
export interface ReportData {
  readonly comparison: Comparison;
  /** Finished runs by their path in `comparison.models[].runs[]`, `path` or `parts`. */
  readonly runs: ReadonlyMap<string, FinishedRun>;
  /** The command that repeats the comparison. */
  readonly command: string;
  /** The comparison's config as YAML. Null: unknown, or predictions of other programs were added. */
  readonly config: string | null;
}

/** A run, and the tasks whose numbers a model takes from it. Absent: all. */
export interface ReportedRun extends FinishedRun {
  readonly tasks?: readonly string[];
}
