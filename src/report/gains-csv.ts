import type { Comparison, ComparisonRow } from '../comparison/comparison.js';
import { printable } from '../support/printable.js';
import { gainOf, type PointTask, pointsOf } from './points.js';

type Cell = string | number | null;

const columns: Readonly<Record<string, (row: ComparisonRow, task: PointTask) => Cell>> = {
  label: ({ label }) => label,
  type: ({ type }) => type,
  task: (_, { name }) => name,
  metric: (_, { metric }) => metric,
  mean: (row, task) => gainOf(row, task).mean,
  sd: (row, task) => gainOf(row, task).sd,
  gain: (row, task) => gainOf(row, task).gain,
  relativeGain: (row, task) => gainOf(row, task).relativeGain,
  se: (row, task) => gainOf(row, task).se,
  intervalLow: (row, task) => gainOf(row, task).interval?.[0] ?? null,
  intervalHigh: (row, task) => gainOf(row, task).interval?.[1] ?? null,
  p: (row, task) => gainOf(row, task).p,
  pHolm: (row, task) => gainOf(row, task).pHolm,
  verdict: (row, task) => gainOf(row, task).verdict,
  detectable: (row, task) => gainOf(row, task).detectable,
  meanGain: ({ meanGain }) => meanGain,
  worstGain: ({ worstGain }) => worstGain,
  modelVerdict: ({ verdict }) => verdict,
  embedding: ({ parameters }) => parameters?.embedding ?? null,
  network: ({ parameters }) => parameters?.network ?? null,
  runs: ({ runs }) => runs.filter(({ status }) => status === 'done').length,
};

/**
 * gains.csv (RFC 4180): a line per point of the axes, model and task; numbers unrounded, relativeGain in percent, what is not defined
 * empty. A text that a spreadsheet would take for a formula has an apostrophe before it; control characters are replaced.
 */
export function gainsCsv(comparison: Comparison): string {
  const axes = Object.keys(comparison.axes);
  const lines: Cell[][] = [[...axes, ...Object.keys(columns)]];
  for (const { rows, tasks } of pointsOf(comparison)) {
    for (const row of rows) {
      const point = axes.map((key) => axisCell(row.axis[key]));
      for (const task of tasks) lines.push([...point, ...Object.values(columns).map((cell) => cell(row, task))]);
    }
  }
  return lines.map((cells) => `${cells.map(toField).join(',')}\r\n`).join('');
}

function axisCell(value: unknown): Cell {
  return typeof value === 'string' || typeof value === 'number' ? value : (JSON.stringify(value) ?? null);
}

function toField(cell: Cell): string {
  if (cell === null) return '';
  if (typeof cell === 'number') return String(cell);
  const text = printable(/^[=+\-@\p{Cc}]/u.test(cell) ? `'${cell}` : cell);
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
