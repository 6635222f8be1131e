import stringWidth from 'string-width';
import type {
  Aggregate,
  Comparison,
  ComparisonRow,
  Contrast,
  TaskGain,
  TestedGain,
  Verdict,
} from '../comparison/comparison.js';
import { printable } from '../support/printable.js';
import { aggregateDigits, contrastsAt, effect, signs, verdictText, withSign } from './effects.js';
import { explanations, looksInWords, testInWords } from './explanations.js';
import { frontsInWords } from './fronts.js';
import { dash, fixed, percent, short } from './numbers.js';
import { gainOf, metricName, type Point, type PointTask, pointsOf } from './points.js';
import { searchedInWords, searchInWords } from './search.js';
import { shortened, type TextCell, textTable, wrapped } from './text-table.js';
import { type PointVerdict, verdictsInWords } from './verdict-in-words.js';
import { ownBestInWords, wideTable } from './wide-table.js';

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
export function comparisonTable(comparison: Comparison, options: TableOptions): string {
  const points = pointsOf(comparison);
  const tables = points.map((point) =>
    [
      point.title === '' ? '' : wrapped(point.title, options.columns),
      options.wide ? wideTable(comparison, point, options.colour) : narrowTables(comparison, point, options),
    ].join(''),
  );
  const tests = points.map((point) => testInWords(comparison, point));
  const listUndecided = points.length === 1 && tests.flat().length > 0;
  const reading = options.wide
    ? points.flatMap((point) => [
        ...explanations(comparison, point),
        ...ownBestInWords(comparison, point),
        ...searchedInWords(comparison, point.axis),
        ...searchInWords(comparison, point.axis),
        ...frontsInWords(comparison, point),
      ])
    : [
        legend(comparison, points),
        ...tests.flat(),
        ...points.flatMap(({ axis }) => searchedInWords(comparison, axis)),
        ...looksInWords(comparison),
        ...points.flatMap((point) => frontsInWords(comparison, point)),
      ];
  const paragraphs = [
    ...tables,
    [...new Set(reading)].map((line) => wrapped(line, options.columns, '', '  ')).join(''),
    ...verdictsInWords(comparison).map((verdict) => found(verdict, listUndecided, options.columns)),
    comparison.notes.map((note) => wrapped(note, options.columns, 'note: ', '  ')).join(''),
  ];
  return paragraphs.filter((text) => text !== '').join('\n');
}

function legend({ baseline, rows, taskWeights }: Comparison, points: readonly Point[]): string {
  const gains = points.flatMap((point) => point.rows.flatMap((row) => point.tasks.map((task) => gainOf(row, task))));
  const margin = gains.some((gain) => gain.margin !== null) ? `${signs.equivalent} within ± the margin, ` : '';
  const weights = new Set(Object.values(taskWeights)).size > 1 ? ', weighted by compare.taskWeights' : '';
  const mean = rows.some(({ aggregate }) => aggregate !== null)
    ? ` Δm is the mean over tasks of gain / ${baseline}'s metric${weights}.`
    : '';
  const embeddings = rows.some(({ parameters }) => parameters !== null && parameters.embedding > 0)
    ? ' Parameters are those of the network + of embeddings.'
    : '';
  const tasks = points.flatMap((point) => point.tasks);
  const units = [
    ...(tasks.some(({ percent }) => percent === null) ? ["in the metric's unit"] : []),
    ...(tasks.some(({ percent }) => percent !== null) ? [`of errors in % of ${baseline}'s`] : []),
  ];
  return (
    `${signs.better} better, ${signs.worse} worse, ${margin}${signs.undecided} undecided. ` +
    `Gains are ${units.join(', ')}; above 0 is better.${mean}${embeddings} All numbers: --wide.`
  );
}

function narrowTables(comparison: Comparison, point: Point, { colour, columns }: TableOptions): string {
  const { baseline } = comparison;
  const { rows, tasks } = point;
  const models = columnBlocks(
    [{ head: 'model', cells: rows.map(({ label }) => label) }],
    [
      { head: 'verdict', cells: rows.map((row) => verdictText(row.verdict, row.tasks)) },
      ...tasks.map((task) => ({
        head: task.name,
        right: true,
        cells: rows.map((row) => {
          const gain = gainOf(row, task);
          return row.label === baseline ? meanCell(gain, task) : gainCell(gain, task, point, colour);
        }),
      })),
      ...meanColumn(rows, point, colour),
      ...parameterColumn(rows),
    ],
    columns,
  );
  const contrasts = contrastsAt(comparison, point);
  if (contrasts.length === 0) return models;
  return `${models}\n${contrastTables(contrasts, point, { colour, columns })}`;
}

function contrastTables(
  contrasts: readonly Contrast[],
  point: Point,
  { colour, columns }: Pick<TableOptions, 'colour' | 'columns'>,
): string {
  return columnBlocks(
    [
      { head: 'model', cells: contrasts.map(({ model }) => model) },
      { head: 'over', cells: contrasts.map(({ reference }) => reference) },
    ],
    [
      { head: 'verdict', cells: contrasts.map(({ verdict, tasks }) => verdictText(verdict, tasks)) },
      ...point.tasks.map((task) => ({
        head: task.name,
        right: true,
        cells: contrasts.map(({ tasks }) => gainCell(tasks[task.name], task, point, colour)),
      })),
      ...meanColumn(contrasts, point, colour),
    ],
    columns,
  );
}

