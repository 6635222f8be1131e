import { basename } from 'node:path';
import { Document, isCollection, isNode } from 'yaml';
import { parseNumber, shown } from '../data/table/cell.js';
import { table } from '../data/table/table-loader.js';
import { usualMissing } from '../data/table/table-options.js';
import { didYouMean } from '../support/catalogue.js';
import { ConfigError, DataError } from '../support/errors.js';
import { printable, someOf } from '../support/text.js';
import {
  type ColumnFacts,
  canBeLabel,
  columnFacts,
  guessedLabels,
  type Input,
  inputGuess,
  isBinary,
  isId,
  nameSays,
} from './column-facts.js';
import { type Origin, type StagedFiles, withStagedFiles } from './staged-files.js';

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
    const [time] = facts
      .filter((fact) => fact.parts && !isId(fact))
      .toSorted(
        (a, b) => Number(a.parts?.[0] === 'days') - Number(b.parts?.[0] === 'days') || b.different - a.different,
      );
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
    const mayBeLabels = someOf(
      perhaps.map(({ name }) => name),
      8,
    );
    const question = `inputs that may be labels: ${mayBeLabels}; --task NAME, once for each task, names the labels`;
    if (isOpen) note(question);
    const remarks = isOpen ? [`# ${printable(question)}`] : [];
    return configText({ tasks, inputs, used, missing, time, remarks }, files, origin, options.models);
  });
}

/** A column that is an input, and how it is read. */
type Used = ColumnFacts & { readonly read: Input['kind'] };

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

/** A label as a task. */
interface Task {
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
function askedTask(columns: readonly ColumnFacts[], text: string): Task {
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
function labelTask(column: ColumnFacts, why: string): Task {
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
function saysYes({ texts }: Value): boolean {
  return texts.some((text) => /^(yes|y|true|t|positive|pos|won|win|success|good)$/i.test(text));
}

/** A binary task by one value, in all its spellings. A text that looks like a comparison is protected. */
function valueTask(column: ColumnFacts, { texts, rows }: Value, others: string): Task {
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

/**
 * The part of a starting config that does not depend on the data: small models, initial settings. It is text, so that
 * this file need not know their names.
 * @param rows Number of rows in the training files.
 * @param sparse An input with many values that have few rows each.
 * @param models Further ones of the comparison, a line of YAML each.
 */
function trainingText(
  tasks: number,
  rows: number,
  sparse: { readonly name: string; readonly different: number } | undefined,
  models: readonly string[] = [],
): { readonly compare: readonly string[]; readonly run: string } {
  const several = tasks > 1;
  const { epochs, batchSize, patience, rate, fall } = settingsFor(rows);
  return {
    compare: several ? [comparison(tasks, rows, models)] : [],
    run: `model: ${several ? '{ type: ple, levels: [[64], [32]], tower: [16], experts: { shared: 1, task: 1 } }' : '{ type: single-task, levels: [[64], [32]], tower: [16] }'}
train:
  epochs: ${epochs}
  batchSize: ${batchSize}
  optimizer: { type: adam, learningRate: ${rate}${sparse ? ', l2Embeddings: 0.001' : ''}, schedule: { type: plateau, ratio: 0.3, patience: ${fall}, minimum: 0.01 } }${sparse ? ` # few rows for each of the ${sparse.different} values of ${sparse.name}` : ''}
  earlyStopping: { monitor: mean, patience: ${patience} }
`,
  };
}

/** A table with fewer rows is small. */
const smallRows = 10_000;

/**
 * With this many rows each model chooses by validation between narrow and wide layers, with dropout or not. On twelve
 * tables (docs/data.md) wide layers with dropout as a choice lowered errors by 3.5 % from 1,000 rows on, and raised them
 * by 1 % below. Above 3,000 they were not tried, and take longer.
 */
const tunedRows = { from: 1000, to: 3000 };

function comparison(tasks: number, rows: number, models: readonly string[]): string {
  const isTuned = rows >= tunedRows.from && rows <= tunedRows.to;
  const choice = (narrow: string, wide: string) =>
    isTuned ? `, tune: { model.levels: [${narrow}, ${wide}], model.dropout: [0, 0.1] }` : '';
  const one = `levels: [[64]], tower: [32, 16]`;
  const ofOne = choice('[[64]]', '[[128]]');
  const two = `levels: [[64], [32]], tower: [16]`;
  const ofTwo = choice('[[64], [32]]', '[[128], [64]]');
  return `compare:
  models:${isTuned ? ' # each with the layers and dropout that are best on validation' : ''}
    - { type: single-task, ${two}${ofTwo} }
    - { type: hard-sharing, ${one}${ofOne} }
    - { type: mmoe, ${one}, experts: ${tasks + 1}${ofOne} }
    - { type: cgc, ${one}, experts: { shared: 1, task: 1 }${ofOne} }
    - { type: ple, ${two}, experts: { shared: 1, task: 1 }${ofTwo} }
${models.map((line) => `    ${line}\n`).join('')}  seeds: 5`;
}

/** Steps of a small table: at most, without an improvement until training ends, and until the rate falls. */
const [leastSteps, leastPatience, leastFall] = [24_000, 2000, 600];

interface Settings {
  readonly epochs: number;
  readonly batchSize: number;
  /** Adam's learning rate at the start. */
  readonly rate: number;
  /** Epochs without an improvement until the rate falls, and until training ends. */
  readonly fall: number;
  readonly patience: number;
}

/**
 * About a hundred steps per epoch, and fewer epochs if an epoch has more rows. Small tables have fewer steps. Tried on
 * six public tables, and judged on six others (docs/data.md): from 10,000 rows on the higher rate that falls is better; a
 * small table is at its best after a few epochs, and a low rate finds that.
 */
function settingsFor(rows: number): Settings {
  const batchSize = Math.min(4096, Math.max(16, 2 ** Math.round(Math.log2(rows / 100))));
  const toEpochs = (steps: number) => Math.ceil(steps / Math.ceil((0.8 * rows) / batchSize));
  if (rows < smallRows) {
    const [epochs, patience, fall] = [toEpochs(leastSteps), toEpochs(leastPatience), toEpochs(leastFall)];
    return { epochs, batchSize, rate: 0.001, fall, patience };
  }
  if (rows < 200_000) return { epochs: 80, batchSize, rate: 0.008, fall: 2, patience: 8 };
  return { epochs: rows < 2_000_000 ? 30 : 12, batchSize, rate: 0.008, fall: 1, patience: 4 };
}
