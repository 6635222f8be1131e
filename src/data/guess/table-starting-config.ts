import { basename } from 'node:path';
import { stringify } from 'yaml';
import { printable } from '../../support/printable.js';
import { shown } from '../table/cell.js';
import { usualMissing } from '../table/table-options.js';
import type { ColumnGuess } from './column-guess.js';
import { datasetText, flow, inputsText, kindRemarks, type Part } from './config-text.js';
import type { Dialect } from './guessed-dialect.js';
import { type Judgement, judgement } from './judgement.js';
import { type Origin, withStagedFiles } from './staged-files.js';

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
    readonly signal?: AbortSignal | undefined;
    /** Gets the bytes read. */
    readonly progress?: (done: number, total: number) => void;
    /** Gets what the user should decide, which the text has too. */
    readonly note?: (message: string) => void;
  } = {},
): Promise<string> {
  const { tasks = [], test, signal, progress: onBytes = () => undefined, note = () => undefined } = options;
  const origin = typeof from === 'string' ? { path: from, ...(test === undefined ? {} : { test }) } : from;
  return withStagedFiles(origin, { signal, onBytes }, async (files) => {
    const judged = await judgement(files, tasks);
    signal?.throwIfAborted(); // between two statements nothing is interrupted
    const { dialect, staged } = files;
    const trained = staged.files.reduce((sum, { split, rows }) => sum + (split === 'train' ? rows : 0), 0);
    judged.questions.forEach(note);
    return configText(judged, { origin, dialect, rows: staged.rows, trained });
  });
}

interface Files {
  readonly origin: Origin;
  readonly dialect: Dialect;
  readonly rows: number;
  /** Number of rows that are not in the test file. */
  readonly trained: number;
}

function configText(
  { columns, tasks, inputs, marks, questions }: Judgement,
  { origin, dialect, rows, trained }: Files,
): string {
  const { path, test, files = {}, database = '' } = origin;
  const name = basename(path ?? Object.keys(files)[0] ?? database)
    .replace(/\..*$/, '')
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^([^A-Za-z0-9]|$)/, 'data$&');
  const inferred = inputs.flatMap(({ column, guess }) => (column && guess.kind === undefined ? [column] : []));
  const [sparse] = inputs
    .flatMap(({ column, kind }) => (kind === 'categorical' && column?.isSparse() ? [column.facts] : []))
    .toSorted((a, b) => b.different - a.different);
  const rest = restOfConfig(tasks.length, `${name}.yaml`, trained, sparse);
  const { split, remark } = splitGuess(tasks, columns, test !== undefined);
  const head = { loader: 'table', ...origin, ...dialect.keys };
  const read = [path ?? 'the query', test ?? []].flat().map((file) => basename(file));
  const stand = marks.length === 1 ? 'stands' : 'stand';
  const missing: Part = {
    name: 'missing',
    value: [...usualMissing, ...marks],
    remark: `with ${marks.map(shown).join(', ')}, which ${stand} among numbers or dates`,
  };
  return [
    `# A beginning, guessed from all ${rows} rows of ${read.join(' and ')}. To be checked: which columns are labels`,
    '# (--task NAME names them instead), and which inputs are known only after the label (they have to be ignored).',
    ...rest.commands,
    ...questions.map((question) => `# ${printable(question.replaceAll(/\s+/g, ' '))}`),
    ...kindRemarks(inputs.filter(({ guess }) => guess.kind === undefined)),
    ...inferred
      .filter((column) => column.hasOddTexts())
      .map((column) => `# ${column.name} has numbers but for ${column.oddTexts()}, which count as missing`),
    stringify({ name }).trim(), // `2024` and `true` in quotes
    'seed: 1',
    rest.compare,
    datasetText(
      [
        ...Object.entries(head).map(([key, value]) => ({ name: key, value, remark: '' })),
        ...(marks.length > 0 ? [missing] : []),
      ],
      tasks.map(({ name, options, remark }) => ({ name, value: options, remark })),
      inputs.flatMap(({ name, guess: { kind, why = '' } }) =>
        kind === undefined ? [] : [{ name, value: kind, remark: why }],
      ),
      { name: 'split', value: split, remark },
    ),
    inputsText(
      inputs.some(({ kind }) => kind !== 'ignored' && kind !== 'numeric'),
      inferred.filter(({ facts }) => facts.kind === 'numeric'),
    ),
    `tasks:\n${tasks.map(({ name, entry }) => `  - ${flow({ name, ...entry })}`).join('\n')}`,
    rest.run,
  ]
    .filter((part) => part !== '')
    .join('\n');
}

