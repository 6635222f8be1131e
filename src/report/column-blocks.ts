import stringWidth from 'string-width';
import { printable } from '../support/printable.js';
import { shortened, type TextCell, textTable } from './text-table.js';

export interface Column<Cell extends TextCell = TextCell> {
  readonly head: string;
  readonly cells: readonly Cell[];
  /** Numbers, which end in line. */
  readonly right?: boolean;
}

const between = 2;
const longestHead = 20;
/** Labels are this long at most where that lets all columns stand side by side, */
const shortestLabel = 14;
/** else this long, and columns are wrapped. */
const wrappedLabel = { one: 24, more: 16 };

/**
 * A table no wider than a terminal. Labels and heads are shortened; columns that still do not fit stand in a second table below,
 * beside the labels again.
 */
export function columnBlocks(labels: readonly Column<string>[], values: readonly Column[], columns: number): string {
  const others = values.map((column) => ({ ...column, head: shortened(printable(column.head), longestHead) }));
  const widths = others.map(widthOf);
  const all = widths.reduce((sum, width) => sum + width, 0);
  const room = Math.floor((columns - all + between) / labels.length) - between;
  const longest = room >= shortestLabel ? room : labels.length === 1 ? wrappedLabel.one : wrappedLabel.more;
  const left = labels.map(({ head, cells }) => ({
    head,
    cells: cells.map((cell) => shortened(printable(cell), longest)),
  }));
  const leftWidth = left.map(widthOf).reduce((sum, width) => sum + width, -between);

  const blocks: Column[][] = [];
  let used = columns;
  for (const [index, column] of others.entries()) {
    const width = widths[index] ?? 0;
    if (used + width > columns) {
      blocks.push([]);
      used = leftWidth;
    }
    blocks.at(-1)?.push(column);
    used += width;
  }
  return blocks.map((block) => tableOf(left, block)).join('\n');
}

function widthOf({ head, cells }: Column): number {
  const widths = cells.map((cell) => stringWidth(typeof cell === 'object' ? cell.text + cell.after : String(cell)));
  return between + Math.max(stringWidth(head), ...widths);
}

function tableOf(left: readonly Column[], right: readonly Column[]): string {
  const columns = [...left, ...right];
  const rows = (left[0]?.cells ?? []).map((_, row) => columns.map(({ cells }) => cells[row] ?? ''));
  return textTable(
    columns.map(({ head }) => head),
    rows,
    columns.map(({ right: numbers }) => numbers === true),
  );
}
