import { parseNumber, shown } from '../data/table/cell.js';
import { didYouMean } from '../support/catalogue.js';
import { ConfigError, DataError } from '../support/errors.js';
import { someOf } from '../support/text.js';
import { type ColumnFacts, guessedLabels, isBinary } from './column-facts.js';

/**
 * The tasks that `--task` names, or the columns that look like labels.
 * @param texts What `--task` says, once for each task. None: tasks are guessed.
 * @throws ConfigError for a column that is none, or no label; DataError if no column could be a label.
 */
export function labelTasks(columns: readonly ColumnFacts[], texts: readonly string[]): readonly LabelTask[] {
  const tasks =
    texts.length > 0
      ? texts.map((text) => askedTask(columns, text))
      : guessedLabels(columns).map(([column, why]) => labelTask(column, why));
  if (tasks.length === 0)
    throw new DataError(
      'No column of the file could be a label: none has numbers, or two values. --task NAME names one.',
    );
  const twice = tasks.find(({ name }, index) => tasks.findIndex((other) => other.name === name) < index);
  if (twice) throw new ConfigError(`--task: two tasks are named '${twice.name}'; NAME=COLUMN gives another name.`);
  return tasks;
}

/** A label as a task. */
export interface LabelTask {
  readonly column: ColumnFacts;
  readonly name: string;
  /** The entry in `dataset.tasks`, and why. */
  readonly options: object;
  readonly remark: string;
  /** Keys of the entry in `tasks` besides the name. */
  readonly entry: object;
  /** For a binary task: rows of the rarer class. */
  readonly rarer?: number;
}

/**
 * The task that `--task` asks for: `COLUMN`, `NAME=COLUMN`, or `NAME=COLUMN` with a comparison: `liked=rating>=4`,
 * `sport=genre==sport`.
 */
function askedTask(columns: readonly ColumnFacts[], text: string): LabelTask {
  const names = columns.map((column) => column.name);
  const [, name = text, rest = text] = (!names.includes(text) && /^([^=<>!]+)=(.+)$/.exec(text)) || [];
  const [, columnName = rest, operator, value = ''] =
    (rest !== text && /^(.+?)\s*(>=|<=|==|!=|>|<|=)\s*(.*)$/.exec(rest)) || [];
  const column = columns[names.indexOf(columnName)];
  if (!column)
    throw new ConfigError(
      `--task: the file has no column '${columnName}'${didYouMean(columnName, names)}; there are: ${someOf(names, 30)}.`,
    );
  if (value === '' ? operator !== undefined : /[<>]/.test(operator ?? '') && Number.isNaN(parseNumber(value)))
    throw new ConfigError(`--task ${text}: behind ${operator} stands ${value === '' ? 'a value' : 'a number'}.`);
  const task =
    operator === undefined
      ? labelTask(column, '')
      : /^==?$/.test(operator)
        ? valueTask(column, column.values.find(({ texts }) => texts.includes(value)) ?? { texts: [value], rows: 0 }, '')
        : { column, options: { positive: `${operator} ${value}` }, remark: '', entry: { type: 'binary' } };
  return { ...task, name, options: { ...(name === column.name ? {} : { column: column.name }), ...task.options } };
}

/** A text column with more distinct values is no label. */
const mostClasses = 20;

/** The task of a column's own values: 0 and 1, numbers, classes, or two values of which one is positive. */
function labelTask(column: ColumnFacts, why: string): LabelTask {
  const { name, different, present, rows, numbers, values, smallest, largest } = column;
  const empty = `; empty in ${percent(rows - present, rows)} of the rows, which are outside its sample space`;
  const remark = (what: string) => `${why && `${why}; `}${what}${present < rows ? empty : ''}`;
  if (different === 2) {
    const number = ({ texts: [text] }: Value) => Number(text);
    const [positive, other] = values.toSorted(
      (a, b) => Number(saysYes(b)) - Number(saysYes(a)) || number(b) - number(a) || a.rows - b.rows,
    );
    const task = valueTask(column, positive ?? { texts: [], rows: 0 }, `; others: ${shown(other?.texts[0] ?? '')}`);
    return { ...task, ...(isBinary(column) ? { options: {} } : {}), remark: remark(task.remark) };
  }
  if (different > 2 && numbers === present)
    return {
      ...{ column, name, options: { regression: true }, entry: { type: 'regression', standardize: true } },
      remark: remark(`numbers from ${Number(smallest.toPrecision(4))} to ${Number(largest.toPrecision(4))}`),
    };
  if (different < 2 || different > mostClasses)
    throw new ConfigError(
      `--task: column '${name}' is no label: it has neither numbers nor from two to ${mostClasses} different texts. --task 'NAME=${name}==VALUE' makes one of a value.`,
    );
  const multiclass = values.flatMap(({ texts }) => texts);
  return { ...{ column, name, options: { multiclass }, entry: { type: 'multiclass' } }, remark: remark('classes') };
}

type Value = ColumnFacts['values'][number];

/** The positive one of two values is a word that means yes; else the larger number; else the rarer value. */
export function saysYes({ texts }: Value): boolean {
  return texts.some((text) => /^(yes|y|true|t|positive|pos|won|win|success|good)$/i.test(text));
}

/** A binary task by one value, in all its spellings. A text that looks like a comparison is protected. */
function valueTask(column: ColumnFacts, { texts, rows }: Value, others: string): LabelTask {
  const [text = ''] = texts;
  return {
    ...{ column, name: column.name, entry: { type: 'binary' }, rarer: Math.min(rows, column.present - rows) },
    options: { positive: texts.length > 1 || /^[<>!=]/.test(text) ? texts : text },
    remark: `${percent(rows, column.present)} are ${shown(text)}${isBinary(column) ? '' : others}`,
  };
}

function percent(count: number, whole: number): string {
  return `${((100 * count) / whole).toPrecision(3)} %`;
}
