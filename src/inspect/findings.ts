import { type SplitName, splitNames } from '../data/dataset.js';
import { wholeNumber as count } from '../support/whole-number.js';
import type { AloneScore, Finding, InspectedColumn, Inspection, TaskSummary } from './inspection.js';

/** A column that reaches this AUC or R² alone almost certainly contains the label. */
const almostAlone = 0.97;

const fewest = { rarer: 20, rows: 50 }; // fewest validation rows for a meaningful score

/**
 * A column that reaches this alone may be known only after the label. An AUC must be more standard errors of chance
 * above .5.
 */
const telling = { auc: 0.75, standardErrors: 4, share: 0.5, rows: 25 };

const otherSplits = ['validation', 'test'] as const;
const splitTexts = { train: 'training', validation: 'validation', test: 'test' };

/** All findings, serious ones first. */
export function findings(summary: Summary): readonly Finding[] {
  const { tasks, columns } = summary;
  const all = [
    ...tasks.flatMap((task) => labelFindings(task, summary)),
    ...pairFindings(summary),
    ...columns.flatMap((column) => knowingFindings(column, summary)),
    ...commonFindings(summary),
    ...tellingFindings(summary),
    ...columns.flatMap((column) => columnFindings(column, summary)),
  ];
  return all.toSorted((a, b) => Number(a.weight === 'hint') - Number(b.weight === 'hint'));
}

type Summary = Omit<Inspection, 'findings'>;

/** ` (in 4,096 of 10,000 rows)` if only some rows were read. */
function within({ splits }: Summary, split: SplitName): string {
  const { rows, lookedAt } = splits[split];
  return lookedAt === rows ? '' : ` (in the ${count(lookedAt)} of ${count(rows)} rows that were read)`;
}

function labelFindings({ name: task, type, splits: bySplit }: TaskSummary, summary: Summary): Finding[] {
  return splitNames.flatMap((split): Finding[] => {
    const labels = bySplit[split];
    const { rows, positives } = labels;
    const place = `Task '${task}', ${splitTexts[split]} split`;
    const serious = (kind: Finding['kind'], message: string): Finding => {
      return { kind, weight: 'serious', message: `${place}: ${message}${within(summary, split)}.`, task, split };
    };
    const whole = summary.splits[split].lookedAt === summary.splits[split].rows;
    const found: Finding[] = [];
    if (rows === 0 && whole) found.push(serious('rows', 'no row is in its sample space'));
    if (rows === 0 || !whole) return found; // otherwise a class may only be rare
    const rarer = positives === null ? null : Math.min(positives, rows - positives);
    if (rarer === 0) {
      const text = positives === 0 ? 'no row is positive' : 'every row is positive';
      found.push(serious('one-class', `${text}, of ${count(rows)}: there is no AUC`));
    } else if (rarer !== null && rarer < 50) {
      const text = `only ${count(rarer)} rows of the rarer class, of ${count(rows)}: what is measured on them is uncertain`;
      found.push({ ...serious('few-labels', text), weight: 'hint' });
    }
    if (type !== 'binary' && labels.range?.[0] === labels.range?.[1])
      found.push(
        serious('one-class', type === 'multiclass' ? 'every row is of one class' : `every label is ${labels.mean}`),
      );
    return found;
  });
}

function pairFindings(summary: Summary): Finding[] {
  return summary.pairs.flatMap(({ tasks: [first, second], rows, identical, opposite }): Finding[] => {
    if (!identical && !opposite) return [];
    const relation = identical ? 'equal' : '1 minus';
    const message = `The labels of '${first}' are ${relation} those of '${second}' in all ${count(rows)} training rows that have both${within(summary, 'train')}: is it one task?`;
    return [{ kind: 'identical-labels', weight: 'serious', message, task: first }];
  });
}

/** Hints at columns that may be known too late, the strongest first; without those that a warning names. */
function tellingFindings(summary: Summary): Finding[] {
  const found = summary.columns.flatMap((column) => {
    const told = new Set(knowingFindings(column, summary).map(({ task }) => task));
    return column.alone.flatMap((one) =>
      isTelling(one) && !told.has(one.task) ? [{ ...one, column: column.name }] : [],
    );
  });
  return found
    .toSorted((a, b) => (b.score ?? 0) - (a.score ?? 0))
    .map(({ task, column, score, rows, rarer }): Finding => {
      const figure = `${rarer === null ? 'R²' : 'AUC'} ${(score ?? 0).toFixed(2)} on ${count(rows)} validation rows`;
      const message = `Column '${column}' alone predicts '${task}' (${figure}): is it known before '${task}'?`;
      return { kind: 'telling-column', weight: 'hint', message, task, column };
    });
}

