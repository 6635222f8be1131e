import type { Aggregate, Comparison, ComparisonRow, TestedGain } from '../comparison/comparison.js';
import { aggregateDigits, contrastsAt, intervalText, relative, signs, verdictText } from './effects.js';
import { explanations, hasIntervals } from './explanations.js';
import { count, fixed, percent, probability, signed } from './numbers.js';
import { gainOf, metricName, type Point, type PointTask, pointsOf } from './points.js';

/**
 * gains.md: a table per point of the axes with a line per model, and one of the contrasts. Gains that are better or
 * worse are bold.
 */
export function gainsMarkdown(comparison: Comparison): string {
  const points = pointsOf(comparison);
  const tables = points.map((point) => {
    const heading = point.title === '' ? '' : `### ${escapeMarkdown(point.title)}\n\n`;
    return `${heading}${[gainTable(comparison, point), ...contrastTable(comparison, point)].join('\n')}`;
  });
  const key = `${signs.better} better, ${signs.worse} worse, ${signs.equivalent} equivalent, ${signs.undecided} undecided.`;
  const below = new Set([key, ...points.flatMap((point) => explanations(comparison, point)), ...comparison.notes]);
  return `${tables.join('\n')}\n${[...below].map((line) => `${escapeMarkdown(line)}\n`).join('\n')}`;
}

function gainTable({ baseline }: Comparison, point: Point): string {
  const { tasks, rows } = point;
  const gainHead = gainHeadOf(point);
  const withMean = rows.some(({ aggregate }) => aggregate !== null);
  const head = [
    ...['model', 'verdict'],
    ...tasks.flatMap((task) => [headOf(task), ...gainHead]),
    ...(withMean ? ['Δm'] : []),
    ...['embedding parameters', 'network parameters'],
  ];
  const lines = rows.map((row) => [
    escapeMarkdown(row.label),
    verdictText(row.verdict, row.tasks),
    ...tasks.flatMap((task) => [
      meanOf(row, task),
      ...(row.label === baseline ? ['', '', ''] : gainCells(gainOf(row, task), task, point)),
    ]),
    ...(withMean ? [aggregateCell(row.aggregate, point)] : []),
    ...[count(row.parameters?.embedding ?? null), count(row.parameters?.network ?? null)],
  ]);
  return tableOf(head, lines, 2);
}

function contrastTable(comparison: Comparison, point: Point): readonly string[] {
  const contrasts = contrastsAt(comparison, point);
  if (contrasts.length === 0) return [];
  const withMean = contrasts.some(({ aggregate }) => aggregate !== null);
  const head = [
    ...['model', 'over', 'verdict'],
    ...point.tasks.flatMap((task) => {
      const [gain = '', ...others] = gainHeadOf(point);
      return [`${headOf(task)} ${gain}`, ...others];
    }),
    ...(withMean ? ['Δm'] : []),
  ];
  const lines = contrasts.map(({ model, reference, verdict, tasks, aggregate }) => [
    ...[escapeMarkdown(model), escapeMarkdown(reference), verdictText(verdict, tasks)],
    ...point.tasks.flatMap((task) => gainCells(tasks[task.name], task, point)),
    ...(withMean ? [aggregateCell(aggregate, point)] : []),
  ]);
  return [tableOf(head, lines, 3)];
}

/** @param texts Number of leading text columns. All others are numbers. */
function tableOf(head: readonly string[], lines: readonly (readonly string[])[], texts: number): string {
  const rule = head.map((_, index) => (index < texts ? '---' : '---:'));
  return [head, rule, ...lines].map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}

function headOf({ name, metric }: PointTask): string {
  return `${escapeMarkdown(name)}: ${metricName(metric)}`;
}

function gainHeadOf(point: Point): readonly string[] {
  return [hasIntervals(point) ? 'gain [simultaneous interval]' : 'gain', 'p (Holm)', 'relative'];
}

function meanOf(row: ComparisonRow, task: PointTask): string {
  const { mean, sd } = gainOf(row, task);
  return sd === null ? fixed(mean, task.digits) : `${fixed(mean, task.digits)} ± ${fixed(sd, task.digits)}`;
}

function gainCells(gain: TestedGain | undefined, task: PointTask, point: Point): readonly string[] {
  if (!gain) return ['', '', ''];
  const number = signed(gain.gain, task.digits);
  const decided = gain.verdict === 'better' || gain.verdict === 'worse';
  const range = intervalText(gain, task.digits);
  const size = relative(gain, task, point);
  return [
    `${decided ? `**${number}**` : number}${range === '' ? '' : ` ${range}`}`,
    probability(gain.pHolm).replaceAll('<', '&lt;'),
    gain.verdict === null ? size : `${size} ${signs[gain.verdict]}`,
  ];
}

function aggregateCell(gain: Aggregate | null, point: Point): string {
  if (gain === null) return '';
  const digits = aggregateDigits(point);
  const { verdict } = gain;
  return [percent(gain.gain, digits), intervalText(gain, digits), verdict === null ? '' : signs[verdict]]
    .filter((text) => text !== '')
    .join(' ');
}

/** Escapes a text for a cell or a paragraph, on one line. */
function escapeMarkdown(text: string): string {
  return text
    .replace(/\p{Cc}+/gu, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replace(/[\\`*_[\]|~$!#]/g, '\\$&');
}
