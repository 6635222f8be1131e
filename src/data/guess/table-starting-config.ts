import { basename } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { ConfigError, DataError } from '../../support/errors.js';
import { must } from '../../support/must.js';
import { numbersOf } from '../store/database.js';
import { shown } from '../table-file/cell.js';
import type { Condition } from '../table-file/condition.js';
import { conditionSql, type StagedColumn } from '../table-file/staged-columns.js';
import { stagedTable } from '../table-file/staged-rows.js';
import { usualMissing } from '../table-file/table-options.js';
import { columnFacts } from './column-facts.js';
import { ColumnGuess, type InputGuess, percent } from './column-guess.js';
import { datasetText, flow, inputsText, kindRemarks, type Part } from './config-text.js';
import { consequences } from './consequences.js';
import { type LabelGuess, labelGuesses, namedLabels } from './label-guesses.js';
import { missingMarks, removeMarks } from './missing-marks.js';
import { splitGuess } from './split-guess.js';
import { type StagedFiles, withStagedFiles } from './staged-files.js';
import { restOfConfig } from './starting-config-rest.js';

interface StartingOptions {
  /** Label columns, as `--task` has them; none: they are guessed. */
  readonly tasks?: readonly string[];
  /** The file of the test split. */
  readonly test?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Is told what is done: of the bytes that are read, then of the columns that are judged. */
  readonly progress?: (unit: 'bytes' | 'columns', done: number, total: number) => void;
}

/**
 * A config for a table file, as YAML with remarks, guessed from all of its rows: which columns are labels, ids, lists, or known only after the
 * label. It runs as it is; its reader has to check it.
 * @param path A file, or a pattern.
 */
export async function startingConfig(path: string, options: StartingOptions = {}): Promise<string> {
  const { tasks = [], test, signal, progress } = options;
  const onBytes = (done: number, total: number) => progress?.('bytes', done, total);
  return withStagedFiles(path, test, { signal, onBytes }, (files) => configText(files, path, tasks, options));
}

/** A task of the config. */
interface Task {
  readonly column: ColumnGuess;
  readonly name: string;
  /** In `dataset.tasks`. */
  readonly options: object;
  /** In `tasks`. */
  readonly entry: object;
  readonly remark: string;
  readonly rarer?: number | undefined;
}

async function configText(
  { database, staged, files, unsupported, dialect }: StagedFiles,
  path: string,
  asked: readonly string[],
  { test, signal, progress }: StartingOptions,
): Promise<string> {
  const { names = [], few } = files[0]?.file ?? {};
  const marks = await missingMarks(database, [...staged.columns.values()]);
  await removeMarks(database, [...staged.columns.values()], marks);
  const onColumn = (done: number) => {
    signal?.throwIfAborted();
    progress?.('columns', done, staged.columns.size);
  };
  const facts = await columnFacts(database, staged, names, few === undefined, onColumn);
  const columns = facts.map((found) => new ColumnGuess(found));
  const labels = labelGuesses(columns, asked);
  const sqlOf = ({ name }: ColumnGuess) => must(staged.columns.get(name), `column '${name}'`);
  const bits = [...new Set(labels.map(({ column }) => column))].filter((column) => column.isBinary());
  const conditions = await consequences(database, [...staged.columns.values()], bits.map(sqlOf));
  const made: Task[] = [];
  for (const label of labels) {
    const task = await taskOf(database, label, sqlOf(label.column), conditions.get(label.column.name));
    if (task) made.push(task);
  }
  const twice = made.find(({ name }, index) => made.findIndex((other) => other.name === name) < index);
  if (twice) throw new ConfigError(`--task: two tasks are named '${twice.name}'; NAME=COLUMN gives another name.`);

  const named: Part[] = [];
  const inferred: ColumnGuess[] = [];
  const alike = namedLabels(columns);
  for (const name of names) {
    const column = columns.find((other) => other.name === name);
    if (made.some((task) => task.column === column)) continue;
    const { kind, why = '' }: InputGuess = column
      ? inputGuess(column, alike.includes(column), conditions.get(name))
      : { kind: 'ignored', why: `of type ${shown(unsupported.get(name) ?? '')}, which is not supported` };
    if (kind !== undefined) named.push({ name, value: kind, remark: why });
    else if (column) inferred.push(column);
  }
  const inputs = [...named.filter(({ value }) => value !== 'ignored'), ...inferred];
  if (inputs.length === 0) throw new DataError(`${path}: no column is left as an input beside the labels.`);

  const name = basename(path)
    .replace(/\..*$/, '')
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^([^A-Za-z0-9]|$)/, 'data$&');
  const rows = staged.files.reduce((sum, file) => sum + (file.split === 'train' ? file.rows : 0), 0);
  const rest = restOfConfig(made.length, `${name}.yaml`, rows);
  const { split, remark } = splitGuess(made, columns, test !== undefined);
  const among = `with ${marks.map(shown).join(', ')}, which ${marks.length === 1 ? 'stands' : 'stand'} among numbers or dates`;
  const head = Object.entries({
    ...{ loader: 'table', path, test, ...dialect.keys },
    missing: marks.length > 0 ? [...usualMissing, ...marks] : undefined,
  }).map(([key, value]): Part => ({ name: key, value, remark: key === 'missing' ? among : '' }));
  return [
    `# A beginning, guessed from all ${staged.rows} rows of ${basename(path)}${test === undefined ? '' : ` and ${basename(test)}`}. To be checked: which columns are labels`,
    '# (--task NAME names them instead), and which inputs are known only after the label (they have to be ignored).',
    ...rest.commands,
    ...kindRemarks(inferred.map((column) => ({ name: column.name, kind: column.facts.kind ?? 'categorical' }))),
    ...inferred
      .filter((column) => column.hasOddTexts())
      .map((column) => `# ${column.name} has numbers but for ${column.oddTexts()}, which count as missing`),
    `name: ${name}`,
    'seed: 1',
    rest.compare,
    datasetText(
      head.filter(({ value }) => value !== undefined),
      made.map(({ name, options, remark }) => ({ name, value: options, remark })),
      named,
      { name: 'split', value: split, remark },
    ),
    inputsText(
      inferred.some(({ facts }) => facts.kind !== 'numeric') || named.some(({ value }) => value !== 'ignored'),
      inferred.filter(({ facts }) => facts.kind === 'numeric'),
    ),
    `tasks:\n${made.map(({ name, entry }) => `  - ${flow({ name, ...entry })}`).join('\n')}`,
    rest.run,
  ]
    .filter((part) => part !== '')
    .join('\n');
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
