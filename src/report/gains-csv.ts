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

type GainColumn = Pick<Column<GainLine, Cell>, 'head' | 'cell'>;

/** The lines of gains.csv: of every point of the axes and model, then of the contrasts, task by task. */
function gainLines(comparison: Comparison): readonly GainLine[] {
  const tables = comparisonPoints(comparison).flatMap(({ models, contrasts }) => [
    models,
    ...(contrasts ? [contrasts] : []),
  ]);
  return tables.flatMap(({ rows, kind }) =>
    rows.flatMap((row) => row.cells.map((cell) => ({ ...row, ...cell, comparison, isContrast: kind === 'contrasts' }))),
  );
}

function gainColumns({ axes }: Comparison): readonly GainColumn[] {
  return [
    ...Object.keys(axes).map((key) => column(key, ({ model }) => axisCell(model.axis[key]))),
    column('label', ({ model }) => model.label),
    column('type', ({ model }) => model.type),
    column('task', ({ task }) => task.name),
    column('metric', ({ task }) => task.metric),
    column('mean', ({ own }) => own.mean),
    column('sd', ({ own }) => own.sd),
    ...ofGain('gain', 'relativeGain', 'se'),
    ...ends('interval', ({ gain }) => gain.interval),
    ...ofGain('p', 'pHolm', 'verdict'),
    ofModel('meanGain', ({ model }) => model.meanGain),
    ofModel('worstGain', ({ model }) => model.worstGain),
    column('modelVerdict', ({ verdict }) => verdict),
    column('embedding', ({ model }) => model.parameters?.embedding),
    column('network', ({ model }) => model.parameters?.network),
    column('runs', ({ model }) => model.runs.filter(({ status }) => status === 'done').length),
    column('reference', ({ reference }) => reference),
    column('gains', ({ gain }) => bySeed(gain)),
    ...ends('simultaneous', ({ gain }) => gain.simultaneous),
    column('level', ({ comparison }) => comparison.test.level),
    ...ofGain('margin', 'pEquivalent', 'pNotInferior'),
    ofModel('oneEpochMean', ({ own }) => own.oneEpoch?.mean),
    ofModel('oneEpochGain', ({ own }) => own.oneEpoch?.gain),
    column('atLimit', ({ model }) => model.atLimit),
    column('searched', ({ model }) => model.searched),
    column('taskWeight', ({ comparison, task }) => comparison.taskWeights[task.name]),
    column('aggregateGain', ({ aggregate }) => aggregate?.gain),
    column('aggregateGains', ({ aggregate }) => bySeed(aggregate)),
    column('aggregateSe', ({ aggregate }) => aggregate?.se),
    ...ends('aggregate', ({ aggregate }) => aggregate?.interval),
    ...ends('aggregateSimultaneous', ({ aggregate }) => aggregate?.simultaneous),
    column('aggregateP', ({ aggregate }) => aggregate?.p),
    column('aggregatePHolm', ({ aggregate }) => aggregate?.pHolm),
    column('aggregateVerdict', ({ aggregate }) => aggregate?.verdict),
  ];
}

function column(head: string, cell: GainColumn['cell']): GainColumn {
  return { head, cell };
}

/** What a model has over the baseline, and a contrast has not. */
function ofModel(head: string, cell: GainColumn['cell']): GainColumn {
  return column(head, (line, index) => (line.isContrast ? null : cell(line, index)));
}

/** Columns with the names that their fields have in `comparison.json`. */
function ofGain(
  ...names: readonly Exclude<keyof TestedGain, 'gains' | 'interval' | 'simultaneous'>[]
): readonly GainColumn[] {
  return names.map((name) => column(name, ({ gain }) => gain[name]));
}

/** The two ends of an interval. */
function ends(name: string, of: (line: GainLine) => Gain['interval'] | undefined): readonly GainColumn[] {
  return [column(`${name}Low`, (line) => of(line)?.[0]), column(`${name}High`, (line) => of(line)?.[1])];
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
  const columns = gainColumns(comparison);
  const rows = gainLines(comparison).map((line, index) => columns.map(({ cell }) => cell(line, index)));
  return [columns.map(({ head }) => head), ...rows].map((cells) => `${cells.map(toField).join(',')}\r\n`).join('');
}

function toField(cell: Cell): string {
  if (cell == null) return '';
  if (typeof cell === 'number') return String(cell);
  const text = printable(/^[=+\-@\p{Cc}]/u.test(cell) ? `'${cell}` : cell);
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
