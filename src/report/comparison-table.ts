import type { Comparison, ComparisonRow } from '../comparison/comparison.js';
import { printable } from '../support/printable.js';
import { explanations, hasIntervals } from './explanations.js';
import { count, dash, fixed, percent, probability, signed } from './numbers.js';
import { gainOf, metricName, type Point, type PointTask, pointsOf } from './points.js';
import { type TextCell, textTable } from './text-table.js';

/**
 * The comparison for a terminal: at every point of the axes a table with a line per model and task, and below it how to read it.
 * Gains beyond noise have an asterisk and, in colour, green for better and red for worse.
 */
export function comparisonTable(comparison: Comparison, { colour }: { readonly colour: boolean }): string {
  const points = pointsOf(comparison);
  const tables = points.map((point) => {
    const heading = point.title === '' ? '' : `${printable(point.title)}\n`;
    return `${heading}${tableOf(point, comparison.baseline, colour)}`;
  });
  const below = new Set([...points.flatMap((point) => explanations(comparison, point)), ...comparison.notes]);
  return `${tables.join('\n')}\n${[...below].map((line) => `${printable(line)}\n`).join('')}`;
}

function tableOf(point: Point, baseline: string, colour: boolean): string {
  const metrics = new Set(point.tasks.map(({ metric }) => metricName(metric)));
  const shared = metrics.size === 1; // the metric stands in the head
  const sd = point.rows.some((row) => point.tasks.some((task) => gainOf(row, task).sd !== null)) ? ' ± sd' : '';
  const head = [
    'model',
    'task',
    ...(shared ? [`${[...metrics].join()}${sd}`] : ['metric', `mean${sd}`]),
    `gain${hasIntervals(point) ? ' ± 95 %' : ''} `, // the last place is the asterisk's
    'p',
    'relative',
    'verdict',
  ];
  const lines = point.rows.flatMap((row) => linesOf(row, point, row.label === baseline, colour));
  const right = [false, false, ...(shared ? [] : [false]), true, true, true, true, false];
  return textTable(
    head,
    lines.map((cells) => (shared ? cells.toSpliced(2, 1) : cells)),
    right,
  );
}

/** A model's lines: its label and verdict stand in the first, its parameters below the label, its mean gain in the last. */
function linesOf(row: ComparisonRow, { tasks, overTasks }: Point, isBaseline: boolean, colour: boolean): TextCell[][] {
  const lines: TextCell[][] = tasks.map((task) => taskCells(row, task, isBaseline, colour));
  if (row.meanGain !== null && tasks.length > 1)
    lines.push([overTasks.name, '', '', `${signed(row.meanGain, overTasks.digits)} `, '', '']);
  const network = row.parameters === null ? undefined : `  ${count(row.parameters.network)} parameters`;
  if (network !== undefined && lines.length === 1) lines.push(['', '', '', '', '', '']);
  const verdict = isBaseline ? 'baseline' : (row.verdict ?? dash);
  return lines.map((cells, index) => [
    index === 0 ? row.label : index === 1 ? (network ?? '') : '',
    ...cells,
    index === 0 ? verdict : '',
  ]);
}

function taskCells(row: ComparisonRow, task: PointTask, isBaseline: boolean, colour: boolean): TextCell[] {
  const { mean, sd, gain, interval, pHolm, relativeGain, verdict } = gainOf(row, task);
  const { digits } = task;
  const half = interval === null ? '' : ` ± ${fixed((interval[1] - interval[0]) / 2, digits)}`;
  const beyond = verdict === 'better' || verdict === 'worse';
  const mark = beyond ? '*' : ' ';
  const text = `${signed(gain, digits)}${half}`;
  const painted: TextCell =
    colour && beyond ? { text, after: mark, colour: verdict === 'better' ? 'green' : 'red' } : `${text}${mark}`;
  return [
    task.name,
    metricName(task.metric),
    sd === null ? fixed(mean, digits) : `${fixed(mean, digits)} ± ${fixed(sd, digits)}`,
    ...(isBaseline ? ['', '', ''] : [painted, probability(pHolm), percent(relativeGain)]),
  ];
}
