import { setImmediate } from 'node:timers/promises';
import { type InputsConfig, type TaskConfig, unusualLoss } from '../../config/parts.js';
import { didYouMean } from '../../support/catalogue.js';
import { ConfigError, DataError } from '../../support/errors.js';
import { must } from '../../support/must.js';
import { someOf } from '../../support/text.js';
import {
  asSingle,
  type Dataset,
  type Source,
  type SourceBlock,
  type SourceColumn,
  type SourceSplit,
  type SourceTask,
} from '../dataset.js';
import { type Fitted, type FittedColumn, type FittedTask, isDistinct, mostEncodingText } from '../encoding.js';
import { checkedLabels, type KeptRows, keptRows } from './encoded-split.js';
import { withKeptBlocks } from './kept-blocks.js';
import { project, signedLog } from './project.js';
import { indexCount, listFit, type VocabularyOptions, vocabularyByNumber } from './vocabulary.js';

/**
 * Prepares a source for models. Encodings are fitted on the training split alone, in one pass, which is skipped if
 * nothing must be fitted. Rows are encoded when a split is read.
 *
 * - categorical: values that training has at least `minCount` times have an index each; all others share 0 (see
 *   `vocabularyOf`).
 * - list: entries as in categorical columns, the heaviest `maxLength` of a row.
 * - numeric `standard`: (x - mean) / deviation. `log1p`: x is first replaced by sign(x) log(1 + |x|). A missing value
 *   becomes the mean, a column that is constant in training becomes 0.
 * - numeric `piecewise`: as `standard`. The model computes the position within each bin (see `numericFeatures`), so that
 *   encoded rows are as small. The inner edges are quantiles of the same sample as `quantile` has.
 * - numeric `quantile` and `value`: categorical, by buckets of equal count or by the `buckets` most frequent training
 *   values; a value that is not among these takes the index of the nearest. Missing values have an index of their own, which is 0
 *   if training has none. Beyond 262,144 training rows (fewer for more than 256 such columns) the buckets are those of
 *   every k-th row.
 *
 * Tasks are those of the config, in its order. Training rows in no task's sample space, and those of weight 0, are left
 * out, of fitting too; any other counts once in what is fitted, whatever its weight. Labels and weights are checked
 * whenever rows are read.
 *
 * Blocks of a small data set stay in memory once they are encoded.
 *
 * Of generated rows, scalings and buckets are fitted on the first 65,536.
 * @param signal When it fires, the pass fails with its reason.
 */
export async function encode(
  source: Source,
  inputs: InputsConfig,
  tasks: readonly TaskConfig[],
  signal?: AbortSignal,
): Promise<Dataset> {
  const mistakes = Object.keys(inputs.columns).flatMap((name) => [...mistakesIn(name, source, inputs)]);
  if (mistakes.length > 0) throw new ConfigError(...mistakes);
  const { encoding, kept, apart, notes } = await fitEncoding(source, inputs, tasks, signal);
  if ((kept ?? source.splits.train).rows === 0)
    throw new DataError('No training row is in the sample space of any task with a weight above 0.');
  return { ...withKeptBlocks(project(source, encoding, inputs, tasks, kept)), apart, notes };
}

/**
 * The task's index in the source. Fails with a `ConfigError` for a task that the data do not have, or have otherwise.
 */
export function findTask({ tasks }: Source, { name, type }: TaskConfig): number {
  const names = tasks.map((task) => task.name);
  const index = names.indexOf(name);
  const task = tasks[index];
  if (!task)
    throw new ConfigError(
      `tasks: the data have no task '${name}'${didYouMean(name, names)}; there are: ${names.join(', ')}.`,
    );
  if (task.type !== type) throw new ConfigError(`tasks: '${name}' is a ${task.type} task, not a ${type} task.`);
  return index;
}

