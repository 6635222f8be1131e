import { createReadStream, existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import type { TaskConfig } from '../../config/parts.js';
import { evaluateTask } from '../../metrics/evaluate.js';
import { fileSha256 } from '../../support/checksum.js';
import { ConfigError, DataError } from '../../support/errors.js';
import { must } from '../../support/must.js';
import type { EvaluatedRun, FinishedRun } from '../../training/finished-run.js';
import { readSealed } from '../../training/folder/run-folder.js';
import type { TaskPredictions } from '../../training/predictions.js';

/** The scale of binary tasks' scores. */
export type ScoreScale = 'probability' | 'logit';

/** Predictions of another program: a file for one seed of the table. */
export interface ExternalFile {
  readonly label: string;
  /** The seed of the run to compare with. Undefined: the table's first seed. */
  readonly seed: number | undefined;
  readonly path: string;
}

/** The test rows that scores belong to, as a run on them received them. */
export interface TestRows {
  readonly dataset: EvaluatedRun['result']['dataset'];
  /** Labels and masks, in the order of the table's tasks. */
  readonly tasks: readonly TaskPredictions[];
}

/**
 * Labels and masks of the test rows, from any of these runs, which were tested on them.
 * @throws DataError where none has kept them.
 */
export async function referenceAmong(
  runs: readonly FinishedRun[],
  tasks: readonly Pick<TaskConfig, 'name'>[],
): Promise<TestRows> {
  const reference = runs.find(({ hasPredictions }) => hasPredictions);
  if (!reference)
    throw new DataError(
      `No run of seed ${runs[0]?.result.seed} has a predictions.arrow, from which the labels are taken: train one without --no-predictions.`,
    );
  const predictions = await reference.predictions();
  const predicted = new Map(predictions.map((prediction) => [prediction.task.name, prediction]));
  return {
    dataset: reference.result.dataset,
    tasks: tasks.map(({ name }) => must(predicted.get(name), `task '${name}'`)),
  };
}

/** @throws ConfigError for a word that is not `LABEL=FILE` or `LABEL:SEED=FILE`. */
export function parseExternalFile(word: string): ExternalFile {
  const [, label, seed, path] = /^([^=]+?)(?::(\d+))?=(.+)$/s.exec(word) ?? [];
  if (label === undefined || path === undefined)
    throw new ConfigError(`--predictions ${word}: expected LABEL=FILE or LABEL:SEED=FILE.`);
  return { label, seed: seed === undefined ? undefined : Number(seed), path };
}

/**
 * Reads scores of the test split, one per row in the split's order, and evaluates them.
 *
 * A CSV has a header with the tasks' names and a column of scores for each. Other columns are ignored. Scores of a
 * binary task are probabilities or logits, by `scale`; a multiclass task has a column `<task>.<class>` of them for each
 * class. Scores of a regression task are predictions in the label's units. A cell may be empty if the row is outside the
 * task's sample space.
 *
 * Labels, masks and weights come from a run on the same rows. If the file has a column `<type>.<task>` of labels, which
 * `ple data rows` writes, they must be the same. Metrics whose threshold is chosen on validation are left out.
 * @throws DataError with line and column for a score that is not a number, and for a wrong number of rows.
 */
export async function readExternal(
  path: string,
  scale: ScoreScale | undefined,
  reference: TestRows,
): Promise<EvaluatedRun> {
  const predictions = await fromCsv(path, scale, reference.tasks);
  const tasks = Object.fromEntries(
    predictions.map(({ task, scores }) => [task.name, { type: task.type, test: evaluateTask(task, scores) }]),
  );
  const result = { parameters: null, dataset: reference.dataset, tasks };
  return { path, result, hasPredictions: true, predictions: async () => predictions };
}

async function fromCsv(
  path: string,
  scale: ScoreScale | undefined,
  reference: readonly TaskPredictions[],
): Promise<readonly TaskPredictions[]> {
  if (path.endsWith('.arrow')) throw new ConfigError(`--predictions ${path}: write a CSV, not an Arrow file.`);
  const rows = reference[0]?.scores.labels.length ?? 0;
  // An empty line may be the empty cell of a file with one column.
  const records = csvRecords(path, reference.length > 1);
  const { value: header } = await records.next();
  if (!header) throw new DataError(`${path} is empty: its first line names the tasks.`);
  const tasks = reference.map((task) => findColumns(task, header.cells, path));
  let row = 0;
  for await (const { cells, where } of records) {
    if (row < rows) for (const task of tasks) readRow(task, row, cells, where, scale);
    row++;
  }
  if (row !== rows)
    throw new DataError(
      `${path} has ${row} rows, the test split ${rows}: one row per row of predictions.arrow is needed, in its order.`,
    );
  return tasks.map(({ task: { link: _link, ...task }, scores, logits }) => ({
    task: { ...task, offset: 0, scale: 1 },
    scores: { ...scores, logits },
  }));
}

/** The records of a CSV, and where each stands (`file:line`). @throws DataError for a file that is none */
async function* csvRecords(path: string, skipEmptyLines: boolean) {
  const records = parse({ bom: true, info: true, skip_empty_lines: skipEmptyLines });
  pipeline(createReadStream(path), records, () => undefined); // the loop gets the error
  try {
    for await (const entry of records) {
      const { info, record }: { info: { lines: number }; record: string[] } = entry;
      yield { cells: record, where: `${path}:${info.lines}` };
    }
  } catch (error) {
    if (error instanceof CsvError) throw new DataError(`${path}: not a CSV file: ${error.message}.`);
    if (error instanceof Error && 'syscall' in error)
      throw new DataError(`Cannot read the predictions ${path}: ${error.message}.`);
    throw error;
  }
}

type TaskColumns = ReturnType<typeof findColumns>;

/** Where a file has a task, and room for its scores. */
function findColumns({ task, scores }: TaskPredictions, header: readonly string[], path: string) {
  const outputs = outputNames(task).map((name) => ({ name, column: findColumn(header, name, path) }));
  const labels = header.indexOf(`${task.type}.${task.name}`); // below 0: it has none
  return { task, scores, outputs, labels, logits: new Float64Array(scores.labels.length * outputs.length) };
}

function readRow(
  { task, scores, outputs, labels, logits }: TaskColumns,
  row: number,
  cells: readonly string[],
  where: string,
  scale: ScoreScale | undefined,
): void {
  if (labels >= 0) checkLabel(where, task, cells[labels], scores, row);
  for (const [output, { name, column }] of outputs.entries()) {
    const text = cells[column]?.trim() ?? '';
    if (text === '' && !((scores.mask[row] ?? 0) > 0)) continue;
    const cell = `${where}: '${name}'`;
    logits[output * scores.labels.length + row] = toLogit(number(text, cell), task.type, scale, cell);
  }
}

/** The columns of a task's scores. */
export function outputNames({ name, classes }: Pick<TaskPredictions['task'], 'name' | 'classes'>): readonly string[] {
  return classes ? classes.map((text) => `${name}.${text}`) : [name];
}

/** @param text The label that the other program had. */
function checkLabel(
  where: string,
  { name, classes }: TaskPredictions['task'],
  text = '',
  { labels, mask }: TaskPredictions['scores'],
  row: number,
) {
  const label = labels[row] ?? Number.NaN;
  if (!((mask[row] ?? 0) > 0) || (classes ? classes[label] === text : Math.fround(Number(text)) === label)) return;
  throw new DataError(
    `${where}: the label of '${name}' is '${text}', and ${classes?.[label] ?? label} in the table's runs: the predictions are of other rows, or in another order.`,
  );
}

function findColumn(header: readonly string[], task: string, path: string): number {
  const names = header.map((name) => name.trim());
  const column = names.indexOf(task);
  if (column < 0) throw new DataError(`${path} has no column '${task}': its first line is ${names.join(',')}.`);
  if (names.lastIndexOf(task) !== column) throw new DataError(`${path} has two columns '${task}'.`);
  return column;
}

function number(text: string, where: string): number {
  const value = Number(text);
  if (text === '' || !Number.isFinite(value)) throw new DataError(`${where} is '${text}', which is not a number.`);
  return value;
}

/**
 * Binary: the log-odds of a probability, infinite for 0 and 1, which metrics accept. Several classes: the logarithm of a
 * probability. Regression, and logits: the value itself.
 */
function toLogit(value: number, type: string, scale: ScoreScale | undefined, where: string): number {
  if (type === 'regression') return value;
  if (scale === undefined)
    throw new ConfigError('Say what the scores of tasks of classes are: --scores probability or --scores logit.');
  if (scale === 'logit') return value;
  if (value < 0 || value > 1)
    throw new DataError(`${where} is ${value}, which is not a probability: use --scores logit for logits.`);
  if (type === 'multiclass') return Math.log(Math.max(value, Number.MIN_VALUE)); // a softmax of infinities is none
  return Math.log(value) - Math.log1p(-value);
}

/** `command.json`, in the folder of a command's run. It is written last: if it exists, the run is finished. */
export interface CommandRun {
  readonly schema: 1;
  readonly label: string;
  readonly command: string;
  readonly seed: number;
  /** SHA-256 of predictions.csv. */
  readonly predictions: string;
  readonly timing: { readonly seconds: number };
}

export const commandFile = 'command.json';
/** The file that tells a command its task. */
export const taskFile = 'task.json';

/** Whether the predictions at a path are those of a command, if it has made them. */
export function isOfCommandAt(predictions: string): boolean {
  return existsSync(join(dirname(predictions), taskFile));
}

/** @throws DataError for a file that is damaged. */
export function readCommandFile(folder: string): CommandRun {
  return readSealed(join(folder, commandFile), 1, `Delete ${folder} and run ple compare again`);
}

/**
 * The predictions that a command made.
 * @param predictions The path of its predictions.csv.
 * @throws DataError if they are others by now, or are not of the reference's rows.
 */
export async function readCommandRun(predictions: string, reference: TestRows): Promise<EvaluatedRun> {
  const folder = dirname(predictions);
  if (fileSha256(predictions) !== readCommandFile(folder).predictions)
    throw new DataError(`${predictions} is not what was written: delete ${folder} and run ple compare again.`);
  return readExternal(predictions, 'probability', reference);
}
