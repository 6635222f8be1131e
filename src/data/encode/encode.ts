import { setImmediate } from 'node:timers/promises';
import { type InputsConfig, type TaskConfig, unusualLoss } from '../../config/parts.js';
import { didYouMean } from '../../support/catalogue.js';
import { ConfigError, DataError } from '../../support/errors.js';
import { must } from '../../support/must.js';
import { someOf } from '../../support/text.js';
import { asSingle, type Dataset, type Source, type SourceBlock, type SourceColumn } from '../dataset.js';
import { type Encoding, type Fitted, type FittedColumn, isDistinct, mostEncodingText } from '../encoding.js';
import { checkedLabels, type KeptRows, keptRows } from './encoded-split.js';
import { project, signedLog } from './project.js';
import { listFit, type VocabularyOptions, vocabularyByNumber } from './vocabulary.js';

/**
 * Prepares a source for models. Encodings are fitted on the training split alone, in one pass, which is skipped if
 * nothing must be fitted. Rows are encoded when a split is read.
 *
 * - categorical: values that training has at least `minCount` times have an index each; all others share 0 (see
 *   `vocabularyOf`).
 * - list: entries as in categorical columns, the heaviest `maxLength` of a row.
 * - numeric `standard`: (x - mean) / deviation. `log1p`: x is first replaced by sign(x) log(1 + |x|). A missing value
 *   becomes the mean, a column that is constant in training becomes 0.
 * - numeric `quantile` and `value`: categorical, by buckets of equal count or by the `buckets` most frequent training
 *   values; a value that is not among these takes the index of the nearest. Missing values have an index of their own, which is 0
 *   if training has none. Beyond 262,144 training rows (fewer for more than 256 such columns) the buckets are those of
 *   every k-th row.
 *
 * Tasks are those of the config, in its order. Training rows in no task's sample space, and those of weight 0, are left
 * out, of fitting too; any other counts once in what is fitted, whatever its weight. Labels and weights are checked
 * whenever rows are read.
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
  checkColumns(source, inputs);
  for (const task of tasks) findTask(source, task);
  const { encoding, kept, apart, notes } = await fitEncoding(source, inputs, tasks, signal);
  if ((kept ?? source.splits.train).rows === 0)
    throw new DataError('No training row is in the sample space of any task with a weight above 0.');
  return { ...project(source, encoding, inputs, tasks, kept), ...(apart.length > 0 ? { apart } : {}), notes };
}

/**
 * The task's index in the source. Fails with a `ConfigError` for a task that the data do not have, or have otherwise.
 */
export function findTask(source: Source, task: TaskConfig): number {
  const { name, type } = task;
  const names = source.tasks.map((one) => one.name);
  const index = names.indexOf(name);
  const found = source.tasks[index];
  if (!found) {
    throw new ConfigError(
      `tasks: the data have no task '${name}'${didYouMean(name, names)}; there are: ${names.join(', ')}.`,
    );
  }
  if (found.type !== type) throw new ConfigError(`tasks: '${name}' is a ${found.type} task, not a ${type} task.`);
  return index;
}

/** @throws ConfigError for all mistakes. A setting that would change nothing is one, too. */
function checkColumns({ columns }: Source, inputs: InputsConfig): void {
  const names = columns.map((column) => column.name);
  const categorical = columns.flatMap(({ name, kind }) => (kind === 'categorical' ? [name] : []));
  const width = (name: string) => inputs.columns[name]?.embedding ?? inputs.embedding;
  const mistakes = Object.entries(inputs.columns).flatMap(([name, settings]) => {
    const column = columns.find((column) => column.name === name);
    const key = `inputs.columns.${name}`;
    if (!column)
      return `inputs.columns: '${name}' is no input${didYouMean(name, names)}. Inputs are: ${someOf(names, 50)}. If dataset.columns ignores it, delete it here.`;
    const numeric = settings.numeric ?? inputs.numeric;
    const [kind, read] = column.kind === 'numeric' ? [`numeric (${numeric})`, ofNumeric[numeric]] : ofKind[column.kind];
    const { target } = settings;
    return [
      ...Object.keys(settings)
        .filter((setting) => !read.includes(setting))
        .map((setting) => `${key}: the column is ${kind}, so '${setting}' would change nothing.`),
      ...(target === undefined || categorical.includes(target)
        ? []
        : [
            `${key}.target: the data have no categorical column '${target}'${didYouMean(target, categorical)}; there are: ${someOf(categorical, 50)}.`,
          ]),
      ...(target === undefined || !categorical.includes(target) || width(name) === width(target)
        ? []
        : [
            `${key}.target: entries of '${name}' have embedding width ${width(name)}, and '${target}' has ${width(target)}; give both the same 'embedding'.`,
          ]),
    ];
  });
  if (mistakes.length > 0) throw new ConfigError(...mistakes);
}

