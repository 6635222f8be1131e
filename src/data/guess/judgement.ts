import type { DuckDBConnection } from '@duckdb/node-api';
import { didYouMean } from '../../support/catalogue.js';
import { ConfigError, DataError } from '../../support/errors.js';
import { must } from '../../support/must.js';
import { calendarParts } from '../dataset.js';
import { numbersOf, rowsOf } from '../store/database.js';
import { type Condition, conditionParts, numberOf, shown } from '../table/cell.js';
import { conditionSql, numberSql, type StagedColumn, textSql } from '../table/staged-columns.js';
import { type StagedRows, stagedTable } from '../table/staged-rows.js';
import { columnFacts } from './column-facts.js';
import { ColumnGuess, type InputGuess, percent, type TaskGuess } from './column-guess.js';
import { flow } from './config-text.js';
import { missingMarks, removeMarks } from './missing-marks.js';
import type { StagedFiles } from './staged-files.js';

/** The roles that the files' columns are guessed to have. */
export interface Judgement {
  readonly columns: readonly ColumnGuess[];
  readonly tasks: readonly Task[];
  /** All columns that are not tasks, in the order of the file. */
  readonly inputs: readonly Input[];
  /** Marks of missing values in addition to the usual ones. */
  readonly marks: readonly string[];
  /** What the user should decide. */
  readonly questions: readonly string[];
}

/** `options`: the entry in `dataset.tasks`. */
interface Task extends TaskGuess {
  readonly column: ColumnGuess;
  readonly name: string;
}

interface Input {
  readonly name: string;
  /** Absent for a column whose type is not supported. */
  readonly column?: ColumnGuess | undefined;
  /** What the config says about it, and why. Empty: the loader infers the kind. */
  readonly guess: InputGuess;
  /** The resulting kind. */
  readonly kind: string;
}

/**
 * @param asked Label columns in the form of `--task`. None: they are guessed.
 * @throws ConfigError, DataError if there is no such label, none at all, or no input.
 */
export async function judgement(
  { database, staged, files, unsupported, hasDates }: StagedFiles,
  asked: readonly string[],
): Promise<Judgement> {
  const { names = [], path = '' } = files[0]?.file ?? {};
  const all = [...staged.columns.values()];
  const marks = await missingMarks(database, all);
  await removeMarks(database, all, marks);
  const facts = await columnFacts(database, staged, names, hasDates);
  const columns = facts.map((found) => new ColumnGuess(found));
  const labels = labelGuesses(columns, asked);
  const sqlOf = ({ name }: ColumnGuess) => must(staged.columns.get(name), `column '${name}'`);
  const bits = [...new Set(labels.map(({ column }) => column))].filter((column) => column.isBinary());
  const conditions = await consequences(database, all, bits.map(sqlOf));
  const tasks: Task[] = [];
  for (const label of labels) {
    const { numbers, present } = label.column.facts;
    const spelled = numbers === present ? [] : await spellings(database, sqlOf(label.column), staged);
    const task = await taskOf(database, label, sqlOf(label.column), spelled, conditions.get(label.column.name));
    if (task) tasks.push(task);
  }
  const twice = tasks.find(({ name }, index) => tasks.findIndex((other) => other.name === name) < index);
  if (twice) throw new ConfigError(`--task: two tasks are named '${twice.name}'; NAME=COLUMN gives another name.`);

  const named = namedLabels(columns);
  const [time] = columns
    .filter((column) => column.canSplit())
    .toSorted((a, b) => b.facts.different - a.facts.different);
  const calendar = columns.filter(({ words }) => words.calendar).map((column) => column.name.toLowerCase());
  const taken = calendarParts.filter((part) => calendar.some((name) => name.includes(part)));
  const inputs = names.flatMap((name): Input[] => {
    const column = columns.find((other) => other.name === name);
    if (tasks.some((task) => task.column === column)) return [];
    if (!column) {
      const why = `of type ${shown(unsupported.get(name) ?? '')}, which is not supported`;
      return [{ name, guess: { kind: 'ignored', why }, kind: 'ignored' }];
    }
    const own = column === time ? column.timeInput(taken) : column.input();
    const guess = inputGuess(column, own, named.includes(column), conditions.get(name));
    const kind = typeof guess.kind === 'object' ? guess.kind.kind : (guess.kind ?? column.facts.kind ?? 'categorical');
    return [{ name, column, guess, kind }];
  });
  if (inputs.every(({ kind }) => kind === 'ignored'))
    throw new DataError(`${path}: no column is left as an input beside the labels.`);
  return { columns, tasks, inputs, marks, questions: questions(tasks, inputs, named, asked.length > 0) };
}

