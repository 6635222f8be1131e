import Table from 'cli-table3';
import { printable } from '../support/printable.js';

/** What stands in a cell; `after` is not coloured. */
export type TextCell =
  | string
  | number
  | { readonly text: string; readonly after: string; readonly colour: 'green' | 'red' };

const bare = Object.fromEntries(
  [
    ...['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'],
    ...['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid', 'middle'],
  ].map((part) => [part, part === 'middle' ? '  ' : '']),
);

/**
 * Aligned columns without lines: text to the left, numbers to the right. Reads well in a terminal and through a pipe, whatever the texts
 * are. `right` says which columns are numbers where their cells do not show it.
 */
export function textTable(
  head: readonly string[],
  rows: readonly (readonly TextCell[])[],
  right: readonly boolean[] = [],
): string {
  const numeric = head.map(
    (_, column) => right[column] ?? rows.every((row) => typeof row[column] === 'number' || isNumber(row[column])),
  );
  const table = new Table({
    chars: bare,
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
    colAligns: numeric.map((isNumeric) => (isNumeric ? 'right' : 'left')),
  });
  table.push(head.map(printable), ...rows.map((row) => row.map(textOf)));
  return `${table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')}\n`;
}

const codes = { green: 32, red: 31 } as const;

function textOf(cell: TextCell): string {
  if (typeof cell !== 'object') return printable(String(cell));
  return `\u001b[${codes[cell.colour]}m${printable(cell.text)}\u001b[39m${printable(cell.after)}`;
}

function isNumber(text: TextCell | undefined): boolean {
  return typeof text === 'string' && /^([-+]?[\d,.]+(e[-+]?\d+)?|-)$/.test(text);
}
