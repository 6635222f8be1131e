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

/** Charts of one kind. */
export interface ChartSection {
  /** Unique on a page: letters, digits and -. */
  readonly id: string;
  readonly title: string;
  /** What is to be seen and how it is to be read: once for all charts. Plain text. */
  readonly note: string;
  /** Marks of these charts alone; a page has one key for the models of all charts. */
  readonly key: readonly Mark[];
  /** How wide the panels are drawn. */
  readonly size: 'small' | 'medium';
  readonly charts: readonly Chart[];
}

export interface Chart {
  /** Unique in a report; names its file: letters, digits and -. */
  readonly id: string;
  /** Empty where the section's title says it. */
  readonly title: string;
  /** What to mind in this chart: a collapsed gate, what was left out. Plain text, often empty. */
  readonly remarks: readonly string[];
  /** Whole `<svg>`s for a page: colours from CSS variables; marks with `data-tip` (a line each) and `data-model`, the model's place. */
  readonly panels: readonly string[];
  /** All panels with a title and a key in one `<svg>`, with real colours on white. */
  standalone(): Promise<string>;
}

/** How something is told from its neighbours: by colour, and by dash or shape for those who do not see it. */
export interface Mark {
  readonly label: string;
  /** A colour in a drawing for a page. */
  readonly colour: string;
  /** Lengths in pixels of line and gap. */
  readonly dash: readonly number[];
  /** A symbol of Vega. */
  readonly shape: string;
  readonly filled: boolean;
}