/** Labels that were not asked for: those that became inputs, and those that were left out for their names. */
function questions(
  tasks: readonly Task[],
  inputs: readonly Input[],
  named: readonly ColumnGuess[],
  isAsked: boolean,
): string[] {
  const listed = (columns: readonly Input[]) => {
    const names = columns.map(({ name }) => name);
    return names.length > mostNames ? `${names.slice(0, mostNames).join(', ')}, … (${names.length})` : names.join(', ');
  };
  const before = tasks.map(({ name }) => name).join(', ');
  const others = isAsked ? [] : inputs.filter(({ column, kind }) => kind !== 'ignored' && column?.mayBeLabel());
  const left = inputs.filter(({ column }) => column?.varies() && named.includes(column));
  return [
    ...(others.length > 0
      ? [`inputs that may be labels: ${listed(others)}; --task NAME, once for each task, names the labels`]
      : []),
    ...(left.length > 0
      ? [
          `left out, as a label is often named so: ${listed(left)}; an input, if known before ${before}: delete its line`,
        ]
      : []),
  ];
}

const mostNames = 8;

/** A value of a label, and how the files write it: case and a final point apart, it is one. */
interface Spelling {
  readonly text: string;
  readonly same: string;
  readonly ofTraining: boolean;
  readonly ofTest: boolean;
}

/** Of a label with few values; else none. */
async function spellings(
  database: DuckDBConnection,
  column: StagedColumn,
  { files }: StagedRows,
): Promise<readonly Spelling[]> {
  const test = files.find(({ split }) => split === 'test')?.first ?? Number.MAX_SAFE_INTEGER;
  const text = textSql(column);
  const found = await rowsOf(
    database,
    `SELECT ${text}, lower(rtrim(${text}, '.')), bool_or(rowid < ${test}), bool_or(rowid >= ${test}) FROM ${stagedTable} WHERE ${column.sql} IS NOT NULL GROUP BY 1 ORDER BY 1 LIMIT ${mostSpellings + 1}`,
  );
  if (found.length > mostSpellings) return [];
  return found.map(([text, same, ofTraining, ofTest]) => ({
    ...{ text: String(text), same: String(same), ofTraining: ofTraining === true, ofTest: ofTest === true },
  }));
}

const mostSpellings = 100;

/** A condition of equality, with other spellings of its values in the files. */
function inAllSpellings(positive: Condition | readonly string[], found: readonly Spelling[]): Condition {
  const condition = typeof positive === 'object' ? [...positive] : positive;
  const { operator, values } = conditionParts(condition);
  if (operator !== '=' || typeof condition === 'number') return condition;
  const bare = (text: string) => text.replace(/\.+$/, '');
  const isKnown = found.some(({ text, ofTraining }) => ofTraining && values.includes(text));
  const others = found.filter(({ text, same, ofTraining }) => {
    const value = values.find((one) => bare(one).toLowerCase() === same);
    return value !== undefined && !values.includes(text) && !(isKnown && ofTraining && bare(value) !== bare(text));
  });
  return others.length > 0 ? [...values, ...others.map(({ text }) => text)] : condition;
}

/** What the test file writes otherwise than the others do, or has alone. */
function testRemark(found: readonly Spelling[]): string {
  const [training, test] = [found.filter(({ ofTraining }) => ofTraining), found.filter((one) => !one.ofTraining)];
  const remarks = test.map(({ text, same }) => {
    const usual = training.find((other) => other.same === same);
    return usual
      ? `the test file writes ${shown(usual.text)} as ${shown(text)}`
      : `the test file alone has ${shown(text)}`;
  });
  return [...remarks.slice(0, 5), ...(remarks.length > 5 ? ['…'] : [])].join('; ');
}

/** @param condition The label that must be 1 for the column to have a value. */
async function taskOf(
  database: DuckDBConnection,
  { column, why, asked }: LabelGuess,
  staged: StagedColumn,
  spelled: readonly Spelling[],
  condition: string | undefined,
): Promise<Task | undefined> {
  const { name = column.name } = asked ?? {};
  const own = name === column.name ? {} : { column: column.name };
  if (asked?.positive !== undefined) {
    const positive = inAllSpellings(asked.positive, spelled);
    const ones = await rowsThatMeet(database, staged, positive);
    const { present, values } = column.facts;
    if (ones === 0)
      throw new ConfigError(
        `--task ${name}: no row of column '${column.name}' is ${[positive].flat().map(String).map(shown).join(' or ')}; frequent are ${values
          .slice(0, 5)
          .map(({ text }) => shown(text))
          .join(', ')}.`,
      );
    const remarks = [`${percent(ones, present)} are 1`, testRemark(spelled)];
    return {
      column,
      name,
      options: { ...own, positive },
      entry: { type: 'binary' },
      remark: remarks.filter((text) => text !== '').join('; '),
      rarer: Math.min(ones, present - ones),
    };
  }
  const task = column.task();
  if (!task) return undefined;
  const { positive } = task.options;
  const caught = positive === undefined ? {} : { positive: inAllSpellings(positive, spelled) };
  const texts = positive === undefined ? '' : testRemark(spelled);
  const remarks = [why, task.remark, texts, column.hasMissing() ? '' : sampleSpace(condition)];
  return {
    ...task,
    column,
    name,
    options: { ...own, ...task.options, ...caught },
    remark: remarks.filter((text) => text !== '').join('; '),
  };
}

