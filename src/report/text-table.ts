import stringWidth from 'string-width';
import { printable } from '../support/text.js';
import { dash } from './numbers.js';

/** A table as data, for any format: columns with a cell for each row. */
export interface TableColumn {
  readonly head: string;
  /** `label` names the row, `number` is aligned right. */
  readonly kind: 'label' | 'text' | 'number';
  readonly cells: readonly TextCell[];
}

/** The content of a cell. A verdict is shown: green or red in a terminal, bold elsewhere. */
export type TextCell = string | number | { readonly text: string; readonly verdict: 'better' | 'worse' };

/**
 * Aligned columns without lines: text to the left, numbers to the right. Readable in a terminal and through a pipe.
 * `right` marks number columns whose cells do not show that they are numbers.
 */
export function textTable(
  head: readonly string[],
  rows: readonly (readonly TextCell[])[],
  right: readonly boolean[] = [],
  colour = false,
): string {
  const numeric = head.map(
    (_, column) => right[column] ?? rows.every((row) => typeof row[column] === 'number' || isNumber(row[column])),
  );
  const lines = [head, ...rows].map((row) => head.map((_, column) => row[column] ?? ''));
  const widths = lines.map((row) => row.map((cell) => stringWidth(cellText(cell))));
  const longest = head.map((_, column) => widths.reduce((most, row) => Math.max(most, row[column] ?? 0), 1));
  const padded = lines.map((row, line) =>
    row.map((cell, column) => {
      const blanks = ' '.repeat((longest[column] ?? 0) - (widths[line]?.[column] ?? 0));
      const text = coloured(cell, colour);
      return numeric[column] ? blanks + text : text + blanks;
    }),
  );
  return padded.map((row) => `${row.join('  ').trimEnd()}\n`).join('');
}

const codes = { better: 32, worse: 31 } as const; // green, red

function coloured(cell: TextCell, colour: boolean): string {
  if (typeof cell !== 'object' || !colour) return cellText(cell);
  return `\u001b[${codes[cell.verdict]}m${printable(cell.text)}\u001b[39m`;
}

function cellText(cell: TextCell): string {
  return printable(typeof cell === 'object' ? cell.text : String(cell));
}

function isNumber(text: TextCell | undefined): boolean {
  return typeof text === 'string' && /^([-+]?[\d,.]+(e[-+]?\d+)?|-)$/.test(text);
}

const between = 2;
const longestHead = 20;

/** Labels are cut to this length if all columns then fit; else to `wrappedLabel`, and columns wrap. */
const shortestLabel = 14;
const wrappedLabel = { one: 24, more: 16 };

/**
 * A table of columns that fits a terminal's width. Labels and heads are shortened. Columns that still do not fit go
 * into a second table below, which repeats the labels. Without a width, nothing is shortened, and
 * empty columns are left out.
 */
export function columnTable(columns: readonly TableColumn[], width?: number, colour = false): string {
  if (width === undefined) return filledTable(filledColumns(columns), colour);
  const labels = columns.filter(({ kind }) => kind === 'label');
  const others = columns
    .filter(({ kind }) => kind !== 'label')
    .map((column) => ({ ...column, head: shortened(printable(column.head), longestHead) }));
  const room = Math.floor((width - totalWidth(others) + between) / labels.length) - between;
  const longest = room >= shortestLabel ? room : labels.length === 1 ? wrappedLabel.one : wrappedLabel.more;
  const left = labels.map((column) => ({
    ...column,
    cells: column.cells.map((cell) => shortened(cellText(cell), longest)),
  }));
  const blocks: TableColumn[][] = [];
  for (const column of others) {
    const last = blocks.at(-1);
    if (last && totalWidth([...left, ...last, column]) - between <= width) last.push(column);
    else blocks.push([column]);
  }
  return blocks.map((block) => filledTable([...left, ...block], colour)).join('\n');
}

/** The columns that say something. */
export function filledColumns(columns: readonly TableColumn[]): readonly TableColumn[] {
  return columns.filter(({ cells }) => cells.some((cell) => cell !== '' && cell !== dash));
}

/** The width of columns, with a space after each. */
function totalWidth(columns: readonly TableColumn[]): number {
  return columns
    .map(({ head, cells }) => between + Math.max(...[head, ...cells.map(cellText)].map((text) => stringWidth(text))))
    .reduce((sum, width) => sum + width, 0);
}

function filledTable(columns: readonly TableColumn[], colour: boolean): string {
  return textTable(
    columns.map(({ head }) => head),
    (columns[0]?.cells ?? []).map((_, row) => columns.map(({ cells }) => cells[row] ?? '')),
    columns.map(({ kind }) => kind === 'number'),
    colour,
  );
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
