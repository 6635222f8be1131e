import { type SourceTask, type SplitName, splitNames } from '../data/dataset.js';
import { wholeNumber as count } from '../support/whole-number.js';

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

/** A column that reaches this AUC or R² alone almost certainly contains the label. */
const almostAlone = 0.97;

const fewest = { rarer: 20, rows: 50 }; // fewest validation rows for a meaningful score

/** A split is named if a larger share of its rows have values that training does not have. */
const mostUnseen = 0.1;

const otherSplits = ['validation', 'test'] as const;
const splitTexts = { train: 'training', validation: 'validation', test: 'test' };

export function findings(summary: Summary): readonly Finding[] {
  const { tasks, columns } = summary;
  return [
    ...tasks.flatMap((task) => labelFindings(task, summary)),
    ...columns.flatMap(disguiseFindings),
    ...commonFindings(summary),
    ...columns.flatMap((column) => valueFindings(column, summary)),
  ];
}

type Summary = Omit<Inspection, 'findings'>;

/** ` (in 4,096 of 10,000 rows)` if only some rows were read. */
function within({ splits }: Summary, split: SplitName): string {
  const { rows, lookedAt } = splits[split];
  return lookedAt === rows ? '' : ` (in the ${count(lookedAt)} of ${count(rows)} rows that were read)`;
}

const isWhole = ({ splits }: Summary, split: SplitName) => splits[split].lookedAt === splits[split].rows;

function labelFindings({ name: task, type, splits: bySplit }: TaskSummary, summary: Summary): Finding[] {
  return splitNames.flatMap((split): Finding[] => {
    const { rows, positives, mean, range } = bySplit[split];
    if (!isWhole(summary, split) || range?.[0] !== range?.[1]) return []; // in a part, a class may only be rare
    const texts = {
      binary: `${positives === 0 ? 'no' : 'every'} row is positive, of ${count(rows)}: there is no AUC`,
      multiclass: 'every row is of one class',
      regression: `every label is ${mean}`,
    };
    const what = rows === 0 ? 'no row is in its sample space' : texts[type];
    const message = `Task '${task}', ${splitTexts[split]} split: ${what}. Change how dataset cuts the splits, or leave the task out.`;
    return [{ kind: 'one-class', message, task, split }];
  });
}

function disguiseFindings({ name: column, alone }: InspectedColumn): Finding[] {
  return alone.flatMap(({ task, score, rows, rarer }): Finding[] => {
    if (score === null || score <= almostAlone) return [];
    if (rarer === null ? rows < fewest.rows : rarer < fewest.rarer) return [];
    const figure = rarer === null ? `R² ${score.toFixed(3)}` : `AUC ${score.toFixed(3)}`;
    const message = `Column '${column}' predicts '${task}' almost alone (${figure} on ${count(rows)} validation rows): ignore it if it is known only after the label.`;
    return [{ kind: 'label-in-disguise', message, task, column }];
  });
}

function commonFindings(summary: Summary): Finding[] {
  const { inCommon } = summary;
  return otherSplits.flatMap((split): Finding[] => {
    const { rows, found, expected, error } = inCommon[split];
    if (found <= expected + 5 * Math.max(error, 2)) return [];
    const message = `${count(found)} of ${count(rows)} ${splitTexts[split]} rows have the inputs of a training row; chance explains about ${count(expected)}${within(summary, split)}: keep equal rows in one split.`;
    return [{ kind: 'rows-in-common', message, split }];
  });
}

function valueFindings({ name: column, unseen, constant }: InspectedColumn, summary: Summary): Finding[] {
  if (constant) {
    const rows = summary.splits.train.outside > 0 ? 'training row with a label' : 'training row';
    const message = `Column '${column}' is the same in every ${rows}${within(summary, 'train')}: no model can use it. Ignore it.`;
    return [{ kind: 'constant-column', message, column }];
  }
  if (!isWhole(summary, 'train')) return []; // what a part of training lacks, the rest may have
  return otherSplits.flatMap((split): Finding[] => {
    const { lookedAt, outside } = summary.splits[split];
    const share = unseen[split] / Math.max(1, lookedAt - outside);
    if (share <= mostUnseen) return [];
    const message = `Column '${column}': ${(100 * share).toFixed(1)} % of the ${splitTexts[split]} rows have a value that no training row has${within(summary, split)}: there it tells the model nothing. Ignore it if known values do not come again, or change how dataset cuts the splits.`;
    return [{ kind: 'unseen-values', message, column, split }];
  });
}