async function rowsThatMeet(database: DuckDBConnection, column: StagedColumn, condition: Condition): Promise<number> {
  const { holds } = conditionSql(condition, column);
  const [count = 0] = await numbersOf(
    database,
    [`count(*) FILTER (${column.sql} IS NOT NULL AND ${holds})`],
    stagedTable,
  );
  return count;
}

/**
 * Excludes columns that are known only after the label: those that look like a label but are no task, and those with
 * values only where a label is 1.
 */
function inputGuess(
  column: ColumnGuess,
  guess: InputGuess,
  isLabel: boolean,
  condition: string | undefined,
): InputGuess {
  if (isLabel && !column.varies()) return { kind: 'ignored', why: 'a label by its name, but the same in every row' };
  if (isLabel)
    return {
      kind: 'ignored',
      why: 'left out for its name, which labels often have; known before? Then delete this line',
    };
  if (condition === undefined || guess.kind === 'ignored') return guess;
  return { kind: 'ignored', why: `has something only where ${condition} is 1: known after it?` };
}

function sampleSpace(condition: string | undefined): string {
  if (condition === undefined) return '';
  return `none where ${condition} is 0: for a task over the other rows alone, ${flow({ mask: { column: condition, equals: 1 } })}`;
}

interface LabelGuess {
  readonly column: ColumnGuess;
  readonly why: string;
  /** The task's name and its positive condition, if `--task` gives them. */
  readonly asked?: { readonly name: string; readonly positive?: string | readonly string[] };
}

/**
 * Chooses the label columns. The first rule that finds any wins:
 * - the requested ones
 * - columns with a label's name, and columns of 0 and 1 that follow one at the end of the row
 * - columns of 0 and 1 at the end of the row, or the first column if it is the only one of 0 and 1
 * - the last column that can be a label
 */
function labelGuesses(columns: readonly ColumnGuess[], asked: readonly string[]): readonly LabelGuess[] {
  if (asked.length > 0) return asked.map((text) => askedLabel(columns, text));
  const named = namedLabels(columns).filter((column) => column.varies());
  const bits = columns.filter((column) => column.isBinary() && column.varies());
  const labels = new Set([...named, ...bits]);
  const tail = columns.slice(columns.findLastIndex((column) => !labels.has(column)) + 1);
  if (named.length > 0) {
    const first = tail.findIndex((column) => named.includes(column));
    const behind = first < 0 ? [] : tail.slice(first);
    return columns.flatMap((column) => {
      if (named.includes(column)) return [{ column, why: 'a label by its name' }];
      return behind.includes(column) ? [{ column, why: 'a label? 0 and 1, behind a label' }] : [];
    });
  }
  if (tail.length > 0 && tail.length < columns.length)
    return tail.map((column) => ({ column, why: 'a label? 0 and 1, at the end of the row' }));
  const [first] = columns;
  if (first && bits.length === 1 && bits[0] === first)
    return [{ column: first, why: 'a label? 0 and 1, the first column' }];
  const usual = columns.findLast((column) => column.canBeLabel() && column.words.predicted);
  if (usual) return [{ column: usual, why: 'a label? An amount that is often predicted' }];
  const last = columns.findLast((column) => column.canBeLabel());
  if (last) return [{ column: last, why: 'a label? The last column that can be one' }];
  throw new DataError(
    'No column of the file could be a label: none has numbers, or two values. --task NAME names one.',
  );
}

/**
 * Labels by name; `y` beside `x` and `z` is a coordinate. An ambiguous name (`default`, `order`) counts if no label has a clearer one, or if it is next to one
 * that has. Elsewhere the column is a property that was known before.
 */
function namedLabels(columns: readonly ColumnGuess[]): readonly ColumnGuess[] {
  const areCoordinates = ['x', 'y', 'z'].every((name) => columns.some((column) => column.name.toLowerCase() === name));
  const isCoordinate = ({ name }: ColumnGuess) => areCoordinates && name.toLowerCase() === 'y';
  const named = columns.filter((column) => column.isNamedLabel() && !isCoordinate(column));
  const clear = named.filter(({ words }) => !words.ambiguous);
  if (clear.length === 0) return named;
  const clearBeside = (column: ColumnGuess): boolean => {
    const at = columns.indexOf(column);
    const from = columns.slice(0, at).findLastIndex((other) => !named.includes(other)) + 1;
    const behind = columns.findIndex((other, c) => c > at && !named.includes(other));
    return columns.slice(from, behind < 0 ? undefined : behind).some((other) => clear.includes(other));
  };
  return named.filter((column) => clear.includes(column) || clearBeside(column));
}

