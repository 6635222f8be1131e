import { basename } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { calendarParts } from '../data/encoding.js';
import { profile } from '../data/profile.js';
import { literals, numbersBy, queryRows } from '../data/store/database.js';
import { shown } from '../data/table/cell.js';
import { textSql } from '../data/table/staged-columns.js';
import { type StagedRows, stagedTable } from '../data/table/staged-rows.js';
import { table } from '../data/table/table-loader.js';
import { usualMissing } from '../data/table/table-options.js';
import { ConfigError, DataError } from '../support/errors.js';
import { must } from '../support/must.js';
import { printable } from '../support/printable.js';
import { columnFacts, valueTable } from './column-facts.js';
import { askedLabel, guessedLabels, type Label, mayBeLabel, namedLabels } from './labels.js';
import {
  type Column,
  inputGuess,
  isBinary,
  isSparse,
  isUserWithRows,
  mostlyOne,
  oddTexts,
  splitTime,
  varies,
} from './rules.js';
import { type Origin, type StagedFiles, withStagedFiles } from './staged-files.js';
import { guessTask, type Task } from './tasks.js';
import { trainingText } from './training-settings.js';
import { flow, line } from './yaml.js';

/**
 * A config for a table file, as YAML with remarks, guessed from all of its rows: which columns are labels, ids, lists,
 * or known only after the label. It runs without changes, but the user has to check it.
 * @param from A file, a pattern, or a query.
 */
export async function startingConfig(
  from: string | Pick<Origin, 'query' | 'files' | 'database'>,
  options: {
    /** Label columns in the form of `--task`. None: they are guessed. */
    readonly tasks?: readonly string[];
    /** The file of the test split. */
    readonly test?: string | undefined;
    /** Further models of the comparison, a line of YAML each. */
    readonly models?: readonly string[];
    readonly signal?: AbortSignal | undefined;
    /** Gets the bytes read. */
    readonly progress?: (done: number, total: number) => void;
    /** Gets what the user should decide, which the text has too. */
    readonly note?: (message: string) => void;
  } = {},
): Promise<string> {
  const { tasks: asked = [], test, signal, progress: onBytes = () => undefined, note = () => undefined } = options;
  const origin = typeof from === 'string' ? { path: from, ...(test === undefined ? {} : { test }) } : from;
  return withStagedFiles(origin, { signal, onBytes }, async (files) => {
    const roles = await guessRoles(files, asked);
    signal?.throwIfAborted(); // between two statements nothing is interrupted
    const questions = openQuestions(roles, asked.length > 0);
    questions.forEach(note);
    return configText(roles, questions, files, origin, options.models);
  });
}

type Input = ReturnType<typeof inputGuess> & {
  readonly name: string;
  /** Absent for a column whose type is not supported. */
  readonly column?: Column | undefined;
};

/**
 * The roles that the files' columns are guessed to have.
 * @param asked Label columns in the form of `--task`. None: they are guessed.
 * @throws ConfigError, DataError if there is no such label, none at all, or no input.
 */
async function guessRoles({ database, staged, files, unsupported }: StagedFiles, asked: readonly string[]) {
  const { names = [], path = '' } = files[0]?.file ?? {};
  const { facts, marks } = await columnFacts(database, staged, names);
  const labels: readonly Label[] =
    asked.length > 0 ? asked.map((text) => askedLabel(facts, text)) : guessedLabels(facts);
  const conditions = await onlyWhere(database, staged, facts, new Set(labels.map(({ column }) => column)));
  const tasks: Task[] = [];
  for (const label of labels) {
    const place = facts.indexOf(label.column);
    tasks.push(await guessTask(database, label, place, conditions.get(label.column.name)));
  }
  const twice = tasks.find(({ name }, index) => tasks.findIndex((other) => other.name === name) < index);
  if (twice) throw new ConfigError(`--task: two tasks are named '${twice.name}'; NAME=COLUMN gives another name.`);

  const named = namedLabels(facts);
  const time = splitTime(facts);
  const calendar = facts.filter((fact) => fact !== time && fact.words.calendar).map(({ name }) => name.toLowerCase());
  const taken = calendarParts.filter((part) => calendar.some((name) => name.includes(part)));
  const columns = facts.map(
    (fact): Column => ({
      ...fact,
      isLabel: named.includes(fact),
      onlyWhere: conditions.get(fact.name),
      ...(fact === time ? { parts: fact.time?.parts.filter((part) => !taken.includes(part)) ?? [] } : {}),
    }),
  );
  const inputs = names.flatMap((name): Input[] => {
    const column = columns.find((other) => other.name === name);
    if (tasks.some((task) => task.column.name === name)) return [];
    if (column) return [{ name, column, ...inputGuess(column) }];
    return [{ name, kind: 'ignored', why: `of type ${shown(unsupported.get(name) ?? '')}, which is not supported` }];
  });
  if (inputs.every(({ kind }) => kind === 'ignored'))
    throw new DataError(`${path}: no column is left as an input beside the labels.`);
  return { columns, tasks, inputs, marks };
}

