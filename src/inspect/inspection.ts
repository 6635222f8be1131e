import type { SourceColumn, SourceTask, SplitName } from '../data/dataset.js';

/** Statistics of a data set before encoding, and what is suspicious about it. */
export interface Inspection {
  readonly schema: 1;
  readonly checksum: string;
  readonly splits: Readonly<Record<SplitName, SplitSummary>>;
  readonly tasks: readonly TaskSummary[];
  readonly pairs: readonly LabelPair[];
  readonly columns: readonly InspectedColumn[];
  /** Training rows whose inputs another training row has. */
  readonly repeatedRows: number;
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

/** The relation between the labels of two tasks, over training rows in both sample spaces. */
export interface LabelPair {
  readonly tasks: readonly [string, string];
  readonly rows: number;
  /** All labels are equal, and they vary: at least five lie on either side of the mean. */
  readonly identical: boolean;
  /** Every label of one task is 1 minus the other's, and they vary. */
  readonly opposite: boolean;
  /** Correlation. Null if one of the labels does not vary. */
  readonly pearson: number | null;
}

export interface InspectedColumn {
  readonly name: string;
  readonly kind: SourceColumn['kind'];
  /**
   * Distinct values in the training rows; for a list, distinct entries. For numbers, `mostValues` means that many or
   * more.
   */
  readonly values: number;
  /** Minimum and maximum over the training rows. Null for columns without numbers. */
  readonly range: readonly [number, number] | null;
  /** Mean number of entries per training row in a list column. Null for other columns. */
  readonly entries: number | null;
  /** Rows without a value, with a text that means "missing" (`missingTexts`), or with an empty list. */
  readonly missing: Readonly<Record<SplitName, number>>;
  /** Rows with a value that no training row has. For numbers: a value outside the training range. */
  readonly unseen: Readonly<Record<'validation' | 'test', number>>;
  /** All training rows have the same value, or none has a value. */
  readonly constant: boolean;
  /** All tasks, one after the other. */
  readonly alone: readonly AloneScore[];
  readonly implications: readonly Implication[];
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

/** A rule between a column and a binary label that no training row breaks and that chance does not explain. */
export interface Implication {
  readonly task: string;
  /** The value that every positive row has, in a column of two values. Null: any value; only positive rows have one. */
  readonly value: string | null;
  /** Training rows read in the task's sample space: all, those with label 1, and those with the value. */
  readonly rows: number;
  readonly positives: number;
  readonly withValue: number;
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

/** A property of the data that the user should know. */
export interface Finding {
  readonly kind:
    | 'rows'
    | 'one-class'
    | 'identical-labels'
    | 'label-in-disguise'
    | 'telling-column'
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
