import type { Comparison, Verdict } from '../comparison/comparison.js';
import { joined } from '../support/joined.js';
import { type PointVerdict, verdictsInWords } from './answer/verdict-in-words.js';
import { type Column, column, gainColumns, plusMinus, sizeColumns } from './columns.js';
import { explanations, legend, testing } from './explanations.js';
import {
  type GainCell,
  type GainRow,
  type GainTable,
  type GainText,
  isDecided,
  oneEpochSize,
  oneEpochText,
} from './gain-table.js';
import { dash, probability, short } from './numbers.js';
import { comparisonPoints } from './points.js';
import { commonSizes, protocol } from './protocol.js';
import { searchTable } from './search-table.js';
import { metricName } from './task-gains.js';
import { columnTable, type TextCell, wrapped } from './text-table.js';

export interface TextOptions {
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
export function gainsText(comparison: Comparison, { colour, wide, columns }: TextOptions): string {
  const points = comparisonPoints(comparison);
  const narrow = (table: GainTable | null, width?: number) =>
    table ? columnTable(narrowColumns(table, colour), table.rows, width) : '';
  const tables = points.map(({ title, models, contrasts, front, searches }) => {
    const texts = wide
      ? [wideTable(models, colour), wideTable(contrasts, colour), searchTable(searches), narrow(front)]
      : [narrow(models, columns), narrow(contrasts, columns)];
    return (title === '' ? '' : wrapped(title, columns)) + joined('\n', ...texts);
  });
  const words = verdictsInWords(comparison);
  const tested = points.map((point) => testing(comparison, point));
  const isTested = tested.some((texts) => texts.length > 0);
  const measured = points.flatMap((point, index) => [
    ...(wide ? explanations(comparison, point) : []),
    ...protocol(comparison, point),
    ...(wide ? [] : (tested[index] ?? [])),
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

function withSign({ sign, verdict }: GainText, text: string, colour: boolean): TextCell {
  const whole = joined(' ', text, sign);
  if (!colour || !isDecided(verdict)) return whole;
  return { text: whole, colour: verdict === 'better' ? 'green' : 'red' };
}

/** A line per row: its verdict, and the size of each gain; of the baseline the metrics. */
function narrowColumns(table: GainTable, colour: boolean): readonly Column<GainRow, TextCell>[] {
  const { rows, tasks } = table;
  const ofTasks = tasks.length > 1 ? tasks.map(({ name }) => name).join(', ') : ''; // whose numbers a cell has
  const size = (gain: GainText) => withSign(gain, gain.effect, colour);
  const hasSizes = rows.some(({ model }) => model.parameters) && commonSizes(table) === '';
  return gainColumns<TextCell>(table, {
    text: (text) => text,
    gains: ({ name }) => [column(name, 'number', size)],
    none: ({ own, level, task }) => (own.mean === null ? dash : `${level} ${metricName(task.metric)}`),
    mean: column('Δm', 'number', size),
    own: [
      ...(rows.some((row) => oneEpochText(row) !== '')
        ? [column(joined(': ', 'one epoch', ofTasks), 'number', oneEpochText)]
        : []),
      ...(hasSizes
        ? [column('network + embeddings', 'number', ({ model }: GainRow) => modelSizes(model.parameters))]
        : []),
    ],
  });
}

/** Of the network, and of embeddings where there are some. */
function modelSizes(parameters: GainRow['model']['parameters']): string {
  if (parameters === null) return dash;
  const { network, embedding } = parameters;
  return embedding === 0 ? short(network) : `${short(network)} + ${short(embedding)}`;
}

/** A line of a wide table: a model on a task, or its mean over tasks. */
interface Line {
  readonly row: GainRow;
  readonly cell: GainCell | null;
  readonly text: GainText | null;
  readonly isFirst: boolean;
}

/** All numbers: a line per model and task, and one for the mean over tasks. */
function wideTable(table: GainTable | null, colour: boolean): string {
  if (!table) return '';
  const hasOwn = table.kind === 'models';
  const lines = table.rows.flatMap((row): Line[] => [
    ...row.cells.map((cell, index) => ({ row, cell, text: cell.text, isFirst: index === 0 })),
    ...(row.mean ? [{ row, cell: null, text: row.mean, isFirst: false }] : []),
  ]);
  const once = ({ head, kind, cell }: Column<GainRow>): Column<Line> =>
    column(head, kind, ({ isFirst, row }, index) => (isFirst ? cell(row, index) : ''));
  const ofGain = (head: string, cell: (text: GainText, cell: GainCell | null) => TextCell) =>
    column(head, 'number', (line: Line) => (line.text ? cell(line.text, line.cell) : ''));
  const ofOwn = (head: string, cell: (cell: GainCell) => string) =>
    column(head, 'number', (line: Line) => (hasOwn && line.cell ? cell(line.cell) : ''));
  const columns: readonly Column<Line, TextCell>[] = [
    once(column('model', 'label', ({ model }) => model.label)),
    once(column('over', 'label', ({ reference }) => (hasOwn ? '' : (reference ?? '')))),
    once(column('verdict', 'text', ({ verdictText }) => verdictText)),
    column('task', 'text', ({ cell }) => cell?.task.name ?? 'Δm'),
    column('metric', 'text', ({ cell }) => (cell ? metricName(cell.task.metric) : '')),
    ofOwn('mean ± sd', ({ level, deviation }) => plusMinus(level, deviation)),
    ofGain(
      table.hasIntervals ? 'gain ± interval' : 'gain',
      ({ gain, half }, cell) => plusMinus(gain, half) + (cell ? '' : ' %'),
    ),
    ofGain('simultaneous', ({ simultaneous }) => simultaneous || dash),
    ofGain('p (Holm)', ({ p }) => p),
    ofGain('p equivalent', (_, cell) => (cell ? probability(cell.gain.pEquivalent) : '')),
    ofGain('relative', (text) => withSign(text, text.relative, colour)),
    ofOwn('one epoch', ({ own: { oneEpoch }, task }) => oneEpochSize(oneEpoch, task)),
    ...(hasOwn ? sizeColumns('embedding', 'network').map(once) : []),
  ];
  return columnTable(columns, lines);
}

/** Verdicts that the signs express completely. */
const plain: readonly Verdict[] = ['better on all', 'worse', 'equivalent'];

/**
 * Why: a line for each model that neither the answer nor the signs fully describe.
 * @param undecided Whether to list undecided models. With several points this would be most of the text.
 */
function found(verdict: PointVerdict, undecided: boolean, columns: number): string {
  const { title, models, contrasts, unfinished } = verdict;
  const isListed = ({ row, isSaid }: PointVerdict['models'][number]) =>
    !isSaid &&
    !plain.includes(row.verdict) &&
    (undecided || row.verdict !== 'undecided') &&
    row.cells.some(({ gain }) => gain.verdict !== 'not trained to a plateau');
  const lines = [...models, ...contrasts].filter(isListed).map(({ sentence }) => sentence);
  const texts = [...lines, unfinished].filter((text) => text !== '');
  if (texts.length === 0) return '';
  return (title === '' ? '' : `${title}:\n`) + texts.map((text) => wrapped(text, columns, '- ', '  ')).join('');
}
