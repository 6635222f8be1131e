import type { Aggregate, Comparison, ComparisonRow, Gain, TaskVerdict, TestedGain } from '../comparison/comparison.js';
import { aggregateDigits, contrastsAt, intervalText, relative, verdictText, withSign } from './effects.js';
import { hasIntervals } from './explanations.js';
import { frontTable } from './fronts.js';
import { count, dash, fixed, percent, probability, signed } from './numbers.js';
import { gainOf, metricName, type Point, type PointTask } from './points.js';
import { searchTable } from './search.js';
import { type TextCell, textTable } from './text-table.js';

/**
 * All numbers at a point of the axes: a line per model and task, then the same for contrasts. Columns without numbers
 * are left out.
 */
export function wideTable(comparison: Comparison, point: Point, colour: boolean): string {
  const { baseline } = comparison;
  const models = point.rows.flatMap((row) =>
    linesOf({ model: row.label, over: '', verdict: verdictText(row.verdict, row.tasks), row }, [
      ...point.tasks.map((task) => taskLine(row.label === baseline ? null : gainOf(row, task), task, point)),
      ...meanLine(row.aggregate, point),
    ]),
  );
  const contrasts = contrastsAt(comparison, point).flatMap(({ model, reference, verdict, tasks, aggregate }) =>
    linesOf({ model, over: reference, verdict: verdictText(verdict, tasks), row: null }, [
      ...point.tasks.map((task) => taskLine(tasks[task.name] ?? null, task, point)),
      ...meanLine(aggregate, point),
    ]),
  );
  const columns = columnsOf(hasIntervals(point), colour);
  const tables = [models, contrasts].filter((lines) => lines.length > 0).map((lines) => tableOf(columns, lines));
  return [...tables, searchTable(comparison, point.axis), frontTable(comparison, point, colour)]
    .filter((text) => text !== '')
    .join('\n');
}

/** How to read the gains at each task's own best epoch. Empty if there are none. */
export function ownBestInWords({ baseline }: Comparison, { rows, tasks }: Point): readonly string[] {
  if (rows.every((row) => tasks.every((task) => (gainOf(row, task).ownBest?.gain ?? null) === null))) return [];
  return [
    `The gain with the own best epoch has each task at the epoch that was best for it alone, as ${baseline} has.`,
  ];
}

/** One model's gain, on a task or over tasks. */
interface GainLine {
  /** Null: the mean over tasks. */
  readonly task: PointTask | null;
  readonly gain: Gain | null;
  readonly tested: TestedGain | null;
  readonly digits: number;
  readonly relative: string;
  readonly verdict: TaskVerdict | null;
}

interface ModelCells {
  readonly model: string;
  readonly over: string;
  readonly verdict: string;
  /** Null for a contrast. */
  readonly row: ComparisonRow | null;
}

type Line = GainLine & { readonly model: ModelCells; readonly isFirst: boolean };

function linesOf(model: ModelCells, gains: readonly GainLine[]): readonly Line[] {
  return gains.map((gain, index) => ({ ...gain, model, isFirst: index === 0 }));
}

function taskLine(gain: TestedGain | null, task: PointTask, point: Point): GainLine {
  const size = gain === null ? dash : relative(gain, task, point);
  return { task, gain, tested: gain, digits: task.digits, relative: size, verdict: gain?.verdict ?? null };
}

function meanLine(gain: Aggregate | null, point: Point): readonly GainLine[] {
  if (gain === null) return [];
  const digits = aggregateDigits(point);
  return [{ task: null, gain, tested: null, digits, relative: percent(gain.gain, digits), verdict: gain.verdict }];
}

interface Column {
  readonly head: string;
  readonly isText?: true;
  cell(line: Line): TextCell;
}

function columnsOf(withIntervals: boolean, colour: boolean): readonly Column[] {
  return [
    { head: 'model', isText: true, cell: ({ isFirst, model }) => (isFirst ? model.model : '') },
    { head: 'over', isText: true, cell: ({ isFirst, model }) => (isFirst ? model.over : '') },
    { head: 'verdict', isText: true, cell: ({ isFirst, model }) => (isFirst ? model.verdict : '') },
    { head: 'task', isText: true, cell: ({ task }) => task?.name ?? 'Δm' },
    { head: 'metric', isText: true, cell: ({ task }) => (task ? metricName(task.metric) : '') },
    { head: 'mean ± sd', cell: ({ model, task }) => (model.row && task ? meanOf(model.row, task) : '') },
    { head: withIntervals ? 'gain ± interval' : 'gain', cell: gainText },
    { head: 'simultaneous', cell: simultaneousText },
    { head: 'p (Holm)', cell: ({ gain }) => (gain ? probability(gain.pHolm) : '') },
    { head: 'p equivalent', cell: ({ tested }) => (tested ? probability(tested.pEquivalent) : '') },
    { head: 'relative', cell: ({ gain, relative, verdict }) => (gain ? withSign(relative, verdict, colour) : '') },
    { head: 'gain, own best epoch', cell: ownBestText },
    {
      head: 'embedding',
      cell: ({ isFirst, model }) => (isFirst ? count(model.row?.parameters?.embedding ?? null) : ''),
    },
    { head: 'network', cell: ({ isFirst, model }) => (isFirst ? count(model.row?.parameters?.network ?? null) : '') },
  ];
}

function meanOf(row: ComparisonRow, task: PointTask): string {
  const { mean, sd } = gainOf(row, task);
  return sd === null ? fixed(mean, task.digits) : `${fixed(mean, task.digits)} ± ${fixed(sd, task.digits)}`;
}

function gainText({ gain, task, digits }: Line): string {
  if (gain === null) return '';
  const { interval } = gain;
  const half = interval === null ? '' : ` ± ${fixed((interval[1] - interval[0]) / 2, digits)}`;
  return `${signed(gain.gain, digits)}${half}${task ? '' : ' %'}`;
}

function simultaneousText({ gain, digits }: Line): string {
  if (gain === null) return '';
  return intervalText(gain, digits) || dash;
}

function ownBestText({ model, task }: Line): string {
  if (!model.row || !task) return '';
  return signed(gainOf(model.row, task).ownBest?.gain ?? null, task.digits);
}

function tableOf(columns: readonly Column[], lines: readonly Line[]): string {
  const shown = columns.filter(({ cell }) => lines.some((line) => !['', dash].includes(textOf(cell(line)))));
  return textTable(
    shown.map(({ head }) => head),
    lines.map((line) => shown.map(({ cell }) => cell(line))),
    shown.map(({ isText }) => isText !== true),
  );
}

function textOf(cell: TextCell): string {
  return typeof cell === 'object' ? cell.text : String(cell);
}
