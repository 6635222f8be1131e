import type { SourceTask, SplitName } from '../data/dataset.js';

/** Statistics of a data set before encoding, and what is suspicious about it. */
export interface Inspection {
  readonly splits: Readonly<Record<SplitName, SplitSummary>>;
  readonly tasks: readonly TaskSummary[];
  readonly columns: readonly InspectedColumn[];
  readonly inCommon: Readonly<Record<'validation' | 'test', RowsInCommon>>;
  readonly findings: readonly Finding[];
}

export interface SplitSummary {
  readonly rows: number;
  /** Rows read, from evenly spaced blocks. All other counts of the inspection refer to these rows. */
  readonly lookedAt: number;
  /** Rows in no task's sample space, or of weight 0. They are counted only here. */
  readonly outside: number;
}

export interface TaskSummary extends SourceTask {
  readonly splits: Readonly<Record<SplitName, LabelSummary>>;
}

/** A task's labels in one split, over the rows read that are in its sample space. Training refuses wrong labels. */
export interface LabelSummary {
  readonly rows: number;
  /**
   * Labels that are 1, of binary tasks; null for others. Of multiclass tasks, what follows is of the classes' indexes.
   */
  readonly positives: number | null;
  /** For a binary task: the share of positives. Null without rows. */
  readonly mean: number | null;
  readonly deviation: number | null;
  readonly range: readonly [number, number] | null;
}

export interface InspectedColumn {
  readonly name: string;
  /** Of a categorical column: rows with a value that no training row has. Of others: 0. */
  readonly unseen: Readonly<Record<'validation' | 'test', number>>;
  /** All training rows have the same value, or none has a value. */
  readonly constant: boolean;
  /** All tasks, one after the other. */
  readonly alone: readonly AloneScore[];
}

/** How well one column alone predicts one task's labels on the validation rows. */
export interface AloneScore {
  readonly task: string;
  /**
   * Binary: AUC. Regression: R². Multiclass: R² of the class's index, 1 for a column that determines the class. Null
   * where it is not defined.
   */
  readonly score: number | null;
  /** Validation rows read in the task's sample space. */
  readonly rows: number;
  /** For a binary task: number of rows of the rarer class. */
  readonly rarer: number | null;
}

/** How many rows of a split have the same inputs as a training row. */
export interface RowsInCommon {
  /** Rows of the split that were compared. */
  readonly rows: number;
  /** Rows whose inputs a training row also has. */
  readonly found: number;
  /** The number that chance alone explains: see `rowsInCommon`. */
  readonly expected: number;
  /** Standard error of `found` around `expected` if only chance is at work. */
  readonly error: number;
}

/** A property of the data that a result may suffer from. */
export interface Finding {
  readonly kind: 'one-class' | 'label-in-disguise' | 'rows-in-common' | 'constant-column' | 'unseen-values';
  /** One line. */
  readonly message: string;
  readonly task?: string;
  readonly column?: string;
  readonly split?: SplitName;
}
