import type { Comparison } from '../comparison/comparison.js';
import type { FinishedRun } from '../training/finished-run.js';

/** Everything that the report of a comparison is built from. */
export interface ReportData {
  readonly comparison: Comparison;
  /** Finished runs by their path in `comparison.rows[].runs[]`. Each part of a composed run has its own entry. */
  readonly runs: ReadonlyMap<string, FinishedRun>;
  /** The command that repeats the comparison. */
  readonly command: string;
  /** The comparison's config as YAML. Null for runs that were joined afterwards. */
  readonly config: string | null;
}
