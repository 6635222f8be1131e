import type { Comparison, Gain, TestedGain } from '../comparison/comparison.js';
import { printable } from '../support/printable.js';
import type { Column } from './columns.js';
import type { GainCell, GainRow } from './gain-table.js';
import { comparisonPoints } from './points.js';

type Cell = string | number | null | undefined;

/** A gain on a task, over the baseline or over the reference of a contrast. */
interface GainLine extends GainRow, GainCell {
  readonly comparison: Comparison;
  readonly isContrast: boolean;
}

/** A column of gains.csv and gains.parquet, with its SQL type. */
interface TypedColumn extends Pick<Column<GainLine, Cell>, 'head' | 'cell'> {
  readonly type: 'VARCHAR' | 'DOUBLE' | 'BIGINT';
}

/** The lines of gains.csv: of every point of the axes and model, then of the contrasts, task by task. */
export function gainLines(comparison: Comparison): readonly GainLine[] {
  const tables = comparisonPoints(comparison).flatMap(({ models, contrasts }) => [
    models,
    ...(contrasts ? [contrasts] : []),
  ]);
  return tables.flatMap(({ rows, kind }) =>
    rows.flatMap((row) => row.cells.map((cell) => ({ ...row, ...cell, comparison, isContrast: kind === 'contrasts' }))),
  );
}

export function typedColumns({ axes }: Comparison): readonly TypedColumn[] {
  return [
    ...Object.entries(axes).map(([key, values]) => {
      const type = values.every((value) => typeof value === 'number') ? 'DOUBLE' : 'VARCHAR';
      return column(key, type, ({ model }) => axisCell(model.axis[key]));
    }),
    column('label', 'VARCHAR', ({ model }) => model.label),
    column('type', 'VARCHAR', ({ model }) => model.type),
    column('task', 'VARCHAR', ({ task }) => task.name),
    column('metric', 'VARCHAR', ({ task }) => task.metric),
    column('mean', 'DOUBLE', ({ own }) => own.mean),
    column('sd', 'DOUBLE', ({ own }) => own.sd),
    ...ofGain('DOUBLE', 'gain', 'relativeGain', 'se'),
    ...ends('interval', ({ gain }) => gain.interval),
    ...ofGain('DOUBLE', 'p', 'pHolm'),
    ...ofGain('VARCHAR', 'verdict'),
    ...ofGain('DOUBLE', 'detectable'),
    ofModel('meanGain', ({ model }) => model.meanGain),
    ofModel('worstGain', ({ model }) => model.worstGain),
    column('modelVerdict', 'VARCHAR', ({ verdict }) => verdict),
    column('embedding', 'BIGINT', ({ model }) => model.parameters?.embedding),
    column('network', 'BIGINT', ({ model }) => model.parameters?.network),
    column('runs', 'BIGINT', ({ model }) => model.runs.filter(({ status }) => status === 'done').length),
    column('reference', 'VARCHAR', ({ reference }) => reference),
    column('gains', 'VARCHAR', ({ gain }) => bySeed(gain)),
    ...ends('simultaneous', ({ gain }) => gain.simultaneous),
    column('level', 'DOUBLE', ({ comparison }) => comparison.test.level),
    ...ofGain('DOUBLE', 'margin', 'pEquivalent', 'pNotInferior'),
    ...ofGain('BIGINT', 'seedsToDecide'),
    ofModel('oneEpochMean', ({ own }) => own.oneEpoch?.mean),
    ofModel('oneEpochGain', ({ own }) => own.oneEpoch?.gain),
    ofModel('multiplier', ({ own }) => own.multiplier?.value),
    ofModel('multiplierLow', ({ own }) => own.multiplier?.interval?.[0]),
    ofModel('multiplierHigh', ({ own }) => own.multiplier?.interval?.[1]),
    column('atLimit', 'BIGINT', ({ model }) => model.atLimit),
    column('searched', 'BIGINT', ({ model }) => model.searched),
    column('taskWeight', 'DOUBLE', ({ comparison, task }) => comparison.taskWeights[task.name]),
    column('aggregateGain', 'DOUBLE', ({ aggregate }) => aggregate?.gain),
    column('aggregateGains', 'VARCHAR', ({ aggregate }) => bySeed(aggregate)),
    column('aggregateSe', 'DOUBLE', ({ aggregate }) => aggregate?.se),
    ...ends('aggregate', ({ aggregate }) => aggregate?.interval),
    ...ends('aggregateSimultaneous', ({ aggregate }) => aggregate?.simultaneous),
    column('aggregateP', 'DOUBLE', ({ aggregate }) => aggregate?.p),
    column('aggregatePHolm', 'DOUBLE', ({ aggregate }) => aggregate?.pHolm),
    column('aggregateVerdict', 'VARCHAR', ({ aggregate }) => aggregate?.verdict),
    ...ofGain('BIGINT', 'rowsToDecide', 'timesToDecide'),
  ];
}

function column(head: string, type: TypedColumn['type'], cell: TypedColumn['cell']): TypedColumn {
  return { head, type, cell };
}

/** What a model has over the baseline, and a contrast has not. */
function ofModel(head: string, cell: TypedColumn['cell']): TypedColumn {
  return column(head, 'DOUBLE', (line, index) => (line.isContrast ? null : cell(line, index)));
}

/** Columns with the names that their fields have in `comparison.json`. */
function ofGain(
  type: TypedColumn['type'],
  ...names: readonly Exclude<keyof TestedGain, 'gains' | 'interval' | 'simultaneous'>[]
): readonly TypedColumn[] {
  return names.map((name) => column(name, type, ({ gain }) => gain[name]));
}

/** The two ends of an interval. */
function ends(name: string, of: (line: GainLine) => Gain['interval'] | undefined): readonly TypedColumn[] {
  return [
    column(`${name}Low`, 'DOUBLE', (line) => of(line)?.[0]),
    column(`${name}High`, 'DOUBLE', (line) => of(line)?.[1]),
  ];
}

/** `{"1":0.0012,"2":0.0009}` */
function bySeed(gain: Gain | null): string | null {
  if (gain === null || gain.gains.length === 0) return null;
  return JSON.stringify(Object.fromEntries(gain.gains.map((pair) => [pair.seed, pair.gain])));
}

/** A value of an axis. One that is neither a text nor a number is written as JSON. */
function axisCell(value: unknown): Cell {
  return typeof value === 'string' || typeof value === 'number' ? value : (JSON.stringify(value) ?? null);
}

/**
 * gains.csv (RFC 4180). Numbers are unrounded, relative gains in percent, undefined values empty. A text that a
 * spreadsheet would treat as a formula gets an apostrophe in front. Control characters are replaced.
 */
export function gainsCsv(comparison: Comparison): string {
  const columns = typedColumns(comparison);
  const rows = gainLines(comparison).map((line, index) => columns.map(({ cell }) => cell(line, index)));
  return [columns.map(({ head }) => head), ...rows].map((cells) => `${cells.map(toField).join(',')}\r\n`).join('');
}

function toField(cell: Cell): string {
  if (cell == null) return '';
  if (typeof cell === 'number') return String(cell);
  const text = printable(/^[=+\-@\p{Cc}]/u.test(cell) ? `'${cell}` : cell);
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
