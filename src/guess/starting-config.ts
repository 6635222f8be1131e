import { basename } from 'node:path';
import { Document, isCollection, isNode } from 'yaml';
import { shown } from '../data/table/cell.js';
import { table } from '../data/table/table-loader.js';
import { usualMissing } from '../data/table/table-options.js';
import { DataError } from '../support/errors.js';
import { printable, someOf } from '../support/text.js';
import {
  type ColumnFacts,
  canBeLabel,
  columnFacts,
  type Input,
  inputGuess,
  isBinary,
  isId,
  nameSays,
} from './column-facts.js';
import { type LabelTask, labelTasks, saysYes } from './label-tasks.js';
import { type RowOrigin, type StagedFiles, withStagedFiles } from './staged-files.js';
import { trainingText } from './training-text.js';

/**
 * A config for a table file, as YAML with remarks, guessed from all of its rows: which columns are labels, ids, lists,
 * or known only after the label. It runs without changes, but the user has to check it.
 * @param from A file, a pattern, or a query.
 * @throws ConfigError, DataError if there is no label that `tasks` names, none at all, or no input.
 */
export async function startingConfig(
  from: string | Pick<RowOrigin, 'query' | 'files' | 'database'>,
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
  const {
    tasks: texts = [],
    test,
    models,
    signal,
    progress: onBytes = () => undefined,
    note = () => undefined,
  } = options;
  const origin = typeof from === 'string' ? { path: from, ...(test === undefined ? {} : { test }) } : from;
  return withStagedFiles(origin, { signal, onBytes }, async (files) => {
    const { facts, missing } = await columnFacts(files.database, files.staged);
    signal?.throwIfAborted(); // between two statements nothing is interrupted
    const tasks = labelTasks(facts, texts);
    const time = timeColumn(facts);
    const inputs = inputColumns(files, facts, tasks, time);
    const used = usedColumns(inputs);
    if (used.length === 0)
      throw new DataError(`${files.files[0]?.file.path ?? ''}: no column is left as an input beside the labels.`);
    const questions = [...(texts.length === 0 ? labelQuestion(used) : []), ...groupQuestion(used)];
    questions.forEach(note);
    return configText({ tasks, inputs, used, missing, time, questions }, files, origin, models);
  });
}

/** The column that tells when a row came to be: the one with the most values, and rather a time of day than a day. */
function timeColumn(facts: readonly ColumnFacts[]): ColumnFacts | undefined {
  const isDay = ({ parts }: ColumnFacts) => Number(parts?.[0] === 'days');
  return facts
    .filter((fact) => fact.parts && !isId(fact))
    .toSorted((a, b) => isDay(a) - isDay(b) || b.different - a.different)[0];
}

/** What each column of the files is as an input, labels apart. Parts of a time are read from one column alone. */
function inputColumns(
  { files, unsupported }: StagedFiles,
  facts: readonly ColumnFacts[],
  tasks: readonly LabelTask[],
  time: ColumnFacts | undefined,
): readonly Input[] {
  const names = files[0]?.file.names ?? [];
  return names.flatMap((name): Input[] => {
    const fact = facts.find((other) => other.name === name);
    const why = `of type ${shown(unsupported.get(name) ?? '')}, which is not supported`;
    if (!fact) return [{ name, kind: 'ignored', why }];
    if (tasks.some(({ column }) => column === fact)) return [];
    return [inputGuess({ ...fact, parts: fact === time ? fact.parts : undefined })];
  });
}

/** A column that is an input, and how it is read. */
type Used = ColumnFacts & { readonly read: Input['kind'] };

function usedColumns(inputs: readonly Input[]): readonly Used[] {
  return inputs.flatMap(({ column, kind }) => (column && kind !== 'ignored' ? [{ ...column, read: kind }] : []));
}

/** Asks about inputs that may be labels. */
function labelQuestion(used: readonly Used[]): readonly string[] {
  const perhaps = used.filter((column) =>
    column.different === 2 ? isBinary(column) || column.values.some(saysYes) : canBeLabel(column) && nameSays(column),
  );
  if (perhaps.length === 0) return [];
  const names = someOf(
    perhaps.map(({ name }) => name),
    8,
  );
  return [`inputs that may be labels: ${names}; --task NAME, once for each task, names the labels`];
}

/** With fewer values, equally many rows for each are a design, not persons. */
const fewestInGroups = 20;

/** Asks about a column whose every value has equally many rows, as a person has in a panel. */
function groupQuestion(used: readonly Used[]): readonly string[] {
  const rowsOfEach = ({ present, different, whole, kind, values: [first] }: Used) => {
    const isThing = (whole || kind === 'categorical') && different >= fewestInGroups;
    return isThing && first && first.rows * different === present ? first.rows : 1;
  };
  const [group] = used.filter((column) => rowsOfEach(column) > 1).toSorted((a, b) => b.different - a.different);
  if (!group) return [];
  return [
    `each value of '${group.name}' is in ${rowsOfEach(group)} rows: if it names a person or another thing that new rows do not have, write split: { fraction: …, group: ${group.name} }, which keeps its rows together`,
  ];
}

/** What the columns of the files are to the config. */
interface Roles {
  readonly tasks: readonly LabelTask[];
  readonly inputs: readonly Input[];
  readonly used: readonly Used[];
  /** Marks of missing values. */
  readonly missing: readonly string[];
  readonly time: ColumnFacts | undefined;
  /** What the user should decide. */
  readonly questions: readonly string[];
}

