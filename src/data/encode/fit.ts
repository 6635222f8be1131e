import { setImmediate } from 'node:timers/promises';
import { type InputsConfig, type TaskConfig, unusualLoss } from '../../config/parts.js';
import { DataError } from '../../support/errors.js';
import { must } from '../../support/must.js';
import type { Source, SourceBlock, SourceColumn, SourceSplit } from '../dataset.js';
import { type Encoding, type FittedColumn, mostEncodingText } from '../encoding.js';
import { checkedLabels } from './checked-labels.js';
import { type ColumnFit, completeFit, Moments, quantileFit, scaleFit, valueFit, vocabularyFit } from './column-fits.js';
import { type KeptRows, keptRows } from './encoded-split.js';
import { listFit } from './list-column.js';

/** What was fitted to the training rows, and which of them count. */
export interface Fit {
  readonly encoding: Encoding;
  /** Rows that count. Absent: all do. */
  readonly kept: KeptRows | undefined;
  /** Of a source that is masked: tasks whose sample space has other rows than the first task's. */
  readonly apart: readonly string[];
  readonly notes: readonly string[];
}

/**
 * Fits an encoding to the training rows, in one pass, or from a look at the first block if that is enough.
 * @param tasks that the source has
 * @param signal When it fires, the pass fails with its reason.
 */
export async function fitEncoding(
  source: Source,
  inputs: InputsConfig,
  tasks: readonly TaskConfig[],
  signal: AbortSignal | undefined,
): Promise<Fit> {
  const { columns, texts, group } = source;
  const places = tasks.map(({ name }) => source.tasks.findIndex((task) => task.name === name));
  const fits = columnFits(source, inputs);
  const labels = tasks.map(labelFit);
  const spaces = source.masked ? { apart: new Set<number>(), labelled: new Set<number>() } : undefined;
  const train = checkedLabels(source, 'train', tasks);
  const few = looksAtFew(source, places, inputs) && fittedRows < train.rows;
  const counted = await fitTraining(train, few ? fittedRows : train.rows, places, { fits, labels, spaces }, signal);
  const without = spaces?.labelled.size ? tasks.find((_, t) => !spaces.labelled.has(t)) : undefined;
  if (without && !few)
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
      tasks: tasks.map((task, t) => {
        const { name, type } = task;
        const moments = labels[t]?.moments;
        return {
          name,
          type,
          offset: moments?.mean ?? 0,
          scale: moments?.deviation || 1,
          classes: source.tasks[places[t] ?? -1]?.classes,
          link: linkFunction(task),
        };
      }),
    },
    kept: few ? undefined : counted,
    apart: tasks.flatMap(({ name }, t) => (spaces?.apart.has(t) ? [name] : [])),
    notes: columns.flatMap(({ name }, c) => truncationNote(name, fits[c], fitted[c])),
  };
}

