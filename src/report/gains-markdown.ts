import type { Comparison, ComparisonRow } from '../comparison/comparison.js';
import { explanations, hasIntervals } from './explanations.js';
import { count, dash, fixed, percent, probability, signed } from './numbers.js';
import { gainOf, metricName, type Point, type PointTask, pointsOf } from './points.js';

/** gains.md: a table per point of the axes, a line per model; gains beyond noise are bold. */
export function gainsMarkdown(comparison: Comparison): string {
  const points = pointsOf(comparison);
  const tables = points.map((point) => {
    const heading = point.title === '' ? '' : `### ${escapeMarkdown(point.title)}\n\n`;
    return `${heading}${tableOf(point, comparison.baseline)}`;
  });
  const below = new Set([...points.flatMap((point) => explanations(comparison, point)), ...comparison.notes]);
  return `${tables.join('\n')}\n${[...below].map((line) => `${escapeMarkdown(line)}\n`).join('\n')}`;
}

function tableOf(point: Point, baseline: string): string {
  const { tasks, overTasks } = point;
  const withMean = point.rows.some(({ meanGain }) => meanGain !== null);
  const head = [
    'model',
    'parameters',
    ...tasks.flatMap(({ name, metric }) => [
      `${escapeMarkdown(name)}: ${metricName(metric)}`,
      hasIntervals(point) ? 'gain [95 % interval]' : 'gain',
      'p (Holm)',
      'relative',
    ]),
    ...(withMean ? [overTasks.name] : []),
    'verdict',
  ];
  const rule = head.map((_, index) => (index === 0 || index === head.length - 1 ? '---' : '---:'));
  const rows = point.rows.map((row) => [
    escapeMarkdown(row.label),
    count(row.parameters?.network ?? null),
    ...tasks.flatMap((task) => taskCells(row, task, row.label === baseline)),
    ...(withMean ? [signed(row.meanGain, overTasks.digits)] : []),
    row.label === baseline ? 'baseline' : (row.verdict ?? dash),
  ]);
  return [head, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}

function taskCells(row: ComparisonRow, task: PointTask, isBaseline: boolean): string[] {
  const { mean, sd, gain, interval, pHolm, relativeGain, verdict } = gainOf(row, task);
  const { digits } = task;
  const value = sd === null ? fixed(mean, digits) : `${fixed(mean, digits)} ± ${fixed(sd, digits)}`;
  if (isBaseline) return [value, '', '', ''];
  const number = signed(gain, digits);
  const shown = verdict === 'better' || verdict === 'worse' ? `**${number}**` : number;
  const range = interval === null ? '' : ` [${interval.map((end) => signed(end, digits)).join(', ')}]`;
  return [value, `${shown}${range}`, probability(pHolm), percent(relativeGain)].map((cell) =>
    cell.replaceAll('<', '&lt;'),
  );
}

/** A text as text in a cell or a paragraph, on one line. */
function escapeMarkdown(text: string): string {
  return text
    .replace(/\p{Cc}+/gu, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replace(/[\\`*_[\]|~$!#]/g, '\\$&');
}
