import Table from 'cli-table3';
import stringWidth from 'string-width';
import { printable } from '../support/printable.js';

/** The content of a cell; `after` is not coloured. */
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
 * Aligned columns without lines: text to the left, numbers to the right. Readable in a terminal and through a pipe.
 * `right` marks number columns whose cells do not show that they are numbers.
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

/** Shortens a text to a number of terminal columns: its beginning and end stay. */
export function shortened(text: string, columns: number): string {
  if (stringWidth(text) <= columns) return text;
  const start = firstThatFit([...text], Math.ceil((columns - 1) / 2));
  const end = firstThatFit([...text].toReversed(), Math.floor((columns - 1) / 2));
  return `${start.join('')}…${end.toReversed().join('')}`;
}

function firstThatFit(characters: readonly string[], columns: number): readonly string[] {
  let width = 0;
  const end = characters.findIndex((character) => {
    width += stringWidth(character);
    return width > columns;
  });
  return end < 0 ? characters : characters.slice(0, end);
}

/** Breaks a text between words into lines of at most `columns`. `first` precedes the first line, `rest` all others. */
export function wrapped(text: string, columns: number, first = '', rest = ''): string {
  const lines: string[] = [];
  let line = first;
  for (const word of printable(text).split(/ (?!%)/)) {
    const isStart = line === (lines.length === 0 ? first : rest);
    if (!isStart && stringWidth(`${line} ${word}`) > columns) {
      lines.push(line);
      line = rest + word;
    } else line += isStart ? word : ` ${word}`;
  }
  return [...lines, line].map((part) => `${part}\n`).join('');
}