/** What kind a column is, and its settings that are read. */
const ofKind: Readonly<Record<'categorical' | 'list', readonly [string, readonly string[]]>> = {
  categorical: ['categorical', ['embedding', 'minCount']],
  list: ['a list', ['embedding', 'minCount', 'maxLength', 'pool', 'target', 'attention']],
};

const ofNumeric = {
  standard: ['numeric'],
  log1p: ['numeric'],
  quantile: ['numeric', 'buckets', 'embedding'],
  value: ['numeric', 'buckets', 'embedding'],
};

/** What was fitted to the training rows, and which of them count. */
interface Fit {
  readonly encoding: Encoding;
  /** Rows that count. Absent: all do. */
  readonly kept: KeptRows | undefined;
  /** Of a source that is masked: tasks whose sample space has other rows than the first task's. */
  readonly apart: readonly string[];
  readonly notes: readonly string[];
}

/** Learns from the training rows of one column, block by block, what its encoding needs. */
interface ColumnFit {
  add(values: SourceBlock['columns'][number], rows: Int32Array): void;
  finish(): Fitted;
  notes?(): readonly string[];
}

/** Generated rows that are fitted on. A mean of so many has an error of .4 % of the deviation. */
const fittedRows = 2 ** 16;

/**
 * Fits an encoding to the training rows, in one pass. The first block is enough where nothing is fitted or left out; the
 * first 65,536 rows of a generated source whose rows are alike.
 * @param tasks that the source has
 * @param signal When it fires, the pass fails with its reason.
 */
