import type { ComparisonRow } from '../comparison/comparison.js';
import { reportedRun } from '../comparison/stored/reported-run.js';
import type { FinishedRun } from '../training/finished-run.js';
import type { ReportData } from './report-data.js';

/** The finished runs of a row, in the order of its seeds. */
export function runsOf({ runs }: Pick<ReportData, 'runs'>, row: ComparisonRow): readonly FinishedRun[] {
  return row.runs.flatMap((reference) => (reference.status === 'done' ? (reportedRun(reference, runs) ?? []) : []));
}
