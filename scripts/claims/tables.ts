// A comparison's rows and contrasts, and their Markdown.
import type { ComparisonRow, Contrast, TestedGain } from '../../src/comparison/comparison.js';
import { isLimited } from '../../src/comparison/gains/doublings.js';
import { isUnfinished } from '../../src/comparison/statistics/verdict.js';
import { must } from '../../src/support/must.js';
import type { Answer, Table, Verdict } from './claim.js';

export function rowOf(table: Table, label: string): ComparisonRow {
  return must(
    table.rows.find((row) => row.label === label),
    `row ${label}`,
  );
}

export function jointRows(table: Table): readonly ComparisonRow[] {
  return table.rows.filter(({ label }) => label !== table.baseline);
}

/** What of a table tells whether there can be a verdict. */
interface Trained extends Pick<Table, 'doublings'> {
  readonly rows: readonly { readonly atLimit: number; readonly runs: readonly unknown[] }[];
}

/** Every run was trained to a plateau, or saw its rows once and twice as many bring little more. */
function isSettled({ rows, doublings = [] }: Trained): boolean {
  return !rows.some(({ atLimit, runs }) => isUnfinished(atLimit, runs.length)) && !doublings.some(isLimited);
}

/** What must come before a verdict. */
export const unsettled =
  'Training to a plateau comes first (`train.epochs`), or more rows: twice as many bring single-task more than 10 % of what it has learnt.';

/** The verdict, if there can be one. */
export function ifSettled(tables: readonly Trained[], verdict: Verdict): Pick<Answer, 'verdict' | 'next'> {
  return tables.every(isSettled) ? { verdict } : { verdict: 'cannot be told', next: unsettled };
}

const marks = { better: '▲', worse: '▼', equivalent: '=', undecided: '?' };

function gainText({ metric, gain, relativeGain, interval, verdict }: TestedGain & { readonly metric: string }): string {
  if (gain === null) return '–';
  const inPercent = !/auc/i.test(metric) && relativeGain !== null;
  const unit = inPercent ? (relativeGain ?? 0) / gain : 1;
  const text = (value: number) => signed(value * unit, inPercent ? 1 : 4);
  const range = interval ? ` [${text(interval[0])}, ${text(interval[1])}]` : '';
  return `${text(gain)}${range}${inPercent ? ' %' : ''}${verdict ? ` ${marks[verdict]}` : ''}`;
}

export function signed(value: number, digits: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(digits)}`;
}

/** Every row of a table with its gains. */
export function gains(table: Table): string {
  const { rows, tasks, baseline } = table;
  const lines = rows.map(({ label, parameters, ...row }) => {
    const own = tasks.map((task) => must(row.tasks[task], task));
    const means = own.map(({ mean, metric }) => `${mean?.toFixed(4)} ${metric.toUpperCase()}`);
    const size = parameters ? `${parameters.network} + ${parameters.embedding}` : '';
    return pointCells(row, [label, ...(label === baseline ? means : own.map(gainText))], [size]);
  });
  return pointTable(rows[0]?.axis, ['model', ...tasks, 'Δm, %', 'parameters', 'verdict'], lines);
}

export function contrasts(table: Table): string {
  const { contrasts: all, tasks } = table;
  const lines = all.map(({ model, reference, ...contrast }) => {
    return pointCells(contrast, [
      `${model} over ${reference}`,
      ...tasks.map((task) => gainText(must(contrast.tasks[task], task))),
    ]);
  });
  return pointTable(all[0]?.axis, ['contrast', ...tasks, 'Δm, %', 'verdict'], lines);
}

function pointCells(
  { axis, aggregate, verdict }: Pick<Contrast, 'axis' | 'aggregate' | 'verdict'>,
  cells: readonly string[],
  more: readonly string[] = [],
): readonly string[] {
  const mean = aggregate?.gain == null ? '' : signed(aggregate.gain, 1);
  return [...Object.values(axis).map(String), ...cells, mean, ...more, verdict ?? ''];
}

function pointTable(axis = {}, head: readonly string[], lines: readonly (readonly string[])[]): string {
  return `\n${markdown([[...Object.keys(axis).map((key) => key.split('.').at(-1) ?? key), ...head], ...lines])}`;
}

export function frontsOf(table: Table): string {
  const all = table.fronts ?? [];
  const lines = all.map(({ model, points, seesaw, repairedBy }) => [
    model,
    ...points.map(({ tasks }) => Object.values(tasks).map(gainText).join(', ')),
    seesaw ? [seesaw, ...repairedBy].join(' ') : '',
  ]);
  const head = ['model', ...(all[0]?.points ?? []).map(({ value }) => `weight ${value}`), 'seesaw'];
  const task = all[0]?.key.split('.')[2];
  return `\n**Loss weights** of ${task}, with gains on ${table.tasks.join(' and ')}. *seesaw*: a task is worse at every weight; *undecided*: this is not shown; empty: none at weight 1.\n\n${markdown([head, ...lines])}`;
}

export function markdown([head = [], ...lines]: readonly (readonly string[])[]): string {
  const text = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [text(head), text(head.map(() => '---')), ...lines.map(text)].join('\n');
}
