import { setImmediate } from 'node:timers/promises';
import { type InputsConfig, type TaskConfig, unusualLoss } from '../../config/parts.js';
import { DataError } from '../../support/errors.js';
import { must } from '../../support/must.js';
import { asSingle, type Source, type SourceBlock, type SourceColumn } from '../dataset.js';
import { type Encoding, type Fitted, type FittedColumn, mostEncodingText } from '../encoding.js';
import { checkedLabels, type KeptRows, keptRows } from './encoded-split.js';
import { listFit } from './list-column.js';
import { signedLog } from './project.js';
import { type VocabularyOptions, vocabularyByNumber } from './vocabulary.js';

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
export interface ColumnFit {
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
export async function fitEncoding(
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
  let all = !isFitting && !masked; // nothing is to be learnt of rows, unless they have weights
  for (let b = 0; b < counts.length; b++) {
    signal?.throwIfAborted();
    const reading = train.read(b);
    if (isFitting) train.ahead?.(b + 1);
    const block = await reading;
    if (all && !block.weights) break;
    all = false;
    const rows = keptRows(block, places);
    counts[b] = rows.length;
    for (const [c, fit] of fits.entries()) fit?.add(must(block.columns[c], 'column'), rows);
    const [first] = places.map((place) => block.labels[place]);
    for (const [t, { name }] of tasks.entries()) {
      const labels = must(block.labels[places[t] ?? -1], `labels of ${name}`);
      const isInside = (row: number, of = labels) => !Number.isNaN(of[row]);
      if (masked && !labelled.has(name) && rows.some((row) => isInside(row))) labelled.add(name);
      if (masked && !apart.has(name) && rows.some((row) => isInside(row) !== isInside(row, first))) apart.add(name);
      const of = moments[t];
      if (of) for (const row of rows) of.add(isLog[t] ? Math.log(labels[row] ?? 0) : (labels[row] ?? 0));
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
    kept: few || all || rows === train.rows ? undefined : { rows, counts },
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

/** @throws DataError if the vocabularies, of which the largest is named, are too long to be stored. */
export function checkStored(columns: readonly FittedColumn[], most = mostEncodingText): void {
  const lengths = columns.map((column) => {
    let length = 0;
    if ('values' in column && typeof column.values !== 'number')
      for (const values of [column.values, column.rare])
        for (const value of values) length += Buffer.byteLength(String(value)) + 3;
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
    const own = inputs.columns[column.name] ?? {};
    const vocabulary = { minCount: own.minCount ?? minCount, unseen };
    if (kind === 'list')
      return listFit(size, { ...vocabulary, length: own.maxLength ?? maxLength, pool: own.pool ?? pool }, column);
    if (kind === 'categorical')
      return isComplete(column, inputs) ? completeFit(dictionary ?? size) : vocabularyFit(size, vocabulary, column);
    const numeric = numericOf(column);
    if (numeric === 'standard' && column.standardized) return undefined;
    if (numeric === 'standard' || numeric === 'log1p') return scaleFit(numeric === 'log1p');
    const edges = numeric === 'quantile' ? quantiles : betweenValues;
    return sampleFit(splits.train.rows, most, (sorted) => edges(sorted, own.buckets ?? buckets));
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
