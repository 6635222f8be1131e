import type { DuckDBConnection } from '@duckdb/node-api';
import { ConfigError, DataError } from '../../support/errors.js';
import { must } from '../../support/must.js';
import { numbersOf } from '../store/database.js';
import { shown } from '../table/cell.js';
import type { Condition } from '../table/condition.js';
import { conditionSql, type StagedColumn } from '../table/staged-columns.js';
import { stagedTable } from '../table/staged-rows.js';
import { columnFacts } from './column-facts.js';
import { ColumnGuess, type InputGuess, percent } from './column-guess.js';
import { flow } from './config-text.js';
import { consequences } from './consequences.js';
import { type LabelGuess, labelGuesses, namedLabels } from './label-guesses.js';
import { missingMarks, removeMarks } from './missing-marks.js';
import type { StagedFiles } from './staged-files.js';

/** What the columns of the files are taken for. */
export interface Judgement {
  readonly columns: readonly ColumnGuess[];
  readonly tasks: readonly Task[];
  /** All columns that are no tasks, in the order of the file. */
  readonly inputs: readonly Input[];
  /** Marks of missing values beside the usual ones. */
  readonly marks: readonly string[];
}

interface Task {
  readonly column: ColumnGuess;
  readonly name: string;
  /** In `dataset.tasks`. */
  readonly options: object;
  /** In `tasks`, beside the name. */
  readonly entry: object;
  readonly remark: string;
  /** Of a binary task: rows of the rarer class. */
  readonly rarer?: number | undefined;
}

interface Input {
  readonly name: string;
  /** Absent of a column whose type is not supported. */
  readonly column?: ColumnGuess | undefined;
  /** What the loader is told of it, and why; nothing: it infers the kind. */
  readonly guess: InputGuess;
  /** What becomes of it. */
  readonly kind: string;
}

/**
 * @param asked Label columns, as `--task` has them; none: they are guessed.
 * @param onColumn Is told how many columns are judged, of all. It throws to stop.
 * @throws ConfigError, DataError if there is no such label, none at all, or no input beside the labels.
 */
export async function judgement(
  { database, staged, files, unsupported }: StagedFiles,
  asked: readonly string[],
  onColumn: (done: number, total: number) => void,
): Promise<Judgement> {
  const { names = [], path, few } = files[0]?.file ?? {};
  const all = [...staged.columns.values()];
  const marks = await missingMarks(database, all);
  await removeMarks(database, all, marks);
  const facts = await columnFacts(database, staged, names, few === undefined, (done) => onColumn(done, all.length));
  const columns = facts.map((found) => new ColumnGuess(found));
  const labels = labelGuesses(columns, asked);
  const sqlOf = ({ name }: ColumnGuess) => must(staged.columns.get(name), `column '${name}'`);
  const bits = [...new Set(labels.map(({ column }) => column))].filter((column) => column.isBinary());
  const conditions = await consequences(database, all, bits.map(sqlOf));
  const tasks: Task[] = [];
  for (const label of labels) {
    const task = await taskOf(database, label, sqlOf(label.column), conditions.get(label.column.name));
    if (task) tasks.push(task);
  }
  const twice = tasks.find(({ name }, index) => tasks.findIndex((other) => other.name === name) < index);
  if (twice) throw new ConfigError(`--task: two tasks are named '${twice.name}'; NAME=COLUMN gives another name.`);

  const named = namedLabels(columns);
  const inputs = names.flatMap((name): Input[] => {
    const column = columns.find((other) => other.name === name);
    if (tasks.some((task) => task.column === column)) return [];
    if (!column) {
      const why = `of type ${shown(unsupported.get(name) ?? '')}, which is not supported`;
      return [{ name, guess: { kind: 'ignored', why }, kind: 'ignored' }];
    }
    const guess = inputGuess(column, named.includes(column), conditions.get(name));
    const kind = typeof guess.kind === 'object' ? guess.kind.kind : (guess.kind ?? column.facts.kind ?? 'categorical');
    return [{ name, column, guess, kind }];
  });
  if (inputs.every(({ kind }) => kind === 'ignored'))
    throw new DataError(`${path}: no column is left as an input beside the labels.`);
  return { columns, tasks, inputs, marks };
}

/** @param condition The label without whose 1 the column has nothing. */
async function taskOf(
  database: DuckDBConnection,
  { column, why, asked }: LabelGuess,
  staged: StagedColumn,
  condition: string | undefined,
): Promise<Task | undefined> {
  const { name = column.name, positive } = asked ?? {};
  const own = name === column.name ? {} : { column: column.name };
  if (positive !== undefined) {
    const ones = await rowsThatMeet(database, staged, positive);
    const { present } = column.facts;
    return {
      ...{ column, name, options: { ...own, positive }, entry: { type: 'binary' } },
      ...{ remark: `${percent(ones, present)} are 1`, rarer: Math.min(ones, present - ones) },
    };
  }
  const task = column.task();
  if (!task) return undefined;
  const remarks = [why, task.remark, column.hasMissing() ? '' : sampleSpace(condition)];
  return {
    ...{ column, name, options: { ...own, ...task.options }, entry: task.entry, rarer: task.rarer },
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

/** What looks like a label but is no task is known only after the label, as is what is there only where a label is 1. */
function inputGuess(column: ColumnGuess, isLabel: boolean, condition: string | undefined): InputGuess {
  if (isLabel)
    return { kind: 'ignored', why: `a label by its name${column.varies() ? '' : ', but the same in every row'}` };
  const guess = column.input();
  if (condition === undefined || guess.kind === 'ignored') return guess;
  return { kind: 'ignored', why: `has something only where ${condition} is 1: known after it?` };
}

function sampleSpace(condition: string | undefined): string {
  if (condition === undefined) return '';
  return `none where ${condition} is 0: for a task over the other rows alone, ${flow({ mask: { column: condition, equals: 1 } })}`;
}