type Roles = Awaited<ReturnType<typeof guessRoles>>;

/** What the user should decide: labels that were not asked for that became inputs, or were left out for their names. */
function openQuestions({ tasks, inputs }: Roles, isAsked: boolean): string[] {
  const before = tasks.map(({ name }) => name).join(', ');
  const others = isAsked ? [] : inputs.filter(({ column, kind }) => kind !== 'ignored' && column && mayBeLabel(column));
  const left = inputs.filter(({ column }) => column?.isLabel && varies(column));
  return [
    others.length > 0
      ? `inputs that may be labels: ${someNames(others, 8)}; --task NAME, once for each task, names the labels`
      : '',
    left.length > 0
      ? `left out, as a label is often named so: ${someNames(left, 8)}; an input, if known before ${before}: delete its line`
      : '',
  ].filter((question) => question !== '');
}

function someNames(columns: readonly { readonly name: string }[], most: number): string {
  const names = columns.slice(0, most).map(({ name }) => name.replaceAll(/\s+/g, ' '));
  return [...names, ...(columns.length > most ? [`… (${columns.length})`] : [])].join(', ');
}

/**
 * For each column, the binary label that it follows: the column has something (no 0, false or empty list) only in rows
 * where this label is 1, and chance does not explain it. If there are several such labels, the one that is 1 most
 * rarely.
 */
async function onlyWhere(
  database: DuckDBConnection,
  staged: StagedRows,
  facts: readonly Column[],
  labels: ReadonlySet<Column>,
): Promise<ReadonlyMap<string, string>> {
  const binary = facts.flatMap((column, place) => (labels.has(column) && isBinary(column) ? [place] : []));
  const found = new Map<string, string>();
  if (binary.length === 0) return found;
  const nothing = await queryRows(
    database,
    `SELECT input, text FROM ${valueTable} WHERE coalesce(number = 0, lower(text) IN ('', 'false'))`,
  );
  const filled = [...staged.columns.values()].map((column, place) => {
    const texts = nothing.flatMap(([input, text]) => (input === place ? [String(text)] : []));
    return `coalesce(${textSql(column)} NOT IN ('', ${literals(texts)}), false)`;
  });
  const bits = binary.map((place) => `${filled[place]}::INT`);
  await profile(database, stagedTable, staged.rows, filled, '0', bits);
  const sums = binary.map((_, t) => `s${t}`).join(', ');
  const counts = await numbersBy(database, 1, `SELECT input, rows, ${sums} FROM profile WHERE value`);
  const filledRows = (place: number) => counts(place)[0] ?? 0;
  for (const [place, { name }] of facts.entries()) {
    const [rows = 0, ...ones] = counts(place);
    const followed = binary.filter((label, t) => {
      const most = filledRows(label);
      // If two labels are equal, the second follows from the first.
      const isBehind = !binary.includes(place) || rows < most || binary.indexOf(label) < binary.indexOf(place);
      return label !== place && ones[t] === rows && isBehind && isRule(most / staged.rows, rows);
    });
    const [label] = followed.toSorted((a, b) => filledRows(a) - filledRows(b));
    if (label !== undefined) found.set(name, must(facts[label], 'label').name);
  }
  return found;
}

/**
 * A rule needs ten rows that could break it. The probability that none does must be below one in a million if column
 * and label are independent (share^rows). So 100 columns and 10 tasks give a false rule once in a thousand data sets.
 */
const [fewestRows, mostByChance] = [10, 1e-6];

function isRule(share: number, rows: number): boolean {
  return rows >= fewestRows && rows * Math.log(share) < Math.log(mostByChance);
}

