import type { Comparison } from '../comparison/comparison.js';
import type { FinishedRun } from '../training/finished-run.js';

/** All that a report is made of. */
export interface ReportData {
  readonly comparison: Comparison;
  /** Finished runs by their path in `comparison.rows[].runs[]`, each part of a run by itself. */
  readonly runs: ReadonlyMap<string, FinishedRun>;
  /** The command that makes the comparison again. */
  readonly command: string;
  /** The comparison's config as YAML; null for runs that were put together afterwards. */
  readonly config: string | null;
}

/** One drawing of a report. */
export interface Chart {
  /** Unique in a report; names its file: letters, digits and -. */
  readonly id: string;
  readonly section: 'scatter' | 'gains' | 'axis' | 'experts' | 'learning' | 'weights' | 'calibration';
  readonly title: string;
  /** What is to be seen, what the error bars are, and what to mind (a collapsed gate, …). Plain text. */
  readonly caption: string;
  /** A whole `<svg>` for a page: role, title and description inside, colours from CSS variables. */
  readonly svg: string;
  /** The same for a paper: real colours on white. */
  readonly standalone: string;
  /** Where it stands among charts of one kind that make a matrix. */
  readonly cell?: MatrixCell;
}

/** Rows and columns count from 1. */
export interface MatrixCell {
  readonly row: number;
  readonly column: number;
  readonly columns: number;
  /** Equal for all charts of a matrix: what is said once below it, instead of each chart's caption. */
  readonly caption: string;
}