/** What is wrong with a column's settings. A setting that would change nothing is wrong, too. */
function* mistakesIn(name: string, { columns }: Source, inputs: InputsConfig): Generator<string> {
  const settings = inputs.columns[name] ?? {};
  const key = `inputs.columns.${name}`;
  const column = columns.find((column) => column.name === name);
  if (!column) {
    const names = columns.map((column) => column.name);
    yield `inputs.columns: '${name}' is no input${didYouMean(name, names)}. Inputs are: ${someOf(names, 50)}. If dataset.columns ignores it, delete it here.`;
    return;
  }
  const numeric = settings.numeric ?? inputs.numeric;
  const [kind, read] = column.kind === 'numeric' ? [`numeric (${numeric})`, ofNumeric[numeric]] : ofKind[column.kind];
  for (const setting of Object.keys(settings))
    if (!read.includes(setting)) yield `${key}: the column is ${kind}, so '${setting}' would change nothing.`;
  const { target } = settings;
  if (target === undefined) return;
  const categorical = columns.flatMap(({ name, kind }) => (kind === 'categorical' ? [name] : []));
  const width = (name: string) => inputs.columns[name]?.embedding ?? inputs.embedding;
  if (!categorical.includes(target))
    yield `${key}.target: the data have no categorical column '${target}'${didYouMean(target, categorical)}; there are: ${someOf(categorical, 50)}.`;
  else if (width(name) !== width(target))
    yield `${key}.target: entries of '${name}' have embedding width ${width(name)}, and '${target}' has ${width(target)}; give both the same 'embedding'.`;
}

/** What a column of the kind is called, and its settings that are read. */
const ofKind: Readonly<Record<'categorical' | 'list', readonly [string, readonly string[]]>> = {
  categorical: ['categorical', ['embedding', 'minCount']],
  list: ['a list', ['embedding', 'minCount', 'maxLength', 'pool', 'target', 'attention']],
};

const ofNumeric = {
  standard: ['numeric'],
  log1p: ['numeric'],
  piecewise: ['numeric', 'bins'],
  quantile: ['numeric', 'buckets', 'embedding'],
  value: ['numeric', 'buckets', 'embedding'],
};

/** What was fitted to the training rows, and which of them count. */
interface Fit extends Pick<Dataset, 'encoding' | 'apart' | 'notes'> {
  /** Rows that count. Undefined: all do. */
  readonly kept: KeptRows | undefined;
}

/** Generated rows that are fitted on. A mean of so many has an error of .4 % of the deviation. */
const fittedRows = 2 ** 16;

/** Fits an encoding to the training rows. */
async function fitEncoding(
  source: Source,
  inputs: InputsConfig,
  tasks: readonly TaskConfig[],
  signal: AbortSignal | undefined,
): Promise<Fit> {
  const indexes = tasks.map((task) => findTask(source, task));
  const { columns, labels, spaces, counts, areFew } = await passOver(source, inputs, tasks, indexes, signal);
  const empty = tasks.find(({ name }) => !spaces.filled.has(name));
  if (empty && spaces.filled.size > 0 && !areFew)
    throw new DataError(`No training row with a weight above 0 is in the sample space of task '${empty.name}'.`);
  const apart = tasks.flatMap(({ name }) => (spaces.apart.has(name) ? [name] : []));
  const rows = counts.reduce((sum, count) => sum + count, 0);
  const isWhole = areFew || counts.length === 0 || rows === source.splits.train.rows;
  return {
    encoding: {
      schema: 1,
      texts: source.texts,
      columns: fittedColumns(source, columns),
      group: source.group,
      tasks: tasks.map((task, t) => fittedTask(task, source.tasks[indexes[t] ?? -1]?.classes, labels[t]?.moments)),
    },
    kept: isWhole ? undefined : { rows, counts: Int32Array.from(counts) },
    apart: apart.length > 0 ? apart : undefined,
    notes: columns.flatMap((fit) => fit?.notes?.() ?? []),
  };
}

/**
 * One pass over the training rows: what columns, labels and sample spaces show, and how many rows of each block count.
 * `areFew`: only the first 65,536 were read, as those of a generated source are alike.
 */
