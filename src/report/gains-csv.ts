import type { Comparison } from '../comparison/comparison.js';
import { printable } from '../support/printable.js';
import { type GainColumn, gainColumns } from './gain-columns.js';
import { gainTables } from './gain-rows.js';

/**
 * gains.csv (RFC 4180): a line for each gain. Numbers are unrounded, relative gains in percent, undefined values empty.
 * A text that a spreadsheet would treat as a formula gets an apostrophe in front. Control characters are replaced.
 */
export function gainsCsv(comparison: Comparison): string {
  const axes = Object.keys(comparison.axes).map(
    (key): GainColumn => ({ name: key, value: ({ point }) => axisCell(point.axis[key]) }),
  );
  const columns = [...axes, ...gainColumns];
  const all = gainTables(comparison).flatMap(({ rows }) => rows);
  const rows = all.map((row) => columns.map(({ value }) => value(row)));
  return csvOf([columns.map(({ name }) => name), ...rows]);
}

export function csvOf(lines: readonly (readonly ReturnType<GainColumn['value']>[])[]): string {
  return lines.map((cells) => `${cells.map(toField).join(',')}\r\n`).join('');
}

/** A value of an axis. One that is neither a text nor a number is written as JSON. */
function axisCell(value: unknown): ReturnType<GainColumn['value']> {
  return typeof value === 'string' || typeof value === 'number' ? value : JSON.stringify(value);
}

function toField(cell: ReturnType<GainColumn['value']>): string {
  if (cell == null) return '';
  if (typeof cell === 'number') return String(cell);
  const text = printable(/^[=+\-@\p{Cc}]/u.test(cell) ? `'${cell}` : cell);
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
