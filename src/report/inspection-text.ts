import { splitNames } from '../data/dataset.js';
import type { Inspection } from '../inspect/inspect.js';
import { joined, printable } from '../support/text.js';
import { count, withDecimals } from './numbers.js';
import { columnTable, textTable } from './text-table.js';

/** An inspection as tables, with the findings at the end, where they are visible. */
export function inspectionText(inspection: Inspection): string {
  return joined('\n', splitTable(inspection), taskTable(inspection), findingLines(inspection));
}

function splitTable({ splits: bySplit }: Inspection): string {
  const rows = splitNames.map((split) => [split, count(bySplit[split].rows), count(bySplit[split].outside)]);
  return textTable(['split', 'rows', 'in no sample space'], rows);
}

function taskTable({ tasks }: Inspection): string {
  const rows = tasks.flatMap(({ name, type, splits: bySplit }) =>
    splitNames.map((split) => ({ ...bySplit[split], name, type, split })),
  );
  return columnTable([
    { head: 'task', kind: 'text', cells: rows.map(({ name }) => name) },
    { head: 'type', kind: 'text', cells: rows.map(({ type }) => type) },
    { head: 'split', kind: 'text', cells: rows.map(({ split }) => split) },
    { head: 'in its sample space', kind: 'number', cells: rows.map((row) => count(row.rows)) },
    {
      head: 'positive',
      kind: 'number',
      cells: rows.map(({ type, positives }) => count(type === 'binary' ? positives : null)),
    },
    {
      head: 'mean',
      kind: 'number',
      cells: rows.map(({ type, mean }) => withDecimals(type === 'multiclass' ? null : mean, 4)),
    },
  ]);
}

function findingLines({ findings }: Inspection): string {
  if (findings.length === 0) return 'Nothing suspicious was found.\n';
  return findingTexts(findings)
    .map((text) => `${text}\n`)
    .join('');
}

/** `warning: …`, without line ends. */
export function findingTexts(findings: readonly string[]): readonly string[] {
  return findings.map((finding) => `warning: ${printable(finding)}`);
}
