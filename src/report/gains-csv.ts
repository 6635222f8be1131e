import type { Aggregate, Comparison, ComparisonRow, Gain, TaskGain, TestedGain } from '../comparison/comparison.js';
import { printable } from '../support/printable.js';
import { contrastsAt } from './effects.js';
import { gainOf, type Point, type PointTask, pointsOf } from './points.js';

export type Cell = string | number | null;

/** The subject of a line: a model's gain on a task, over the baseline or over the reference of a contrast. */
interface Line {
  readonly comparison: Comparison;
  readonly row: ComparisonRow;
  readonly task: PointTask;
  readonly gain: TestedGain;
  /** The model's own results, over the baseline. */
  readonly own: TaskGain;
  readonly aggregate: Aggregate | null;
  readonly reference: string | null;
  readonly modelVerdict: string;
  /** True for a contrast, which has its own gains over tasks. */
  readonly contrast: boolean;
}

/** By name. A line of `gainLines` or of a contrast gives a cell of each. */
export const gainColumns: Readonly<Record<string, (line: Line) => Cell>> = {
  label: ({ row }) => row.label,
  type: ({ row }) => row.type,
  task: ({ task }) => task.name,
  metric: ({ task }) => task.metric,
  mean: ({ own }) => own.mean,
  sd: ({ own }) => own.sd,
  gain: ({ gain }) => gain.gain,
  relativeGain: ({ gain }) => gain.relativeGain,
  se: ({ gain }) => gain.se,
  intervalLow: ({ gain }) => gain.interval?.[0] ?? null,
  intervalHigh: ({ gain }) => gain.interval?.[1] ?? null,
  p: ({ gain }) => gain.p,
  pHolm: ({ gain }) => gain.pHolm,
  verdict: ({ gain }) => gain.verdict,
  detectable: ({ gain }) => gain.detectable,
  meanGain: ({ row, contrast }) => (contrast ? null : row.meanGain),
  worstGain: ({ row, contrast }) => (contrast ? null : row.worstGain),
  modelVerdict: ({ modelVerdict }) => modelVerdict,
  embedding: ({ row }) => row.parameters?.embedding ?? null,
  network: ({ row }) => row.parameters?.network ?? null,
  runs: ({ row }) => row.runs.filter(({ status }) => status === 'done').length,
  reference: ({ reference }) => reference,
  gains: ({ gain }) => bySeed(gain),
  simultaneousLow: ({ gain }) => gain.simultaneous?.[0] ?? null,
  simultaneousHigh: ({ gain }) => gain.simultaneous?.[1] ?? null,
  level: ({ comparison }) => comparison.test.level,
  margin: ({ gain }) => gain.margin,
  pEquivalent: ({ gain }) => gain.pEquivalent,
  pNotInferior: ({ gain }) => gain.pNotInferior,
  seedsToDecide: ({ gain }) => gain.seedsToDecide,
  ownBestMean: ({ own, contrast }) => (contrast ? null : (own.ownBest?.mean ?? null)),
  ownBestGain: ({ own, contrast }) => (contrast ? null : (own.ownBest?.gain ?? null)),
  atLimit: ({ row }) => row.atLimit,
  searched: ({ row }) => row.searched ?? null,
  taskWeight: ({ comparison, task }) => comparison.taskWeights[task.name] ?? null,
  aggregateGain: ({ aggregate }) => aggregate?.gain ?? null,
  aggregateGains: ({ aggregate }) => bySeed(aggregate),
  aggregateSe: ({ aggregate }) => aggregate?.se ?? null,
  aggregateLow: ({ aggregate }) => aggregate?.interval?.[0] ?? null,
  aggregateHigh: ({ aggregate }) => aggregate?.interval?.[1] ?? null,
  aggregateSimultaneousLow: ({ aggregate }) => aggregate?.simultaneous?.[0] ?? null,
  aggregateSimultaneousHigh: ({ aggregate }) => aggregate?.simultaneous?.[1] ?? null,
  aggregateP: ({ aggregate }) => aggregate?.p ?? null,
  aggregatePHolm: ({ aggregate }) => aggregate?.pHolm ?? null,
  aggregateVerdict: ({ aggregate }) => aggregate?.verdict ?? null,
  rowsToDecide: ({ gain }) => gain.rowsToDecide,
  timesToDecide: ({ gain }) => gain.timesToDecide,
};

/**
 * gains.csv (RFC 4180): a line per point of the axes, model and task, then one per contrast and task. Numbers are
 * unrounded, relative gains in percent, undefined values empty. A text that a spreadsheet would treat as a formula gets
 * an apostrophe in front. Control characters are replaced.
 */
export function gainsCsv(comparison: Comparison): string {
  const axes = Object.keys(comparison.axes);
  const lines: Cell[][] = [[...axes, ...Object.keys(gainColumns)]];
  for (const point of pointsOf(comparison)) {
    for (const line of [...gainLines(comparison, point), ...contrastLines(comparison, point)]) {
      const at = axes.map((key) => axisCell(line.row.axis[key]));
      lines.push([...at, ...Object.values(gainColumns).map((cell) => cell(line))]);
    }
  }
  return lines.map((cells) => `${cells.map(toField).join(',')}\r\n`).join('');
}

/** A line per model and task at a point of the axes. */
export function gainLines(comparison: Comparison, { rows, tasks }: Point): readonly Line[] {
  return rows.flatMap((row) =>
    tasks.map((task) => {
      const gain = gainOf(row, task);
      const reference = row.label === comparison.baseline ? null : comparison.baseline;
      const { aggregate, verdict: modelVerdict } = row;
      return { comparison, row, task, gain, own: gain, aggregate, reference, modelVerdict, contrast: false };
    }),
  );
}

function contrastLines(comparison: Comparison, point: Point): readonly Line[] {
  return contrastsAt(comparison, point).flatMap((contrast) => {
    const row = point.rows.find(({ label }) => label === contrast.model);
    if (!row) return [];
    return point.tasks.flatMap((task) => {
      const gain = contrast.tasks[task.name];
      if (!gain) return [];
      const { aggregate, reference, verdict: modelVerdict } = contrast;
      return {
        comparison,
        row,
        task,
        gain,
        own: gainOf(row, task),
        aggregate,
        reference,
        modelVerdict,
        contrast: true,
      };
    });
  });
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
