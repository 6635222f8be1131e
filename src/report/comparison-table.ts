import type { Comparison, TaskGain, Verdict } from '../comparison/comparison.js';
import { joined } from '../support/joined.js';
import { type PointVerdict, verdictsInWords } from './answer/verdict-in-words.js';
import { explanations, legend, looksInWords, testInWords } from './explanations.js';
import { frontsAt, frontsInWords, weightedTask } from './fronts.js';
import { type GainCell, type GainRow, type GainTable, type GainText, gainTables } from './gain-table.js';
import { count, dash, percent, probability, rounded, short, signed } from './numbers.js';
import { metricName } from './points.js';
import { searchedInWords, searchTable } from './search.js';
import { type Column, columnTable, type TextCell, wrapped } from './text-table.js';
import { multiplierText, oneEpochText, trainingInWords } from './training.js';

export interface TableOptions {
  /** Green for better and red for worse. */
  readonly colour: boolean;
  /** All numbers, one line per model and task, at any width. */
  readonly wide: boolean;
  /** Width of the terminal. */
  readonly columns: number;
}

/**
 * The comparison for a terminal. Each point of the axes has a table with a line per model, and a table of contrasts.
 * Below are explanations, the findings in words, and the notes.
 */
export function comparisonTable(comparison: Comparison, { colour, wide, columns }: TableOptions): string {
  const points = gainTables(comparison);
  const text = (gain: GainText) => withSign(gain, gain.effect, colour);
  const tables = points.map(({ point, models, contrasts, front }) => {
    const texts = wide
      ? [
          wideTable(models, colour),
          contrasts && wideTable(contrasts, colour),
          searchTable(comparison, point.axis),
          front && columnTable(narrowColumns(front, text, weightHead(comparison, front))),
        ]
      : [
          columnTable(narrowColumns(models, text), columns),
          contrasts && columnTable(narrowColumns(contrasts, text), columns),
        ];
    const title = point.title === '' ? '' : wrapped(point.title, columns);
    return title + texts.filter((table) => table !== null && table !== '').join('\n');
  });
  const words = verdictsInWords(comparison);
  const isTested = points.some((tables) => testInWords(comparison, tables).length > 0);
  const measured = points.flatMap((tables) => [
    ...(wide ? explanations(comparison, tables) : []),
    ...sizesInWords(tables.models),
    ...trainingInWords(comparison, tables),
    ...searchedInWords(comparison, tables.point.axis),
    ...frontsInWords(comparison, tables.point),
    ...(wide ? [] : [...testInWords(comparison, tables), ...looksInWords(comparison)]),
  ]);
  const lines = (texts: readonly string[], rest: string) =>
    [...new Set(texts)].map((text) => wrapped(text, columns, '', rest)).join('');
  return joined(
    '\n',
    lines(
      words.map(({ title, answer }) => joined(' ', title === '' ? '' : `${title}:`, ...answer)),
      '',
    ),
    ...tables,
    wide ? '' : lines([legend(comparison, points)], '  '),
    ...words.map((verdict) => found(verdict, points.length === 1 && isTested, columns)),
    lines(measured, '  '),
    comparison.notes.map((note) => wrapped(note, columns, 'note: ', '  ')).join(''),
  );
}

function weightHead(comparison: Comparison, { point }: GainTable): string {
  const [front] = frontsAt(comparison, point);
  return `weight of ${front ? weightedTask(front) : ''}`;
}

function withSign({ sign, verdict }: GainText, text: string, colour: boolean): TextCell {
  const whole = sign === '' ? text : `${text} ${sign}`;
  if (!colour || (verdict !== 'better' && verdict !== 'worse')) return whole;
  return { text: whole, colour: verdict === 'better' ? 'green' : 'red' };
}

