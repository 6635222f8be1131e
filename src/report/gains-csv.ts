import type { Comparison, Gain } from '../comparison/comparison.js';
import { printable } from '../support/printable.js';
import { type GainCell, type GainRow, type GainTable, gainTables } from './gain-table.js';

export type Cell = string | number | null;

/** A gain on a task, over the baseline or over the reference of a contrast. */
export interface GainLine extends GainRow, GainCell {
  readonly comparison: Comparison;
  readonly isContrast: boolean;
}

/** A column of a file: its name, its type in Parquet, and its value of a line. */
export type FileColumn<Line> = readonly [
  name: string,
  type: 'VARCHAR' | 'DOUBLE' | 'BIGINT',
  of: (line: Line) => Cell | undefined,
];

export const gainColumns: readonly FileColumn<GainLine>[] = [
  ['label', 'VARCHAR', ({ model }) => model.label],
  ['type', 'VARCHAR', ({ model }) => model.type],
  ['task', 'VARCHAR', ({ task }) => task.name],
  ['metric', 'VARCHAR', ({ task }) => task.metric],
  ['mean', 'DOUBLE', ({ own }) => own.mean],
  ['sd', 'DOUBLE', ({ own }) => own.sd],
  ['gain', 'DOUBLE', ({ gain }) => gain.gain],
  ['relativeGain', 'DOUBLE', ({ gain }) => gain.relativeGain],
  ['se', 'DOUBLE', ({ gain }) => gain.se],
  ['intervalLow', 'DOUBLE', ({ gain }) => gain.interval?.[0]],
  ['intervalHigh', 'DOUBLE', ({ gain }) => gain.interval?.[1]],
  ['p', 'DOUBLE', ({ gain }) => gain.p],
  ['pHolm', 'DOUBLE', ({ gain }) => gain.pHolm],
  ['verdict', 'VARCHAR', ({ gain }) => gain.verdict],
  ['detectable', 'DOUBLE', ({ gain }) => gain.detectable],
  ['meanGain', 'DOUBLE', ({ model, isContrast }) => (isContrast ? null : model.meanGain)],
  ['worstGain', 'DOUBLE', ({ model, isContrast }) => (isContrast ? null : model.worstGain)],
  ['modelVerdict', 'VARCHAR', ({ verdict }) => verdict],
  ['embedding', 'BIGINT', ({ model }) => model.parameters?.embedding],
  ['network', 'BIGINT', ({ model }) => model.parameters?.network],
  ['runs', 'BIGINT', ({ model }) => model.runs.filter(({ status }) => status === 'done').length],
  ['reference', 'VARCHAR', ({ reference }) => reference],
  ['gains', 'VARCHAR', ({ gain }) => bySeed(gain)],
  ['simultaneousLow', 'DOUBLE', ({ gain }) => gain.simultaneous?.[0]],
  ['simultaneousHigh', 'DOUBLE', ({ gain }) => gain.simultaneous?.[1]],
  ['level', 'DOUBLE', ({ comparison }) => comparison.test.level],
  ['margin', 'DOUBLE', ({ gain }) => gain.margin],
  ['pEquivalent', 'DOUBLE', ({ gain }) => gain.pEquivalent],
  ['pNotInferior', 'DOUBLE', ({ gain }) => gain.pNotInferior],
  ['seedsToDecide', 'BIGINT', ({ gain }) => gain.seedsToDecide],
  ['ownBestMean', 'DOUBLE', ({ own, isContrast }) => (isContrast ? null : own.ownBest?.mean)],
  ['ownBestGain', 'DOUBLE', ({ own, isContrast }) => (isContrast ? null : own.ownBest?.gain)],
  ['atLimit', 'BIGINT', ({ model }) => model.atLimit],
  ['searched', 'BIGINT', ({ model }) => model.searched],
  ['taskWeight', 'DOUBLE', ({ comparison, task }) => comparison.taskWeights[task.name]],
  ['aggregateGain', 'DOUBLE', ({ aggregate }) => aggregate?.gain],
  ['aggregateGains', 'VARCHAR', ({ aggregate }) => bySeed(aggregate)],
  ['aggregateSe', 'DOUBLE', ({ aggregate }) => aggregate?.se],
  ['aggregateLow', 'DOUBLE', ({ aggregate }) => aggregate?.interval?.[0]],
  ['aggregateHigh', 'DOUBLE', ({ aggregate }) => aggregate?.interval?.[1]],
  ['aggregateSimultaneousLow', 'DOUBLE', ({ aggregate }) => aggregate?.simultaneous?.[0]],
  ['aggregateSimultaneousHigh', 'DOUBLE', ({ aggregate }) => aggregate?.simultaneous?.[1]],
  ['aggregateP', 'DOUBLE', ({ aggregate }) => aggregate?.p],
  ['aggregatePHolm', 'DOUBLE', ({ aggregate }) => aggregate?.pHolm],
  ['aggregateVerdict', 'VARCHAR', ({ aggregate }) => aggregate?.verdict],
  ['rowsToDecide', 'BIGINT', ({ gain }) => gain.rowsToDecide],
  ['timesToDecide', 'BIGINT', ({ gain }) => gain.timesToDecide],
];

/**
 * gains.csv (RFC 4180): a line per point of the axes, model and task, then one per contrast and task. Numbers are
 * unrounded, relative gains in percent, undefined values empty. A text that a spreadsheet would treat as a formula gets
 * an apostrophe in front. Control characters are replaced.
 */
export function gainsCsv(comparison: Comparison): string {
  const axes = Object.keys(comparison.axes);
  const lines = gainTables(comparison).flatMap(({ models, contrasts }) => [
    ...gainLines(comparison, models),
    ...(contrasts ? gainLines(comparison, contrasts) : []),
  ]);
  const rows = lines.map((line) => [
    ...axes.map((key) => axisCell(line.model.axis[key])),
    ...gainColumns.map(([, , of]) => of(line) ?? null),
  ]);
  const head = [...axes, ...gainColumns.map(([name]) => name)];
  return [head, ...rows].map((cells) => `${cells.map(toField).join(',')}\r\n`).join('');
}

/** A line per row and task of a table. */
export function gainLines(comparison: Comparison, { rows, kind }: GainTable): readonly GainLine[] {
  return rows.flatMap((row) =>
    row.cells.map((cell) => ({ ...row, ...cell, comparison, isContrast: kind === 'contrasts' })),
  );
}

/** `{"1":0.0012,"2":0.0009}` */
function bySeed(gain: Gain | null): string | null {
  if (gain === null || gain.gains.length === 0) return null;
  return JSON.stringify(Object.fromEntries(gain.gains.map((pair) => [pair.seed, pair.gain])));
}

/** A value of an axis. One that is neither a text nor a number is written as JSON. */
export function axisCell(value: unknown): Cell {
  return typeof value === 'string' || typeof value === 'number' ? value : (JSON.stringify(value) ?? null);
}

function toField(cell: Cell): string {
  if (cell === null) return '';
  if (typeof cell === 'number') return String(cell);
  const text = printable(/^[=+\-@\p{Cc}]/u.test(cell) ? `'${cell}` : cell);
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
