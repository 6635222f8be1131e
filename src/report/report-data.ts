import type { Comparison, ComparisonRow } from '../comparison/comparison.js';
import { reportedRun } from '../comparison/stored/reported-run.js';
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

/** The finished runs of a row, in the order of its seeds. */
export function runsOf({ runs }: Pick<ReportData, 'runs'>, row: ComparisonRow): readonly FinishedRun[] {
  return row.runs.flatMap((reference) => (reference.status === 'done' ? (reportedRun(reference, runs) ?? []) : []));
}