async function fitEncoding(
  source: Source,
  inputs: InputsConfig,
  tasks: readonly TaskConfig[],
  signal: AbortSignal | undefined,
): Promise<Fit> {
  const { columns, texts, group, masked } = source;
  const places = tasks.map(({ name }) => source.tasks.findIndex((task) => task.name === name));
  const fits = columnFits(source, inputs);
  const moments = tasks.map(({ standardize }) => (standardize ? new Moments() : undefined)); // of labels
  const isLog = tasks.map((task) => unusualLoss(task)?.type === 'log-normal');
  const isFitting = [...fits, ...moments].some((fit) => fit);
  const train = checkedLabels(source, 'train', tasks);
  const few = train.rows > fittedRows && areAlike(source, places, inputs);
  const counts = new Int32Array(Math.ceil((few ? fittedRows : train.rows) / train.blockRows)); // rows that count
  const [apart, labelled] = [new Set<string>(), new Set<string>()];
  let isWhole = !isFitting && !masked; // nothing is to be learnt of rows, unless they have weights
  for (let b = 0; b < counts.length; b++) {
    signal?.throwIfAborted();
    const reading = train.read(b);
    if (isFitting) train.ahead?.(b + 1);
    const block = await reading;
    if (isWhole && !block.weights) break;
    isWhole = false;
    const rows = keptRows(block, places);
    counts[b] = rows.length;
    for (const [c, fit] of fits.entries()) fit?.add(must(block.columns[c], 'column'), rows);
    const [first] = places.map((place) => block.labels[place]);
    for (const [t, { name }] of tasks.entries()) {
      const labels = must(block.labels[places[t] ?? -1], `labels of ${name}`);
      const isInside = (row: number, of = labels) => !Number.isNaN(of[row]);
      if (masked && !labelled.has(name) && rows.some((row) => isInside(row))) labelled.add(name);
      if (masked && !apart.has(name) && rows.some((row) => isInside(row) !== isInside(row, first))) apart.add(name);
      const moment = moments[t];
      if (moment) for (const row of rows) moment.add(isLog[t] ? Math.log(labels[row] ?? 0) : (labels[row] ?? 0));
    }
    await setImmediate(); // lets signals and timers in
  }
  const rows = counts.reduce((sum, count) => sum + count, 0);
  const without = !few && masked && labelled.size > 0 && tasks.find(({ name }) => !labelled.has(name));
  if (without)
    throw new DataError(`No training row with a weight above 0 is in the sample space of task '${without.name}'.`);
  const fitted = columns.map(({ name, cells = {} }, c): FittedColumn => {
    const by = fits[c]?.finish() ?? { kind: 'identity' };
    return { name, cells: 'values' in by ? cells : { lenient: false, ...cells }, ...by };
  });
  checkStored(fitted);
  return {
    encoding: {
      schema: 1,
      texts,
      columns: fitted,
      group,
      tasks: tasks.map((task, t) => ({
        name: task.name,
        type: task.type,
        offset: moments[t]?.mean ?? 0,
        scale: moments[t]?.deviation || 1,
        classes: source.tasks[places[t] ?? -1]?.classes,
        link: ['poisson', 'log-normal'].includes(unusualLoss(task)?.type ?? '') ? 'log' : undefined,
      })),
    },
    kept: few || isWhole || rows === train.rows ? undefined : { rows, counts },
    apart: tasks.flatMap(({ name }) => (apart.has(name) ? [name] : [])),
    notes: fits.flatMap((fit) => fit?.notes?.() ?? []),
  };
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

/** Undefined: there is nothing to learn. */
function columnFits({ columns, splits }: Source, inputs: InputsConfig): readonly (ColumnFit | undefined)[] {
  const numericOf = ({ name }: SourceColumn) => inputs.columns[name]?.numeric ?? inputs.numeric;
  const sampled = columns.filter((column) => {
    return column.kind === 'numeric' && ['quantile', 'value'].includes(numericOf(column));
  });
  const most = Math.min(2 ** 18, Math.ceil(2 ** 26 / sampled.length)); // at most 256 MiB of samples
  return columns.map((column) => {
    const { kind, dictionary, size = dictionary?.length ?? 0 } = column;
    const { minCount, unseen, maxLength, pool, buckets } = inputs;
    const settings = inputs.columns[column.name] ?? {};
    const vocabulary = { minCount: settings.minCount ?? minCount, unseen };
    if (kind === 'list')
      return listFit(
        size,
        { ...vocabulary, length: settings.maxLength ?? maxLength, pool: settings.pool ?? pool },
        column,
      );
    if (kind === 'categorical')
      return isComplete(column, inputs) ? completeFit(dictionary ?? size) : vocabularyFit(size, vocabulary, column);
    const numeric = numericOf(column);
    if (numeric === 'standard' && column.standardized) return undefined;
    if (numeric === 'standard' || numeric === 'log1p') return scaleFit(numeric === 'log1p');
    const edges = numeric === 'quantile' ? quantiles : betweenValues;
    return sampleFit(splits.train.rows, most, (sorted) => edges(sorted, settings.buckets ?? buckets));
  });
}

export function completeFit(values: readonly string[] | number): ColumnFit {
  return { add: () => undefined, finish: () => ({ kind: 'vocabulary', values, rare: [] }) };
}

export function vocabularyFit(
  size: number,
  options: VocabularyOptions,
  column: Pick<SourceColumn, 'name' | 'dictionary'>,
): ColumnFit {
  const counts = new Uint32Array(size);
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

function scaleFit(log: boolean): ColumnFit {
  const moments = new Moments();
  const range = new Range();
  return {
    add(column, rows) {
      const values = asSingle(column);
      for (let i = 0; i < rows.length; i++) {
        const value = values[rows[i] ?? 0] ?? 0;
        range.add(value);
        moments.add(log ? signedLog(value) : value);
      }
    },
    finish: () => ({ kind: 'scale', mean: moments.mean, deviation: moments.deviation, log, ...range.found }),
  };
}

/** Buckets by the edges of a sorted sample: at most so many values, of every k-th of so many rows. */
export function sampleFit(rows: number, most: number, edges: (sorted: Float32Array) => readonly number[]): ColumnFit {
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
    finish: () => ({ kind: 'buckets', edges: edges(sample.subarray(0, count).sort()), ...range.found }),
  };
}

/** Of about equally many values. Equal quantiles make fewer buckets, none of them empty. */
export function quantiles(sorted: Float32Array, buckets: number): readonly number[] {
  const edges: number[] = [];
  let last = sorted[0] ?? 0;
  for (let k = 1; k < buckets; k++) {
    const edge = sorted[Math.floor((k * sorted.length) / buckets)] ?? last;
    if (edge > last) edges.push(edge);
    last = edge;
  }
  return edges;
}

/** The `most` most frequent values have an index each; any other value shares that of the nearest of them. */
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

  get found(): { readonly missing: boolean; readonly range: readonly [number, number] | undefined } {
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