function isTelling({ score, rows, rarer }: AloneScore): boolean {
  if (score === null || rows < telling.rows) return false;
  if (rarer === null) return score >= telling.share;
  const error = Math.sqrt((rows + 1) / (12 * rarer * (rows - rarer)));
  return score >= Math.max(telling.auc, 0.5 + telling.standardErrors * error);
}

function knowingFindings(column: InspectedColumn, summary: Summary): Finding[] {
  const disguises = disguiseFindings(column);
  const told = new Set(disguises.map(({ task }) => task));
  return [...disguises, ...implicationFindings(column, summary).filter(({ task }) => !told.has(task))];
}

function disguiseFindings({ name: column, alone }: InspectedColumn): Finding[] {
  return alone.flatMap(({ task, score, rows, rarer }): Finding[] => {
    if (score === null || score <= almostAlone) return [];
    if (rarer === null ? rows < fewest.rows : rarer < fewest.rarer) return [];
    const figure = rarer === null ? `R² ${score.toFixed(3)}` : `AUC ${score.toFixed(3)}`;
    const message = `Column '${column}' predicts '${task}' almost alone (${figure} on ${count(rows)} validation rows): is it the label in disguise?`;
    return [{ kind: 'label-in-disguise', weight: 'serious', message, task, column }];
  });
}

function implicationFindings({ name: column, implications }: InspectedColumn, summary: Summary): Finding[] {
  return implications.map(({ task, value, rows, positives, withValue }): Finding => {
    const ofAll = (part: number) => `in ${Number(((100 * part) / rows).toPrecision(4))} % of all rows`;
    const rule =
      value === null
        ? `has a value in ${count(withValue)} training rows: '${task}' is 1 in all of them, and ${ofAll(positives)}`
        : `is ${valueText(value)} in all ${count(positives)} training rows where '${task}' is 1, and ${ofAll(withValue)}`;
    const message = `Column '${column}' ${rule}${within(summary, 'train')}. Chance does not explain this: ignore the column if it is known only after the label.`;
    return { kind: value === null ? 'implies-label' : 'implied-by-label', weight: 'serious', message, task, column };
  });
}

/** Prints a number as it is, and a text (which may be long) in quotes. */
function valueText(value: string): string {
  if (!Number.isNaN(Number(value))) return value;
  return value.length > 60 ? `'${value.slice(0, 60)}…'` : `'${value}'`;
}

function commonFindings(summary: Summary): Finding[] {
  const { inCommon } = summary;
  return otherSplits.flatMap((split): Finding[] => {
    const { rows, found, expected, error } = inCommon[split];
    if (found <= expected + 5 * Math.max(error, 2)) return [];
    const message = `${count(found)} of ${count(rows)} ${splitTexts[split]} rows have the inputs of a training row; chance explains about ${count(expected)}${within(summary, split)}: are rows of one in the other?`;
    return [{ kind: 'rows-in-common', weight: 'serious', message, split }];
  });
}

const newValue = {
  numeric: 'a value outside the range of training',
  list: 'an entry that training has not',
  categorical: 'a value that training has not',
};

function columnFindings(column: InspectedColumn, summary: Summary): Finding[] {
  const { name, kind, values, missing, unseen, constant } = column;
  const rowsSeen = (split: SplitName) => summary.splits[split].lookedAt - summary.splits[split].outside;
  const training = rowsSeen('train');
  if (constant) {
    const rows = summary.splits.train.outside > 0 ? 'training row with a label' : 'training row';
    const what = missing.train === training ? `has no value in any ${rows}` : `is the same in every ${rows}`;
    const message = `Column '${name}' ${what}${within(summary, 'train')}: no model can use it.`;
    return [{ kind: 'constant-column', weight: 'serious', message, column: name }];
  }
  const hint = (kind: Finding['kind'], isFound: boolean, message: string): Finding[] =>
    isFound ? [{ kind, weight: 'hint', message: `Column '${name}': ${message}.`, column: name }] : [];
  const share = (part: number, split: SplitName) => part / Math.max(1, rowsSeen(split));
  const rows = (part: number, split: SplitName) =>
    `${(100 * share(part, split)).toFixed(1)} % of the ${splitTexts[split]} rows have`;
  return [
    ...hint('missing-values', share(missing.train, 'train') > 0.5, `${rows(missing.train, 'train')} no value`),
    ...otherSplits.flatMap((split) => [
      ...hint(
        'missing-values',
        missing.train === 0 && share(missing[split], split) > 0.01,
        `${rows(missing[split], split)} no value, no training row does`,
      ),
      ...hint('unseen-values', share(unseen[split], split) > 0.1, `${rows(unseen[split], split)} ${newValue[kind]}`),
    ]),
    ...hint(
      'many-values',
      kind === 'categorical' && training > 100 && values > training / 2,
      `${count(values)} values in ${count(training)} training rows: an id can only be learnt by heart`,
    ),
  ];
}
