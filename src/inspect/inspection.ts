import type { SourceTask, SplitName } from '../data/dataset.js';
import type { ColumnSummary } from './column-counts.js';
import type { Implication } from './implications.js';
import type { LabelSummary } from './label-counts.js';
import type { LabelPair } from './label-pairs.js';
import type { RowsInCommon } from './rows-in-common.js';
import type { AloneScore } from './single-column.js';

/** What a data set looks like before it is encoded, and what is suspicious about it. */
export interface Inspection {
  readonly schema: 1;
  readonly checksum: string;
  readonly splits: Readonly<Record<SplitName, SplitSummary>>;
  readonly tasks: readonly TaskSummary[];
  readonly pairs: readonly LabelPair[];
  readonly columns: readonly InspectedColumn[];
  /** Training rows that `alone` has learnt from. */
  readonly aloneRows: number;
  /** Looked-at training rows whose inputs another one has too, and rows of the other splits whose inputs a training row has. */
  readonly repeatedRows: number;
  readonly inCommon: Readonly<Record<'validation' | 'test', RowsInCommon>>;
  readonly findings: readonly Finding[];
}

export interface InspectedColumn extends ColumnSummary {
  /** Task by task. */
  readonly alone: readonly AloneScore[];
  readonly implications: readonly Implication[];
}

export interface SplitSummary {
  readonly rows: number;
  /** Of evenly spaced blocks; all rows if the budget allows. What follows, and all counts of the inspection, are of these. */
  readonly lookedAt: number;
  /** In no task's sample space: counted here and nowhere else. */
  readonly outside: number;
}

export interface TaskSummary extends SourceTask {
  readonly splits: Readonly<Record<SplitName, LabelSummary>>;
}

/** Something about the data that the user should know. */
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
  /** `serious`: results may mean something else than they seem to. `hint`: worth a look. */
  readonly weight: 'serious' | 'hint';
  /** One line. */
  readonly message: string;
  readonly task?: string;
  readonly column?: string;
  readonly split?: SplitName;
}