function configText(
  { columns, tasks, inputs, marks }: Roles,
  questions: readonly string[],
  { dialect, staged }: StagedFiles,
  origin: Origin,
  models: readonly string[] | undefined,
): string {
  const { path, test, files = {}, database = '' } = origin;
  const name = basename(path ?? Object.keys(files)[0] ?? database)
    .replace(/\..*$/, '')
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/-$/, '')
    .replace(/^([^A-Za-z0-9]|$)/, 'data$&');
  const inferred = inputs.flatMap(({ column, kind }) => (column && kind === 'inferred' ? [column] : []));
  const others = inputs.filter(({ kind }) => kind !== 'inferred');
  const categorical = inputs.flatMap(({ column, kind }) =>
    column && (kind === 'inferred' ? column.kind : typeof kind === 'object' ? kind.kind : kind) === 'categorical'
      ? [column]
      : [],
  );
  const [sparse] = categorical.filter(isSparse).toSorted((a, b) => b.different - a.different);
  const trained = staged.files.reduce((sum, { split, rows }) => sum + (split === 'train' ? rows : 0), 0);
  const { compare, run } = trainingText(tasks.length, trained, sparse, models);
  const read = [path ?? 'the query', test ?? []].flat().map((file) => basename(file));
  return [
    `# A beginning, guessed from all ${staged.rows} rows of ${read.join(' and ')}. To be checked: which columns are labels`,
    '# (--task NAME names them instead), and which inputs are known only after the label (they have to be ignored).',
    `#   ple data inspect ${name}.yaml`,
    `#   ple train --config ${name}.yaml`,
    tasks.length > 1
      ? `#   ple compare --config ${name}.yaml`
      : '# With a second task (--task NAME, once for each), `ple compare` tells what sharing between tasks gains.',
    ...questions.map((question) => `# ${printable(question.replaceAll(/\s+/g, ' '))}`),
    ...kindRemarks(inferred),
    ...inferred.flatMap((column) => {
      const odd = oddTexts(column);
      return odd === undefined ? [] : [`# ${column.name} has numbers but for ${odd}, which count as missing`];
    }),
    line(0, 'name', name), // `2024` and `true` in quotes
    'seed: 1',
    ...compare,
    'dataset:',
    ...Object.entries({ loader: table.name, ...origin, ...dialect.keys }).map(([key, value]) => line(2, key, value)),
    ...(marks.length > 0 ? [missingLine(marks)] : []),
    '  tasks:',
    ...tasks.map(({ name, options, remark }) => line(4, name, options, remark)),
    ...(others.length > 0 ? ['  columns:'] : []),
    ...others.map(({ name, kind, why }) => line(4, name, kind, why)),
    splitLine(tasks, columns, test !== undefined),
    ...inputLines(
      inputs.some(({ column, kind }) => kind !== 'ignored' && (kind !== 'inferred' || column?.kind !== 'numeric')),
      inferred,
    ),
    'tasks:',
    ...tasks.map(({ name, entry }) => `  - ${flow({ name, ...entry })}`),
    run,
  ].join('\n');
}

/** Remarks that list inferred columns by kind. */
function kindRemarks(columns: readonly Column[]): string[] {
  return (['numeric', 'categorical', 'list'] as const).flatMap((kind) => {
    const some = columns.filter((column) => (column.kind ?? 'categorical') === kind);
    return some.length > 0 ? [`# ${kind} inputs, as inferred: ${printable(someNames(some, 12))}`] : [];
  });
}

function missingLine(marks: readonly string[]): string {
  const stand = marks.length === 1 ? 'stands' : 'stand';
  const remark = `with ${marks.map(shown).join(', ')}, which ${stand} among numbers or dates`;
  return line(2, 'missing', [...usualMissing, ...marks], remark);
}

/** The key `inputs`. A numeric column with one dominant value gets an embedding for each value, or bucket of values. */
function inputLines(hasCategories: boolean, inferred: readonly Column[]): string[] {
  const mostly = inferred.filter((column) => mostlyOne(column) !== undefined);
  const categories = hasCategories ? { minCount: 5 } : {};
  if (mostly.length === 0) return hasCategories ? [`inputs: ${flow({ embedding: 8, ...categories })}`] : [];
  return [
    'inputs:',
    ...Object.entries({ embedding: 8, ...categories }).map(([key, value]) => line(2, key, value)),
    '  columns:',
    ...mostly.map((column) => line(4, column.name, { numeric: 'value' }, `mostly ${mostlyOne(column)}`)),
  ];
}

/**
 * If a label's rarer class has fewer rows or a smaller share, a plain random split may leave a split with hardly any of
 * them.
 */
const [fewRows, fewShare] = [1000, 0.01];

/** Maximum number of values of a column that is stratified by value. */
const mostStrata = 20;

/**
 * How rows are split: at random, with the same share of a rare label in each split. The remark gives the split by time
 * and the split by users.
 * @param hasTest The test split has its own file.
 */
function splitLine(tasks: readonly Task[], columns: readonly Column[], hasTest: boolean): string {
  const shares = { validation: 0.1, ...(hasTest ? {} : { test: 0.1 }) };
  const [rarest] = tasks
    .filter(({ column, rarer = 0 }) => rarer > 0 && column.different <= mostStrata)
    .toSorted((a, b) => (a.rarer ?? 0) - (b.rarer ?? 0));
  const { column, rarer = 0 } = rarest ?? {};
  const isRare = column && (rarer < fewRows || rarer < fewShare * column.present);
  const time = splitTime(columns);
  const user = columns.find(isUserWithRows);
  const remarks = [
    isRare ? `each split has its share of the ${rarer} rows of the rarer class of ${column.name}` : '',
    time ? `or, the last rows as the test: ${flow({ time: time.name, ...shares })}` : '',
    user ? `or, all rows of a user in one split: ${flow({ fraction: shares, group: user.name })}` : '',
  ];
  const split = { fraction: shares, ...(isRare ? { stratify: column.name } : {}) };
  return line(2, 'split', split, remarks.filter((remark) => remark !== '').join('; '));
}