function configText(
  roles: Roles,
  files: StagedFiles,
  origin: RowOrigin,
  models: readonly string[] | undefined,
): string {
  const { tasks, used } = roles;
  const { rows } = files.staged;
  const trained = files.staged.files.reduce((sum, { split, rows }) => sum + (split === 'train' ? rows : 0), 0);
  const sparse = used.find((column) => !isNumeric(column) && !column.parts && isSparse(column));
  const { compare, run } = trainingText(tasks.length, trained, sparse, models);
  const name = configName(origin);
  return [
    ...usage(name, rows, origin, tasks.length),
    ...roles.questions.map((question) => `# ${printable(question)}`),
    line(0, 'name', name), // `2024` and `true` in quotes
    'seed: 1',
    ...compare,
    ...datasetLines(roles, files, origin),
    ...inputLines(used),
    'tasks:',
    ...tasks.map(({ name, entry }) => `  - ${flow({ name, ...entry })}`),
    run,
  ].join('\n');
}

/** A name for the config and its runs, from the first file's: one that is safe as the name of a folder. */
function configName({ path, files = {}, database = '' }: RowOrigin): string {
  return basename(path ?? Object.keys(files)[0] ?? database)
    .replace(/\..*$/, '')
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/-$/, '')
    .replace(/^([^A-Za-z0-9]|$)/, 'data$&');
}

/** The comment at the top: what was guessed, and the commands that come next. */
function usage(name: string, rows: number, { path, test }: RowOrigin, tasks: number): readonly string[] {
  const read = [path ?? 'the query', test ?? []].flat().map((file) => basename(file));
  return [
    `# A beginning, guessed from all ${rows} rows of ${read.join(' and ')}. To be checked: which columns are labels`,
    '# (--task NAME names them instead), and which inputs are known only after the label (they have to be ignored).',
    `#   ple data inspect ${name}.yaml`,
    `#   ple train --config ${name}.yaml`,
    tasks > 1
      ? `#   ple compare --config ${name}.yaml`
      : '# With a second task (--task NAME, once for each), `ple compare` tells what sharing between tasks gains.',
  ];
}

function datasetLines({ tasks, inputs, missing, time }: Roles, { dialect }: StagedFiles, origin: RowOrigin) {
  const typed = inputs.filter(({ kind }) => kind !== 'inferred');
  return [
    'dataset:',
    ...Object.entries({ loader: table.name, ...origin, ...dialect }).map(([key, value]) => line(2, key, value)),
    ...(missing.length > 0 ? [line(2, 'missing', [...usualMissing, ...missing])] : []),
    '  tasks:',
    ...tasks.map(({ name, options, remark }) => line(4, name, options, remark)),
    ...(typed.length > 0 ? ['  columns:'] : []),
    ...typed.map(({ name, kind, why }) => line(4, name, kind, why)),
    splitLine(tasks, time?.name, origin.test !== undefined),
  ];
}

/** How inputs are encoded. A number that mostly has one value has an embedding for each value. */
function inputLines(used: readonly Used[]): readonly string[] {
  const mostly = used.filter((column) => isNumeric(column) && (column.values[0]?.rows ?? 0) > column.present / 2);
  return [
    'inputs:',
    '  embedding: 8',
    ...(used.every(isNumeric) ? [] : ['  minCount: 5']),
    ...(mostly.length > 0 ? ['  columns:'] : []),
    ...mostly.map(({ name, values: [first] }) => line(4, name, { numeric: 'value' }, `mostly ${first?.texts[0]}`)),
  ];
}

function isNumeric({ kind, read }: Used): boolean {
  return read === 'inferred' && kind === 'numeric';
}

/**
 * Whether it has many categories with few rows each: a model memorizes the rows. Simulated feeds had 5, 20, 80 and 400
 * rows for each user. A penalty of .001 gained .0051, .0015, .0012 and .0007 AUC of clicks, and runs took no longer.
 */
function isSparse({ different, present }: ColumnFacts): boolean {
  return different >= 1000 && present < 100 * different;
}

/**
 * If a label's rarer class has fewer rows or a smaller share, a plain random split may leave a split with hardly any of
 * them.
 */
const rare = { rows: 1000, share: 0.01 };

/**
 * How rows are split: at random, with the same share of a rare label in each split. The remark gives the split by time.
 * @param hasTest The test split has its own file.
 */
function splitLine(tasks: readonly LabelTask[], time: string | undefined, hasTest: boolean): string {
  const shares = { validation: 0.1, ...(hasTest ? {} : { test: 0.1 }) };
  const few = tasks.filter(({ column, rarer = 0 }) => {
    return rarer > 0 && column.different <= 20 && rarer < Math.max(rare.rows, rare.share * column.present);
  });
  const [rarest] = few.toSorted((a, b) => (a.rarer ?? 0) - (b.rarer ?? 0));
  const split = { fraction: shares, ...(rarest ? { stratify: rarest.column.name } : {}) };
  const remark = time === undefined ? '' : `or, the last rows as the test: ${flow({ time, ...shares })}`;
  return line(2, 'split', split, remark);
}

/** A value as YAML on one line. */
function flow(value: object): string {
  const document = new Document(value);
  if (isCollection(document.contents)) document.contents.flow = true;
  return document.toString({ flowCollectionPadding: true, lineWidth: 0 }).trim();
}

/** `key: value # remark`, with a list or mapping on one line. @param indent Blanks in front. */
function line(indent: number, key: string, value: unknown, remark = ''): string {
  const document = new Document({ [key]: value });
  const node = document.get(key, true);
  if (isCollection(node)) node.flow = true;
  if (isNode(node) && remark !== '') node.comment = ` ${remark.replaceAll(/\s+/g, ' ')}`;
  const text = document.toString({ flowCollectionPadding: true, lineWidth: 0 }).trimEnd();
  return text.replaceAll(/^(?=.)/gm, ' '.repeat(indent));
}