/** A line per row: its verdict, and the size of each gain; of the baseline the metrics. */
function narrowColumns(table: GainTable, text: (gain: GainText) => TextCell, weight = ''): readonly Column[] {
  const { rows, kind } = table;
  const column = (head: string, kind: Column['kind'], cell: (row: GainRow, index: number) => TextCell): Column => ({
    head,
    kind,
    cells: rows.map(cell),
  });
  const isFirst = ({ model }: GainRow, index: number) => kind !== 'front' || rows[index - 1]?.model !== model;
  return [
    column('model', 'label', (row, index) => (isFirst(row, index) ? row.model.label : '')),
    ...(kind === 'contrasts' ? [column('over', 'label', ({ reference }) => reference ?? '')] : []),
    ...(kind === 'front' ? [column(weight, 'number', (row) => rounded(row.weight ?? 0))] : []),
    column('verdict', 'text', ({ verdictText }) => verdictText),
    ...table.point.tasks.map(({ name, metric }, task) =>
      column(name, 'number', ({ cells, model }) => {
        const { text: gain = null, level = dash } = cells[task] ?? {};
        if (gain) return text(gain);
        return model.tasks[name]?.mean == null ? dash : `${level} ${metricName(metric)}`;
      }),
    ),
    ...(table.hasMean ? [column('Δm', 'number', ({ mean }) => (mean ? text(mean) : ''))] : []),
    ...(kind === 'models' ? beside(rows).map(([head, text]) => column(head, 'number', text)) : []),
    ...(kind === 'models' && rows.some(({ model }) => model.parameters) && sizesInWords(table).length === 0
      ? [column('network + embeddings', 'number', ({ model }) => sizesOf(model.parameters))]
      : []),
  ];
}

/** Further columns of a narrow table: the gains at one epoch for all tasks, and by how much the baseline's rows must grow. */
function beside(rows: readonly GainRow[]): readonly (readonly [head: string, text: (row: GainRow) => string])[] {
  const multipliers = ({ cells }: GainRow) => cells.map(({ own }) => multiplierText(own)).join(', ');
  const isBaseline = ({ reference }: GainRow) => reference === null;
  return [
    ...(rows.some((row) => oneEpochText(row) !== '') ? [['one epoch', oneEpochText] as const] : []),
    ...(rows.some(({ cells }) => cells.some(({ own }) => own.multiplier))
      ? [['rows', (row: GainRow) => (isBaseline(row) ? '' : multipliers(row))] as const]
      : []),
  ];
}

/** Where all networks are of one size, a line in place of a column. */
function sizesInWords({ rows }: GainTable): readonly string[] {
  const sizes = rows.flatMap(({ model }) => model.parameters ?? []);
  const range = (of: 'network' | 'embedding') => {
    const [least = 0, most = 0] = [Math.min, Math.max].map((end) => end(...sizes.map((size) => size[of])));
    return { isOne: most < 1.05 * least, text: [...new Set([short(least), short(most)])].join(' to ') };
  };
  if (sizes.length < 2 || !range('network').isOne) return [];
  const embeddings = range('embedding').text;
  const matches = rows.flatMap(({ model: { match, matchByTask = {} } }) => match ?? Object.values(matchByTask));
  const [target, ...others] = new Set(matches.map(({ network, embedding = 0, miss }) => network + embedding - miss));
  const whose = rows.find(({ model, reference }) => reference === null && model.parameters?.network === target);
  const matched =
    target === undefined || others.length > 0
      ? ''
      : `, matched to ${whose ? `${whose.model.label}'s ` : ''}${count(target)}`;
  return [
    `All networks have ${range('network').text} parameters${matched}${embeddings === '0' ? '' : `; embeddings have ${embeddings}`}.`,
  ];
}

/** Of the network, and of embeddings where there are some. */
function sizesOf(parameters: GainRow['model']['parameters']): string {
  if (parameters === null) return dash;
  const { network, embedding } = parameters;
  return embedding === 0 ? short(network) : `${short(network)} + ${short(embedding)}`;
}