/** @throws DataError if the vocabularies, of which the largest is named, are too long to be stored. */
export function checkStored(columns: readonly FittedColumn[], most = mostEncodingText): void {
  const lengths = columns.map((column) => {
    if (!('values' in column) || typeof column.values === 'number') return 0;
    let length = 0;
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

function linkFunction(task: TaskConfig): 'log' | undefined {
  const loss = unusualLoss(task)?.type;
  return loss === 'poisson' || loss === 'log-normal' ? 'log' : undefined;
}

/** Generated rows that are fitted on. A mean of so many has an error of .4 % of the deviation. */
const fittedRows = 2 ** 16;

/** Whether the rows of a generated source are alike, and none of them can be left out. */
function looksAtFew({ generated, tasks, columns }: Source, chosen: readonly number[], inputs: InputsConfig): boolean {
  const isCounted = ({ kind, name, complete }: SourceColumn) =>
    kind !== 'numeric' && !(complete && leastCount(name, inputs) <= 1);
  return generated === true && chosen.some((task) => tasks[task]?.everywhere) && !columns.some(isCounted);
}

function leastCount(column: string, inputs: InputsConfig): number {
  return inputs.columns[column]?.minCount ?? inputs.minCount;
}

/**
 * One pass over the training rows, or a look at the first block if that is enough.
 * @param most Of more rows, blocks are read until there are so many.
 */
async function fitTraining(
  train: SourceSplit,
  most: number,
  tasks: readonly number[],
  { fits, labels, spaces }: Fits,
  signal: AbortSignal | undefined,
): Promise<KeptRows | undefined> {
  const blocks = Math.ceil(most / train.blockRows);
  const fitting = [...fits, ...labels].some((fit) => fit);
  const counts = new Int32Array(blocks);
  for (let b = 0; b < blocks; b++) {
    signal?.throwIfAborted();
    const reading = train.read(b);
    if (fitting) train.ahead?.(b + 1);
    const block = await reading;
    if (!fitting && !spaces && !block.weights) return undefined;
    const rows = keptRows(block, tasks);
    counts[b] = rows.length;
    if (spaces) compareSpaces(spaces, block.labels, rows, tasks);
    for (const [c, fit] of fits.entries()) {
      const values = block.columns[c];
      if (fit && values) fit.add(values, rows);
    }
    for (const [t, fit] of labels.entries()) {
      const own = block.labels[tasks[t] ?? -1];
      if (fit && own) for (const row of rows) fit.add(own[row] ?? Number.NaN);
    }
    await setImmediate(); // lets signals and timers in
  }
  const rows = counts.reduce((sum, count) => sum + count, 0);
  return rows === train.rows ? undefined : { rows, counts };
}

function compareSpaces(
  { apart, labelled }: Spaces,
  labels: SourceBlock['labels'],
  rows: Int32Array,
  tasks: readonly number[],
): void {
  const isOutside = (task: number | undefined, row: number) => Number.isNaN(labels[task ?? -1]?.[row]);
  for (const [t, task] of tasks.entries()) {
    if (!apart.has(t) && rows.some((row) => isOutside(task, row) !== isOutside(tasks[0], row))) apart.add(t);
    if (!labelled.has(t) && rows.some((row) => !isOutside(task, row))) labelled.add(t);
  }
}

function columnFits(source: Source, inputs: InputsConfig): (ColumnFit | undefined)[] {
  const numericEncoding = ({ name }: SourceColumn) => inputs.columns[name]?.numeric ?? inputs.numeric;
  const sampled = source.columns.filter(
    (column) => column.kind === 'numeric' && ['quantile', 'value'].includes(numericEncoding(column)),
  );
  const sampleRows = Math.min(2 ** 18, Math.ceil(2 ** 26 / Math.max(1, sampled.length))); // at most 256 MiB of samples
  const stride = Math.max(1, Math.ceil(source.splits.train.rows / sampleRows));
  return source.columns.map((column) => {
    const { kind, dictionary, size = dictionary?.length ?? 0 } = column;
    const own = inputs.columns[column.name] ?? {};
    const vocabulary = { minCount: leastCount(column.name, inputs), unseen: inputs.unseen };
    if (kind === 'categorical' && column.complete && vocabulary.minCount <= 1) return completeFit(size, column);
    if (kind === 'categorical') return vocabularyFit(size, vocabulary, column);
    if (kind === 'list') {
      const options = { length: own.maxLength ?? inputs.maxLength, pool: own.pool ?? inputs.pool };
      return listFit(size, { ...options, ...vocabulary }, column);
    }
    const numeric = numericEncoding(column);
    const buckets = own.buckets ?? inputs.buckets;
    if (numeric === 'quantile') return quantileFit(buckets, stride);
    if (numeric === 'value') return valueFit(buckets, stride);
    return numeric === 'standard' && column.standardized ? undefined : scaleFit(numeric === 'log1p');
  });
}

function truncationNote(name: string, fit: ColumnFit | undefined, fitted: FittedColumn | undefined): string[] {
  const lost = fit?.truncation?.();
  if (!lost || fitted?.kind !== 'list') return [];
  return [
    `Column '${name}': ${lost.rows} training rows have more than ${fitted.length} entries; the heaviest are fed, ` +
      `${lost.entries} are left out (inputs.columns.${name}.maxLength). Rows of other splits are cut alike, uncounted.`,
  ];
}

/** What one pass over the training rows fits. */
interface Fits {
  readonly fits: readonly (ColumnFit | undefined)[];
  readonly labels: readonly ReturnType<typeof labelFit>[];
  /** Of a source that is masked. */
  readonly spaces: Spaces | undefined;
}

/** Tasks by their places. */
interface Spaces {
  /** Their sample space has other rows than the first task's. */
  readonly apart: Set<number>;
  /** They have a label. */
  readonly labelled: Set<number>;
}

/** Mean and deviation of a standardised task's labels, or of their logarithms. */
function labelFit(task: TaskConfig) {
  if (!task.standardize) return undefined;
  const moments = new Moments();
  const isLog = unusualLoss(task)?.type === 'log-normal';
  return { moments, add: (label: number) => moments.add(isLog ? Math.log(label) : label) }; // NaN is left out
}