function meanCell({ mean }: TaskGain, task: PointTask): string {
  return mean === null ? dash : `${fixed(mean, task.digits)} ${metricName(task.metric)}`;
}

function gainCell(gain: TestedGain | undefined, task: PointTask, point: Point, colour: boolean): TextCell {
  if (gain === undefined || gain.gain === null) return dash;
  return withSign(effect(gain, task, point), gain.verdict, colour);
}

/** The mean relative gain over tasks. No column if no model has one. */
function meanColumn(
  rows: readonly { readonly aggregate: Aggregate | null }[],
  point: Point,
  colour: boolean,
): readonly Column[] {
  if (rows.every(({ aggregate }) => aggregate === null)) return [];
  const cells = rows.map(({ aggregate }) =>
    aggregate === null ? '' : withSign(percent(aggregate.gain, aggregateDigits(point)), aggregate.verdict, colour),
  );
  return [{ head: 'Δm', right: true, cells }];
}

/** Of the network, and of embeddings where there are some. */
function parameterColumn(rows: readonly ComparisonRow[]): readonly Column[] {
  if (rows.every(({ parameters }) => parameters === null)) return [];
  const cells = rows.map(({ parameters }) => {
    if (parameters === null) return dash;
    const { network, embedding } = parameters;
    return embedding === 0 ? short(network) : `${short(network)} + ${short(embedding)}`;
  });
  return [{ head: 'parameters', right: true, cells }];
}

/** Verdicts that the signs express completely. */
const plain: readonly Verdict[] = ['better on all', 'worse', 'equivalent'];

/**
 * The findings in words: who wins, a line for each model that the signs do not fully describe, which model to use, and what would decide.
 * @param undecided Whether to list undecided models. With several points this would be most of the text.
 */
function found(verdict: PointVerdict, undecided: boolean, columns: number): string {
  const { title, headline, models, contrasts, unfinished, use, next } = verdict;
  const lines = [...models, ...contrasts].filter((model) => {
    if (model.verdict === 'not trained to a plateau') return 'reference' in model; // `unfinished` covers such models
    return !plain.includes(model.verdict) && (undecided || model.verdict !== 'undecided');
  });
  return [
    title === '' ? '' : wrapped(`${title}:`, columns),
    wrapped(headline, columns),
    ...[...lines.map(({ sentence }) => sentence), unfinished]
      .filter((text) => text !== '')
      .map((text) => wrapped(text, columns, '- ', '  ')),
    ...[use, next].filter((text) => text !== '').map((text) => wrapped(text, columns)),
  ].join('');
}

interface Column<Cell extends TextCell = TextCell> {
  readonly head: string;
  readonly cells: readonly Cell[];
  /** A column of numbers, aligned right. */
  readonly right?: boolean;
}

const between = 2;

const longestHead = 20;

/** If all columns then fit side by side, labels are cut to this length, */
const shortestLabel = 14;

/** else to this length, and columns wrap. */
const wrappedLabel = { one: 24, more: 16 };

/**
 * A table that fits a terminal's width. Labels and heads are shortened. Columns that still do not fit go into a second
 * table below, which repeats the labels.
 */
function columnBlocks(labels: readonly Column<string>[], values: readonly Column[], columns: number): string {
  const others = values.map((column) => ({ ...column, head: shortened(printable(column.head), longestHead) }));
  const widths = others.map(widthOf);
  const all = widths.reduce((sum, width) => sum + width, 0);
  const room = Math.floor((columns - all + between) / labels.length) - between;
  const longest = room >= shortestLabel ? room : labels.length === 1 ? wrappedLabel.one : wrappedLabel.more;
  const left = labels.map(({ head, cells }) => ({
    head,
    cells: cells.map((cell) => shortened(printable(cell), longest)),
  }));
  const leftWidth = left.map(widthOf).reduce((sum, width) => sum + width, -between);

  const blocks: Column[][] = [];
  let used = columns;
  for (const [index, column] of others.entries()) {
    const width = widths[index] ?? 0;
    if (used + width > columns) {
      blocks.push([]);
      used = leftWidth;
    }
    blocks.at(-1)?.push(column);
    used += width;
  }
  return blocks.map((block) => tableOf(left, block)).join('\n');
}

function widthOf({ head, cells }: Column): number {
  const widths = cells.map((cell) => stringWidth(typeof cell === 'object' ? cell.text + cell.after : String(cell)));
  return between + Math.max(stringWidth(head), ...widths);
}

function tableOf(left: readonly Column[], right: readonly Column[]): string {
  const columns = [...left, ...right];
  const rows = (left[0]?.cells ?? []).map((_, row) => columns.map(({ cells }) => cells[row] ?? ''));
  return textTable(
    columns.map(({ head }) => head),
    rows,
    columns.map(({ right: numbers }) => numbers === true),
  );
}