async function passOver(
  source: Source,
  inputs: InputsConfig,
  tasks: readonly TaskConfig[],
  indexes: readonly number[],
  signal: AbortSignal | undefined,
) {
  const columns = columnFits(source, inputs);
  const labels = tasks.map(labelFit);
  const spaces = { filled: new Set<string>(), apart: new Set<string>() };
  const counts: number[] = [];
  const { masked = false } = source;
  const train = checkedLabels(source, 'train', tasks);
  const areFew = train.rows > fittedRows && areAlike(source, indexes, inputs);
  const blocks = Math.ceil((areFew ? fittedRows : train.rows) / train.blockRows);
  const isNeeded = masked || [...columns, ...labels].some((fit) => fit);
  for await (const [block, rows] of countingRows(train, blocks, indexes, isNeeded, signal)) {
    const ofTasks = indexes.map((index) => must(block.labels[index], 'labels'));
    for (const [c, fit] of columns.entries()) fit?.add(must(block.columns[c], 'column'), rows);
    for (const [t, fit] of labels.entries()) fit?.add(must(ofTasks[t], 'labels'), rows);
    if (masked) lookInto(spaces, tasks, ofTasks, rows);
    counts.push(rows.length);
  }
  return { columns, labels, spaces, counts, areFew };
}

/**
 * Training blocks, each with its rows that count. None at all where nothing is to be learnt of them, and all rows count.
 * @param isNeeded There is something to learn, or rows may be in no sample space.
 */
