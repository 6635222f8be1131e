import type { SplitName } from '../data/dataset.js';
import { wholeNumber as count } from '../support/whole-number.js';
import type { Finding, InspectedColumn, Inspection, TaskSummary } from './inspection.js';

/** A column that reaches this AUC or R² alone almost certainly contains the label. */
const almostAlone = 0.97;

const fewest = { rarer: 20, rows: 50 }; // fewest validation rows for a meaningful score
const otherSplits = ['validation', 'test'] as const;
const splits = ['train', ...otherSplits] as const;
const splitTexts = { train: 'training', validation: 'validation', test: 'test' };

/** All findings, serious ones first. */
export function findings(inspection: Omit<Inspection, 'findings'>): readonly Finding[] {
  const all = [
    ...inspection.tasks.flatMap((task) => labelFindings(task, inspection)),
    ...pairFindings(inspection),
    ...inspection.columns.flatMap((column) => tellingFindings(column, inspection)),
    ...commonFindings(inspection),
    ...inspection.columns.flatMap((column) => columnFindings(column, inspection)),
  ];
  return [...all.filter(({ weight }) => weight === 'serious'), ...all.filter(({ weight }) => weight !== 'serious')];
}

type Summary = Omit<Inspection, 'findings'>;

/** ` (in 4,096 of 10,000 rows)` if only some rows were read. */
function within({ splits }: Summary, split: SplitName): string {
  const { rows, lookedAt } = splits[split];
  return lookedAt === rows ? '' : ` (in the ${count(lookedAt)} of ${count(rows)} rows that were looked at)`;
}

function labelFindings({ name: task, type, splits: bySplit }: TaskSummary, summary: Summary): Finding[] {
  return splits.flatMap((split): Finding[] => {
    const labels = bySplit[split];
    const { rows, positives, missing, others } = labels;
    const place = `Task '${task}', ${splitTexts[split]} split`;
    const serious = (kind: Finding['kind'], message: string): Finding => {
      return { kind, weight: 'serious', message: `${place}: ${message}${within(summary, split)}.`, task, split };
    };
    const whole = summary.splits[split].lookedAt === summary.splits[split].rows;
    const known = rows - missing;
    const found: Finding[] = [];
    if (missing > 0) found.push(serious('labels', `${count(missing)} of ${count(rows)} labels are no numbers`));
    if (others > 0) found.push(serious('labels', `${count(others)} of ${count(rows)} labels are neither 0 nor 1`));
    if (rows === 0 && whole) found.push(serious('rows', 'no row is in its sample space'));
    if (known === 0 || !whole || others > 0) return found; // otherwise a class may only be rare
    const rarer = positives === null ? null : Math.min(positives, known - positives);
    if (rarer === 0) {
      const text = positives === 0 ? 'no row is positive' : 'every row is positive';
      found.push(serious('one-class', `${text}, of ${count(known)}: there is no AUC`));
    } else if (rarer !== null && rarer < 50) {
      const text = `only ${count(rarer)} rows of the rarer class, of ${count(known)}: what is measured on them is uncertain`;
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

function tellingFindings(column: InspectedColumn, summary: Summary): Finding[] {
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
    const { rows, found, expected, error, share } = inCommon[split];
    if (found <= expected + 5 * Math.max(error, 2 / share)) return [];
    const message = `${count(found)} of ${count(rows)} ${splitTexts[split]} rows have the inputs of a training row; chance explains about ${count(expected)}${within(summary, split)}: are rows of one in the other?`;
    return [{ kind: 'rows-in-common', weight: 'serious', message, split }];
  });
}

function columnFindings(column: InspectedColumn, summary: Summary): Finding[] {
  const { name, kind, values, missing, unseen, constant } = column;
  const place = { column: name };
  const rowsOf = (split: SplitName) => summary.splits[split].lookedAt - summary.splits[split].outside;
  if (constant) {
    const what =
      missing.train === rowsOf('train') ? 'has no value in any training row' : 'is the same in every training row';
    const message = `Column '${name}' ${what}${within(summary, 'train')}: no model can use it.`;
    return [{ kind: 'constant-column', weight: 'serious', message, ...place }];
  }
  const found: Finding[] = [];
  const hint = (kind: Finding['kind'], message: string) =>
    found.push({ kind, weight: 'hint', message: `Column '${name}': ${message}.`, ...place });
  const share = (part: number, split: SplitName) => part / Math.max(1, rowsOf(split));
  const percent = (part: number, split: SplitName) => `${(100 * share(part, split)).toFixed(1)} %`;
  if (share(missing.train, 'train') > 0.5)
    hint('missing-values', `${percent(missing.train, 'train')} of the training rows have no value`);
  for (const split of otherSplits) {
    if (missing.train === 0 && share(missing[split], split) > 0.01)
      hint(
        'missing-values',
        `${percent(missing[split], split)} of the ${splitTexts[split]} rows have no value, no training row does`,
      );
    const what =
      kind === 'numeric'
        ? 'a value outside the range of training'
        : kind === 'list'
          ? 'an entry that training has not'
          : 'a value that training has not';
    if (share(unseen[split], split) > 0.1)
      hint('unseen-values', `${percent(unseen[split], split)} of the ${splitTexts[split]} rows have ${what}`);
  }
  if (kind === 'categorical' && rowsOf('train') > 100 && values > rowsOf('train') / 2)
    hint(
      'many-values',
      `${count(values)} values in ${count(rowsOf('train'))} training rows: an id can only be learnt by heart`,
    );
  return found;
}