/**
 * The part of a starting config that does not depend on the data: small models, initial settings. It is text, so that
 * this file need not know their names.
 */
interface RestOfConfig {
  /** Remarks on how to run it. */
  readonly commands: readonly string[];
  readonly compare: string;
  readonly run: string;
}

/**
 * @param rows Number of rows in the training files.
 * @param sparse An input with many values that have few rows each.
 */
function restOfConfig(
  tasks: number,
  file: string,
  rows: number,
  sparse: { readonly name: string; readonly different: number } | undefined,
): RestOfConfig {
  const several = tasks > 1;
  const { epochs, batchSize, patience, rate, fall } = settingsFor(rows);
  return {
    commands: [
      `#   ple data inspect ${file}`,
      `#   ple train --config ${file}`,
      several
        ? `#   ple compare --config ${file}`
        : '# With a second task (--task NAME, once for each), `ple compare` tells what sharing between tasks gains.',
    ],
    compare: several ? comparison(tasks, rows) : '',
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

function comparison(tasks: number, rows: number): string {
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
  seeds: 5`;
}

/** Steps of a small table: at most, without an improvement until training ends, and until the rate falls. */
const [leastSteps, leastPatience, leastFall] = [24_000, 2000, 600];

interface Settings {
  readonly epochs: number;
  readonly batchSize: number;
  /** Of Adam, at first. */
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
  const epochsOf = (steps: number) => Math.ceil(steps / Math.ceil((0.8 * rows) / batchSize));
  if (rows < smallRows) {
    const [epochs, patience, fall] = [epochsOf(leastSteps), epochsOf(leastPatience), epochsOf(leastFall)];
    return { epochs, batchSize, rate: 0.001, fall, patience };
  }
  if (rows < 200_000) return { epochs: 80, batchSize, rate: 0.008, fall: 2, patience: 8 };
  return { epochs: rows < 2_000_000 ? 30 : 12, batchSize, rate: 0.008, fall: 1, patience: 4 };
}

/**
 * If a label's rarer class has fewer rows or a smaller share, a plain random split may leave a split with hardly any of
 * them.
 */
const [fewRows, fewShare] = [1000, 0.01];

/** Maximum number of values of a column that is stratified by value. */
const mostStrata = 20;

interface SplitGuess {
  readonly split: object;
  /** The reason, and alternatives. */
  readonly remark: string;
}

/**
 * How rows are split: at random, with the same share of a rare label in each split. The remark gives the split by time
 * and the split by users.
 * @param tasks `rarer`: for a binary task, rows of the rarer class.
 * @param hasTest The test split has its own file.
 */
function splitGuess(
  tasks: readonly { readonly column: ColumnGuess; readonly rarer?: number | undefined }[],
  columns: readonly ColumnGuess[],
  hasTest: boolean,
): SplitGuess {
  const shares = { validation: 0.1, ...(hasTest ? {} : { test: 0.1 }) };
  const [rarest] = tasks
    .filter(({ column, rarer = 0 }) => rarer > 0 && column.facts.different <= mostStrata)
    .toSorted((a, b) => (a.rarer ?? 0) - (b.rarer ?? 0));
  const { column, rarer = 0 } = rarest ?? {};
  const isRare = column && (rarer < fewRows || rarer < fewShare * column.facts.present);
  const [time] = columns.filter((other) => other.canSplit()).toSorted((a, b) => b.facts.different - a.facts.different);
  const user = columns.find((other) => other.isUserWithRows());
  const remarks = [
    isRare ? `each split has its share of the ${rarer} rows of the rarer class of ${column.name}` : '',
    time ? `or, the last rows as the test: ${flow({ time: time.name, ...shares })}` : '',
    user ? `or, all rows of a user in one split: ${flow({ fraction: shares, group: user.name })}` : '',
  ];
  return {
    split: { fraction: shares, ...(isRare ? { stratify: column.name } : {}) },
    remark: remarks.filter((remark) => remark !== '').join('; '),
  };
}