/** All numbers: a line per model and task, and one for the mean over tasks. */
function wideTable(table: GainTable, colour: boolean): string {
  const withOwn = table.kind === 'models';
  const lines = table.rows.flatMap((row) => [
    ...row.cells.map((cell, index) => ({ row, cell, text: cell.text, isFirst: index === 0 })),
    ...(row.mean ? [{ row, cell: null, text: row.mean, isFirst: false }] : []),
  ]);
  type Line = (typeof lines)[number];
  const column = (head: string, kind: Column['kind'], cell: (line: Line) => TextCell): Column => ({
    head,
    kind,
    cells: lines.map(cell),
  });
  const once = (head: string, kind: Column['kind'], cell: (row: GainRow) => string) =>
    column(head, kind, ({ isFirst, row }) => (isFirst ? cell(row) : ''));
  const ofGain = (head: string, cell: (text: GainText, line: Line) => TextCell) =>
    column(head, 'number', (line) => (line.text ? cell(line.text, line) : ''));
  const ofOwn = (head: string, cell: (cell: GainCell) => string) =>
    column(head, 'number', (line) => (withOwn && line.cell ? cell(line.cell) : ''));
  return columnTable([
    once('model', 'label', ({ model }) => model.label),
    once('over', 'label', ({ reference }) => (withOwn ? '' : (reference ?? ''))),
    once('verdict', 'text', ({ verdictText }) => verdictText),
    column('task', 'text', ({ cell }) => cell?.task.name ?? 'Δm'),
    column('metric', 'text', ({ cell }) => (cell ? metricName(cell.task.metric) : '')),
    column('mean ± sd', 'number', ({ cell }) => (withOwn && cell ? plusMinus(cell.level, cell.deviation) : '')),
    ofGain(
      table.hasIntervals ? 'gain ± interval' : 'gain',
      ({ gain, half }, { cell }) => plusMinus(gain, half) + (cell ? '' : ' %'),
    ),
    ofGain('simultaneous', ({ simultaneous }) => simultaneous || dash),
    ofGain('p (Holm)', ({ p }) => p),
    ofGain('p equivalent', (_, { cell }) => (cell ? probability(cell.gain.pEquivalent) : '')),
    ofGain('relative', (text) => withSign(text, text.relative, colour)),
    ofOwn('one epoch', ({ own, task }) => {
      if (own.oneEpoch === null || own.oneEpoch.gain === null) return '';
      return task.percent === null ? signed(own.oneEpoch.gain, task.digits) : percent(own.oneEpoch.relativeGain);
    }),
    ofOwn('rows', ({ own }) => (own.multiplier ? multiplierWithInterval(own.multiplier) : '')),
    once('embedding', 'number', ({ model }) => (withOwn ? count(model.parameters?.embedding ?? null) : '')),
    once('network', 'number', ({ model }) => (withOwn ? count(model.parameters?.network ?? null) : '')),
  ]);
}

/** `×1.6 [1.2, 2.1]` */
function multiplierWithInterval({ value, interval }: NonNullable<TaskGain['multiplier']>): string {
  return `×${rounded(value)}${interval ? ` [${interval.map(rounded).join(', ')}]` : ''}`;
}

function plusMinus(value: string, error: string): string {
  return error === '' ? value : `${value} ± ${error}`;
}

/** Verdicts that the signs express completely. */
const plain: readonly Verdict[] = ['better on all', 'worse', 'equivalent'];

/** Verdicts with one sentence for all models. */
const together: readonly Verdict[] = ['not trained to a plateau', 'limited by steps'];

/**
 * Why: a line for each model that the signs do not fully describe, which models may be best, and what would decide.
 * @param undecided Whether to list undecided models. With several points this would be most of the text.
 */
function found(verdict: PointVerdict, undecided: boolean, columns: number): string {
  const { title, models, contrasts, unfinished, best, next } = verdict;
  const isListed = ({ row }: PointVerdict['models'][number]) =>
    !plain.includes(row.verdict) && (undecided || row.verdict !== 'undecided');
  const lines = [
    ...models.filter((model) => isListed(model) && !together.includes(model.row.verdict)),
    ...contrasts.filter(isListed),
  ].map(({ sentence }) => sentence);
  const texts = [...lines, unfinished, best, next].filter((text) => text !== '');
  if (texts.length === 0) return '';
  return (title === '' ? '' : `${title}:\n`) + texts.map((text) => wrapped(text, columns, '- ', '  ')).join('');
}
