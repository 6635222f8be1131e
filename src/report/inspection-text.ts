import { type SplitName, splitNames } from '../data/dataset.js';
import { mostValues } from '../inspect/columns.js';
import type { Finding, Inspection } from '../inspect/inspection.js';
import { joined } from '../support/joined.js';
import { printable } from '../support/printable.js';
import { counted } from '../support/whole-number.js';
import { column } from './columns.js';
import { count, dash, fixed } from './numbers.js';
import { columnTable, textTable } from './text-table.js';

/** Maximum number of columns shown. If there are more, those with the highest single-column scores come first. */
const mostColumns = 60;

/** An inspection as tables, with the findings at the end, where they are visible. */
export function inspectionText(inspection: Inspection): string {
  return joined(
    '\n',
    splitTable(inspection),
    taskTable(inspection),
    pairTable(inspection),
    inputTable(inspection),
    commonTable(inspection),
    findingLines(inspection),
  );
}

function splitTable({ splits: bySplit }: Inspection): string {
  const rows = splitNames.map((split) => [split, count(bySplit[split].rows), count(bySplit[split].outside)]);
  return textTable(['split', 'rows', 'in no sample space'], rows);
}

function taskTable({ tasks }: Inspection): string {
  const rows = tasks.flatMap(({ name, type, splits: bySplit }) =>
    splitNames.map((split) => ({ ...bySplit[split], name, type, split })),
  );
  type Row = (typeof rows)[number];
  const number = (head: string, cell: (row: Row) => string) => column(head, 'number', cell);
  const spread = (head: string, value: (row: Row) => number | null | undefined) =>
    number(head, (row) => fixed(row.type === 'regression' ? (value(row) ?? null) : null, 4));
  const columns = [
    column('task', 'text', ({ name }: Row) => name),
    column('type', 'text', ({ type }: Row) => type),
    column('split', 'text', ({ split }: Row) => split),
    number('in its sample space', (row) => count(row.rows)),
    number('positive', ({ positives }) => count(positives)),
    number('rate', ({ positives, rows: all }) =>
      positives === null || all === 0 ? dash : `${fixed((100 * positives) / all, 3)} %`,
    ),
    spread('mean', ({ mean }) => mean),
    spread('deviation', ({ deviation }) => deviation),
    spread('least', ({ range }) => range?.[0]),
    spread('most', ({ range }) => range?.[1]),
  ];
  return columnTable(columns, rows);
}

function pairTable({ pairs }: Inspection): string {
  if (pairs.length === 0) return '';
  return textTable(
    ['labels of', 'and', 'training rows in both', 'correlation'],
    pairs.map(({ tasks: [a, b], rows, pearson }) => [a, b, count(rows), fixed(pearson, 4)]),
    [false, false, true, true],
  );
}

function inputTable({ columns, tasks, splits: bySplit }: Inspection): string {
  if (columns.length === 0) return '';
  const best = ({ alone }: Inspection['columns'][number]) => Math.max(...alone.map(({ score }) => score ?? 0));
  const shown =
    columns.length <= mostColumns ? columns : columns.toSorted((a, b) => best(b) - best(a)).slice(0, mostColumns);
  const share = (part: number, split: SplitName) => {
    const rows = bySplit[split].lookedAt - bySplit[split].outside;
    return part === 0 || rows === 0 ? dash : `${fixed((100 * part) / rows, 2)} %`;
  };
  const rows = shown.map(({ name, kind, values, missing, unseen, alone }) => [
    name,
    kind,
    kind === 'numeric' && values >= mostValues ? `${count(mostValues)}+` : count(values),
    ...splitNames.map((split) => share(missing[split], split)),
    ...(['validation', 'test'] as const).map((split) => share(unseen[split], split)),
    ...alone.map(({ score }) => fixed(score, 3)),
  ]);
  const head = [
    ...'column,kind,values,missing: train,validation,test,unseen: validation,test'.split(','),
    ...tasks.map(({ name, type }) => `${type === 'binary' ? 'AUC' : 'R²'} alone: ${name}`),
  ];
  const left = columns.length - shown.length;
  const rest = left > 0 ? `… and ${count(left)} columns with lower scores (--json has all)\n` : '';
  return textTable(head, rows, [false, false, ...head.slice(2).map(() => true)]) + rest;
}

function commonTable({ inCommon, repeatedRows }: Inspection): string {
  const rows = (['validation', 'test'] as const).map((split) => {
    const { rows, found, expected, error } = inCommon[split];
    return [split, count(rows), count(found), count(expected), count(error)];
  });
  return (
    textTable(['split', 'rows', 'with the inputs of a training row', 'by chance', '±'], rows) +
    `${count(repeatedRows)} training rows have the inputs of another training row\n`
  );
}

function findingLines({ findings }: Inspection): string {
  if (findings.length === 0) return 'Nothing suspicious was found.\n';
  return findingTexts(findings)
    .map((text) => `${text}\n`)
    .join('');
}

/** Of columns that predict a task alone, which may be all of them, so many are named. */
const mostTelling = 5;

/** `warning: …` and `hint: …`, without line ends. */
export function findingTexts(findings: readonly Finding[]): readonly string[] {
  const telling = findings.filter(({ kind }) => kind === 'telling-column');
  const left = telling.slice(mostTelling);
  const texts = findings
    .filter((finding) => !left.includes(finding))
    .map(({ weight, message }) => `${weight === 'serious' ? 'warning' : 'hint'}: ${printable(message)}`);
  if (left.length > 0)
    texts.push(`hint: ${counted(left.length, 'more column')} predict so well alone (--json has them).`);
  return texts;
}
