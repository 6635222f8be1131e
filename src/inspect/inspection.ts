import type { SourceTask, SplitName } from '../data/dataset.js';
import type { ColumnSummary } from './column-counts.js';
import type { Implication } from './implications.js';
import type { LabelSummary } from './label-counts.js';
import type { LabelPair } from './label-pairs.js';
import type { RowsInCommon } from './rows-in-common.js';
import type { AloneScore } from './single-column.js';

/** Statistics of a data set before encoding, and what is suspicious about it. */
export interface Inspection {
  readonly schema: 1;
  readonly checksum: string;
  readonly splits: Readonly<Record<SplitName, SplitSummary>>;
  readonly tasks: readonly TaskSummary[];
  readonly pairs: readonly LabelPair[];
  readonly columns: readonly InspectedColumn[];
  /** Number of training rows that the `alone` scores were learned from. */
  readonly aloneRows: number;
  /**
   * Duplicates among the rows read: training rows whose inputs another training row has, and rows of other splits whose
   * inputs a training row has.
   */
  readonly repeatedRows: number;
  readonly inCommon: Readonly<Record<'validation' | 'test', RowsInCommon>>;
  readonly findings: readonly Finding[];
}

export interface InspectedColumn extends ColumnSummary {
  /** All tasks, one after the other. */
  readonly alone: readonly AloneScore[];
  readonly implications: readonly Implication[];
}

export interface SplitSummary {
  readonly rows: number;
  /**
   * Rows read, from evenly spaced blocks; all rows if the budget allows. All other counts of the inspection refer to
   * these rows.
   */
  readonly lookedAt: number;
  /** Rows in no task's sample space. They are counted only here. */
  readonly outside: number;
}

export interface TaskSummary extends SourceTask {
  readonly splits: Readonly<Record<SplitName, LabelSummary>>;
}

/** A property of the data that the user should know. */
export interface Finding {
  readonly kind:
    | 'rows'
    | 'labels'
    | 'one-class'
    | 'identical-labels'
    | 'label-in-disguise'
    | 'implied-by-label'
    | 'implies-label'
    | 'rows-in-common'
    | 'constant-column'
    | 'few-labels'
    | 'missing-values'
    | 'unseen-values'
    | 'many-values';
  /** `serious`: results may not mean what they seem to. `hint`: worth a look. */
  readonly weight: 'serious' | 'hint';
  /** One line. */
  readonly message: string;
  readonly task?: string;
  readonly column?: string;
  readonly split?: SplitName;
}
