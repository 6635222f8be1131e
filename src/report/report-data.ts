import type { Comparison } from '../comparison/comparison.js';
import type { FinishedRun } from '../training/finished-run.js';

/** All that the report of a comparison is made of. */
export interface ReportData {
  readonly comparison: Comparison;
  /** Finished runs by their path in `comparison.rows[].runs[]`, each part of a run by itself. */
  readonly runs: ReadonlyMap<string, FinishedRun>;
  /** The command that makes the comparison again. */
  readonly command: string;
  /** The comparison's config as YAML; null for runs that were put together afterwards. */
  readonly config: string | null;
}