async function* countingRows(
  train: SourceSplit,
  blocks: number,
  tasks: readonly number[],
  isNeeded: boolean,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly [SourceBlock, Int32Array]> {
  for (let b = 0; b < blocks; b++) {
    signal?.throwIfAborted();
    const reading = train.read(b);
    if (isNeeded) train.ahead?.(b + 1);
    const block = await reading;
    if (!isNeeded && !block.weights) return;
    yield [block, keptRows(block, tasks)];
    await setImmediate(); // lets signals and timers in
  }
}

/** Sample spaces of a masked source, by their tasks' names. */
interface SampleSpaces {
  /** They have training rows. */
  readonly filled: Set<string>;
  /** They have other training rows than the first task's. */
  readonly apart: Set<string>;
}

/** Adds what some rows show. @param labels of each task */
function lookInto(
  { filled, apart }: SampleSpaces,
  tasks: readonly TaskConfig[],
  labels: readonly Float32Array[],
  rows: Int32Array,
): void {
  const isInside = (task: number, row: number) => !Number.isNaN(labels[task]?.[row]);
  for (const [t, { name }] of tasks.entries()) {
    if (!filled.has(name) && rows.some((row) => isInside(t, row))) filled.add(name);
    if (!apart.has(name) && rows.some((row) => isInside(t, row) !== isInside(0, row))) apart.add(name);
  }
}

/** Learns mean and deviation of a task's labels, which the loss sees standardised. Undefined: the task's are not. */
function labelFit(task: TaskConfig) {
  if (!task.standardize) return undefined;
  const moments = new Moments();
  const isLog = unusualLoss(task)?.type === 'log-normal';
  return {
    moments,
    add(labels: Float32Array, rows: Int32Array) {
      for (const row of rows) moments.add(isLog ? Math.log(labels[row] ?? 0) : (labels[row] ?? 0));
    },
  };
}

function fittedTask(task: TaskConfig, classes: SourceTask['classes'], moments: Moments | undefined): FittedTask {
  return {
    name: task.name,
    type: task.type,
    offset: moments?.mean ?? 0,
    scale: moments?.deviation || 1,
    classes,
    link: ['poisson', 'log-normal'].includes(unusualLoss(task)?.type ?? '') ? 'log' : undefined,
  };
}

function fittedColumns({ columns }: Source, fits: readonly (ColumnFit | undefined)[]): readonly FittedColumn[] {
  const fitted = columns.map(({ name, cells = {} }, c): FittedColumn => {
    const form = fits[c]?.finish() ?? { kind: 'identity' };
    return { name, cells: 'values' in form ? cells : { lenient: false, ...cells }, ...form };
  });
  checkStored(fitted);
  return fitted;
}

/** Whether the rows of a generated source are alike, none of them can be left out, and no values are counted. */
function areAlike({ generated, tasks, columns }: Source, chosen: readonly number[], inputs: InputsConfig): boolean {
  const isCounted = (column: SourceColumn) => column.kind !== 'numeric' && !isComplete(column, inputs);
  return generated === true && chosen.some((task) => tasks[task]?.everywhere) && !columns.some(isCounted);
}

/** Whether every index is known, training has it or not. */
function isComplete({ complete = false, name }: SourceColumn, inputs: InputsConfig): boolean {
  return complete && (inputs.columns[name]?.minCount ?? inputs.minCount) <= 1;
}

/**
 * @throws DataError if a value is there twice, or if the vocabularies, of which the largest is named, are too long to be
 * stored.
 */
export function checkStored(columns: readonly FittedColumn[], most = mostEncodingText): void {
  const lengths = columns.map((column) => {
    if (!('values' in column)) return 0;
    if (!isDistinct(column))
      throw new DataError(`Column '${column.name}' has a value twice: its loader gives it two indexes.`);
    let length = 0;
    for (const values of [column.values, column.rare])
      if (typeof values !== 'number') for (const value of values) length += Buffer.byteLength(String(value)) + 3;
    return length;
  });
  if (lengths.reduce((sum, length) => sum + length, 0) <= most) return;
  const { name } = must(columns[lengths.indexOf(Math.max(...lengths))], 'a column');
  throw new DataError(
    `Column '${name}' has more values than a run can store: raise inputs.columns.${name}.minCount, or hash it to fewer.`,
  );
}

/** Learns from the training rows of one column, block by block, what its encoding needs. */
interface ColumnFit<Form = Fitted> {
  add(values: SourceBlock['columns'][number], rows: Int32Array): void;
  finish(): Form;
  notes?(): readonly string[];
}

/** The fit of each column. Undefined: there is nothing to learn. */
function columnFits({ columns, splits }: Source, inputs: InputsConfig): readonly (ColumnFit | undefined)[] {
  const numericOf = ({ name }: SourceColumn) => inputs.columns[name]?.numeric ?? inputs.numeric;
  const sampled = columns.filter((column) => column.kind === 'numeric' && numericOf(column) in edgesOf);
  const most = Math.min(2 ** 18, Math.ceil(2 ** 26 / sampled.length)); // at most 256 MiB of samples
  return columns.map((column) => {
    const settings = inputs.columns[column.name] ?? {};
    const vocabulary = { minCount: settings.minCount ?? inputs.minCount, unseen: inputs.unseen };
    if (column.kind === 'list') {
      const { maxLength: length = inputs.maxLength, pool = inputs.pool } = settings;
      return listFit({ ...vocabulary, length, pool }, column);
    }
    if (column.kind === 'categorical')
      return isComplete(column, inputs) ? completeFit(column) : vocabularyFit(vocabulary, column);
    const numeric = numericOf(column);
    if (numeric === 'standard' && column.standardized) return undefined;
    if (numeric === 'standard' || numeric === 'log1p') return scaleFit(numeric === 'log1p');
    const { buckets = inputs.buckets, bins = inputs.bins } = settings;
    const isPiecewise = numeric === 'piecewise';
    const sample = sampleFit(splits.train.rows, most, (sorted) =>
      edgesOf[numeric](sorted, isPiecewise ? bins : buckets),
    );
    return isPiecewise ? scaleFit(false, sample) : sample;
  });
}

function completeFit({ dictionary, size = 0 }: SourceColumn): ColumnFit {
  return { add: () => undefined, finish: () => ({ kind: 'vocabulary', values: dictionary ?? size, rare: [] }) };
}

function vocabularyFit(options: VocabularyOptions, column: SourceColumn): ColumnFit {
  const counts = new Uint32Array(indexCount(column));
  return {
    add(values, rows) {
      const indexes = asSingle(values);
      for (let i = 0; i < rows.length; i++) {
        const index = indexes[rows[i] ?? 0] ?? 0;
        counts[index] = (counts[index] ?? 0) + 1;
      }
    },
    finish: () => vocabularyByNumber(counts, options, column),
  };
}

/** @param sample has the inner edges of bins */
function scaleFit(log: boolean, sample?: ReturnType<typeof sampleFit>): ColumnFit {
  const moments = new Moments();
  const range = new Range();
  return {
    add(column, rows) {
      sample?.add(column, rows);
      const values = asSingle(column);
      for (let i = 0; i < rows.length; i++) {
        const value = values[rows[i] ?? 0] ?? 0;
        range.add(value);
        moments.add(log ? signedLog(value) : value);
      }
    },
    finish() {
      const { mean, deviation } = moments;
      return { kind: 'scale', mean, deviation, log, edges: sample?.finish().edges, ...range.summary };
    },
  };
}

/**
 * Buckets whose edges are found in a sorted sample.
 * @param rows of the split: every k-th is in the sample, which has at most `most` values
 */
function sampleFit(
  rows: number,
  most: number,
  edges: (sorted: Float32Array) => readonly number[],
): ColumnFit<Extract<Fitted, { readonly kind: 'buckets' }>> {
  const stride = Math.max(1, Math.ceil(rows / most));
  const sample = new Float32Array(Math.ceil(rows / stride));
  const range = new Range();
  let [row, count] = [0, 0];
  return {
    add(column, rows) {
      const values = asSingle(column);
      for (let i = 0; i < rows.length; i++) {
        const value = values[rows[i] ?? 0] ?? 0;
        range.add(value);
        if (row++ % stride === 0 && !Number.isNaN(value)) sample[count++] = value;
      }
    },
    finish: () => ({ kind: 'buckets', edges: edges(sample.subarray(0, count).sort()), ...range.summary }),
  };
}

/** Edges between buckets of about equally many values. Equal quantiles make fewer buckets, none of them empty. */
function quantiles(sorted: Float32Array, buckets: number): readonly number[] {
  const edges: number[] = [];
  let last = sorted[0] ?? 0;
  for (let k = 1; k < buckets; k++) {
    const edge = sorted[Math.floor((k * sorted.length) / buckets)] ?? last;
    if (edge > last) edges.push(edge);
    last = edge;
  }
  return edges;
}

/** Edges between the `most` most frequent values: any other value shares the bucket of the nearest of them. */
function betweenValues(sorted: Float32Array, most: number): readonly number[] {
  const counts = new Map<number, number>();
  for (const value of sorted) counts.set(value, (counts.get(value) ?? 0) + 1);
  const kept = [...counts]
    .sort(([a, m], [b, n]) => n - m || a - b) // equally frequent: the smaller value first
    .slice(0, most)
    .map(([value]) => value)
    .sort((a, b) => a - b);
  return kept.slice(1).map((value, i) => ((kept[i] ?? value) + value) / 2);
}

const edgesOf = { quantile: quantiles, piecewise: quantiles, value: betweenValues };

/** The smallest and the largest of what is not NaN, and whether there is NaN. */
class Range {
  #low = Number.POSITIVE_INFINITY;
  #high = Number.NEGATIVE_INFINITY;
  #missing = false;

  add(value: number): void {
    if (value < this.#low) this.#low = value;
    if (value > this.#high) this.#high = value;
    if (Number.isNaN(value)) this.#missing = true;
  }

  get summary(): { readonly missing: boolean; readonly range: readonly [number, number] | undefined } {
    return { missing: this.#missing, range: this.#low <= this.#high ? [this.#low, this.#high] : undefined };
  }
}

/**
 * Mean and deviation of what is not NaN. Sums are of differences from the first value: a large mean costs no digits.
 */
class Moments {
  #count = 0;
  #first = 0;
  #sum = 0;
  #squares = 0;

  add(value: number): void {
    if (Number.isNaN(value)) return;
    if (this.#count++ === 0) this.#first = value;
    const difference = value - this.#first;
    this.#sum += difference;
    this.#squares += difference * difference;
  }

  /** 0 without values, as is the deviation. */
  get mean(): number {
    return this.#first + this.#sum / (this.#count || 1);
  }

  get deviation(): number {
    const count = this.#count || 1;
    const shifted = this.#sum / count;
    return Math.sqrt(Math.max(0, this.#squares / count - shifted * shifted));
  }
}
