import { basename } from 'node:path';
import { Document, isCollection, isNode } from 'yaml';
import { shown } from '../data/table/cell.js';
import { table } from '../data/table/table-loader.js';
import { usualMissing } from '../data/table/table-options.js';
import { ConfigError, DataError } from '../support/errors.js';
import { printable } from '../support/text.js';
import { type ColumnFacts, columnFacts } from './column-facts.js';
import { canBeLabel, guessedLabels, type Input, inputGuess, isBinary, isId, nameSays } from './rules.js';
import { type Origin, type StagedFiles, withStagedFiles } from './staged-files.js';
import { askedTask, labelTask, saysYes, type Task } from './tasks.js';
import { trainingText } from './training-settings.js';

/**
 * A config for a table file, as YAML with remarks, guessed from all of its rows: which columns are labels, ids, lists,
 * or known only after the label. It runs without changes, but the user has to check it.
 * @param from A file, a pattern, or a query.
 * @throws ConfigError, DataError if there is no label that `tasks` names, none at all, or no input.
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
    const { names = [], path = '' } = files.files[0]?.file ?? {};
    const { facts, missing } = await columnFacts(files.database, files.staged);
    signal?.throwIfAborted(); // between two statements nothing is interrupted
    const tasks: readonly Task[] =
      asked.length > 0
        ? asked.map((text) => askedTask(facts, text))
        : guessedLabels(facts).map(([column, why]) => labelTask(column, why));
    if (tasks.length === 0)
      throw new DataError(
        'No column of the file could be a label: none has numbers, or two values. --task NAME names one.',
      );
    const twice = tasks.find(({ name }, index) => tasks.findIndex((other) => other.name === name) < index);
    if (twice) throw new ConfigError(`--task: two tasks are named '${twice.name}'; NAME=COLUMN gives another name.`);
    const [time] = facts.filter((fact) => fact.parts && !isId(fact)).toSorted((a, b) => b.different - a.different);
    const inputs = names.flatMap((name): Input[] => {
      const fact = facts.find((other) => other.name === name);
      const why = `of type ${shown(files.unsupported.get(name) ?? '')}, which is not supported`;
      if (!fact) return [{ name, kind: 'ignored', why }];
      if (tasks.some(({ column }) => column === fact)) return [];
      return [inputGuess({ ...fact, parts: fact === time ? fact.parts : undefined })];
    });
    const used = inputs.flatMap(({ column, kind }) =>
      column && kind !== 'ignored' ? [{ ...column, read: kind }] : [],
    );
    if (used.length === 0) throw new DataError(`${path}: no column is left as an input beside the labels.`);
    const perhaps = used.filter((column) => {
      return column.different === 2
        ? isBinary(column) || column.values.some(saysYes)
        : canBeLabel(column) && nameSays(column);
    });
    const isOpen = asked.length === 0 && perhaps.length > 0;
    const question = `inputs that may be labels: ${someNames(perhaps, 8)}; --task NAME, once for each task, names the labels`;
    if (isOpen) note(question);
    const remarks = [isOpen ? question : [], kindRemarks(used)].flat().map((remark) => `# ${printable(remark)}`);
    return configText({ tasks, inputs, used, missing, time, remarks }, files, origin, options.models);
  });
}

/** A column that is an input, and how it is read. */
type Used = ColumnFacts & { readonly read: Input['kind'] };

/** Remarks that list inferred columns by kind. */
function kindRemarks(used: readonly Used[]): string[] {
  return (['numeric', 'categorical', 'list'] as const).flatMap((kind) => {
    const some = used.filter((column) => column.read === 'inferred' && column.kind === kind);
    return some.length > 0 ? [`${kind} inputs, as inferred: ${someNames(some, 12)}`] : [];
  });
}

function someNames(columns: readonly { readonly name: string }[], most: number): string {
  const names = columns.slice(0, most).map(({ name }) => name.replaceAll(/\s+/g, ' '));
  return [...names, ...(columns.length > most ? [`… (${columns.length})`] : [])].join(', ');
}

interface Roles {
  readonly tasks: readonly Task[];
  readonly inputs: readonly Input[];
  readonly used: readonly Used[];
  /** Marks of missing values. */
  readonly missing: readonly string[];
  readonly time: ColumnFacts | undefined;
  readonly remarks: readonly string[];
}

function configText(
  { tasks, inputs, used, missing, time, remarks }: Roles,
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
  const others = inputs.filter(({ kind }) => kind !== 'inferred');
  const isNumeric = ({ kind, read }: Used) => read === 'inferred' && kind === 'numeric';
  const sparse = used.find((column) => !isNumeric(column) && !column.parts && isSparse(column));
  const mostly = used.filter((column) => isNumeric(column) && (column.values[0]?.rows ?? 0) > column.present / 2);
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
    ...remarks,
    line(0, 'name', name), // `2024` and `true` in quotes
    'seed: 1',
    ...compare,
    'dataset:',
    ...Object.entries({ loader: table.name, ...origin, ...dialect }).map(([key, value]) => line(2, key, value)),
    ...(missing.length > 0 ? [line(2, 'missing', [...usualMissing, ...missing])] : []),
    '  tasks:',
    ...tasks.map(({ name, options, remark }) => line(4, name, options, remark)),
    ...(others.length > 0 ? ['  columns:'] : []),
    ...others.map(({ name, kind, why }) => line(4, name, kind, why)),
    splitLine(tasks, time?.name, test !== undefined),
    'inputs:',
    '  embedding: 8',
    ...(used.every(isNumeric) ? [] : ['  minCount: 5']),
    ...(mostly.length > 0 ? ['  columns:'] : []),
    ...mostly.map(({ name, values: [first] }) => line(4, name, { numeric: 'value' }, `mostly ${first?.texts[0]}`)),
    'tasks:',
    ...tasks.map(({ name, entry }) => `  - ${flow({ name, ...entry })}`),
    run,
  ].join('\n');
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
function splitLine(tasks: readonly Task[], time: string | undefined, hasTest: boolean): string {
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