/** `COLUMN`, `NAME=COLUMN`, or `NAME=COLUMN` with a comparison: `liked=rating>=4`, `sport=genre==sport`. */
function askedLabel(columns: readonly ColumnGuess[], text: string): LabelGuess {
  const [, name = '', rest = ''] = /^([^=<>!]+)=(.+)$/.exec(text) ?? [];
  if (name === '' || columns.some((column) => column.name === text))
    return { column: askedColumn(columns, text), why: '' };
  const [, columnName = rest, operator, value = ''] = /^(.+?)\s*(>=|<=|==|!=|>|<|=)\s*(.*)$/.exec(rest) ?? [];
  if (operator === undefined) return { column: askedColumn(columns, columnName), why: '', asked: { name } };
  const column = askedColumn(columns, columnName, false);
  if (value === '' || (/[<>]/.test(operator) && Number.isNaN(numberOf(value))))
    throw new ConfigError(`--task ${text}: behind ${operator} stands ${value === '' ? 'a value' : 'a number'}.`);
  const positive = !/^==?$/.test(operator) ? `${operator} ${value}` : /^[<>!=]/.test(value) ? [value] : value;
  return { column, why: '', asked: { name, positive } };
}

/** @param alone Whether the column's own values must be labels. */
function askedColumn(columns: readonly ColumnGuess[], name: string, alone = true): ColumnGuess {
  const names = columns.map((column) => column.name);
  const column = columns.find((column) => column.name === name);
  if (!column) {
    const some = names.length > 30 ? [...names.slice(0, 30), '…'] : names;
    throw new ConfigError(
      `--task: the file has no column '${name}'${didYouMean(name, names)}; there are: ${some.join(', ')}.`,
    );
  }
  if (!alone || column.task()) return column;
  throw new ConfigError(
    `--task: column '${name}' is no label: it has neither numbers nor from two to twenty different texts. --task 'NAME=${name}==VALUE' makes one of a value.`,
  );
}

/**
 * For each column, the label that it follows: the column has a value only in rows where this label is 1. There must be
 * enough other rows that chance does not explain it (one in a million). If there are several such labels, the one that
 * is 1 most rarely.
 * @param labels Columns of 0 and 1.
 */
async function consequences(
  database: DuckDBConnection,
  columns: readonly StagedColumn[],
  labels: readonly StagedColumn[],
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  if (labels.length === 0) return found;
  const set = columns.map((column, c) => `${isSet(column)} AS c${c}`);
  await database.run(`CREATE OR REPLACE TEMP TABLE set_values AS SELECT ${set.join(', ')} FROM ${stagedTable}`);
  const nameOf = (column: StagedColumn) => `c${columns.indexOf(column)}`;
  const counts = labels.map((label) => `count(*) FILTER (${nameOf(label)})`);
  const [rows = 0, ...ones] = await numbersOf(database, ['count(*)', ...counts], 'set_values');
  for (const [c, column] of columns.entries()) {
    const always = labels.map((label) => `bool_and(${nameOf(label)})`);
    const [[count, ...needed] = []] = await rowsOf(
      database,
      `SELECT count(*), ${always.join(', ')} FROM set_values WHERE c${c}`,
    );
    const [condition] = labels
      .map((label, l) => ({ label, ones: ones[l] ?? 0, isNeeded: needed[l] === true }))
      .toSorted((a, b) => a.ones - b.ones)
      .filter(({ label, ones, isNeeded }) => {
        // If two labels are equal, the second follows from the first.
        const follows =
          !labels.includes(column) || Number(count) < ones || labels.indexOf(label) < labels.indexOf(column);
        return isNeeded && label !== column && follows && Number(count) * Math.log(ones / rows) < Math.log(1e-6);
      });
    if (condition) found.set(column.name, condition.label.name);
  }
  return found;
}

/** SQL condition: has a value other than 0, false or an empty list. */
function isSet(column: StagedColumn): string {
  const { type, sql } = column;
  if (type === 'list') return `coalesce(len(${sql}) > 0, false)`;
  const number = numberSql(column);
  if (type !== 'text') return `coalesce(${number} <> 0, false)`;
  return `(${sql} IS NOT NULL AND coalesce(${number} <> 0, lower(${sql}) <> 'false'))`;
}
