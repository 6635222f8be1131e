import { setImmediate } from 'node:timers/promises';
import { type InputsConfig, type TaskConfig, taskLossOf } from '../../config/parts.js';
import { didYouMean } from '../../support/catalogue.js';
import { ConfigError, DataError } from '../../support/errors.js';
import { Faults } from '../../support/faults.js';
import { must } from '../../support/must.js';
import {
  type CategoricalFeature,
  type Dataset,
  type ListFeature,
  type NumericFeature,
  type Source,
  type SourceBlock,
  type SourceColumn,
  type SourceSplit,
  type Split,
  type SplitName,
  singleOf,
  type Task,
} from '../dataset.js';
import type { FittedColumn } from '../fitted-column.js';
import { bucketEncoding, type ColumnEncoding, scaleEncoding, vocabularyEncoding } from './column-encodings.js';
import { type ColumnFit, completeFit, Moments, quantileFit, scaleFit, valueFit, vocabularyFit } from './column-fits.js';
import { encodedSplit, type KeptRows, keptRowsOf } from './encoded-split.js';
import { listEncoding, listFit } from './list-column.js';

/**
 * Prepares a source for models. Encodings are fitted on the training split alone, in one pass, which is skipped if
 * nothing must be fitted. Rows are encoded when a split is read.
 *
 * - categorical: values that training has at least `minCount` times have an index each; all others share 0 (see
 *   `vocabulary`).
 * - list: entries as in categorical columns, the heaviest `maxLength` of a row.
 * - numeric `standard`: (x - mean) / deviation. `log1p`: x is first replaced by sign(x) log(1 + |x|). A missing value
 *   becomes the
 *   mean,
 *   a column that is constant in training becomes 0.
 * - numeric `quantile` and `value`: categorical, by buckets of equal count or by the `buckets` most frequent training
 *   values;
 *   a value that is not among these takes the index of the nearest. Missing values have an index of their own, which is 0
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
  const faults = new Faults();
  checkColumns(source, inputs, faults);
  const taskIndexes = tasks.map((task) => faults.of(() => findTask(source, task), -1));
  faults.tell();
  const fits = columnFits(source, inputs);
  const labels = tasks.map(labelFit);
  const apart = source.masked ? new Set<number>() : undefined;
  const train = checkedLabels(source, 'train', tasks);
  const few = looksAtFew(source, taskIndexes, inputs) && fittedRows < train.rows;
  const counted = await fitTraining(train, few ? fittedRows : train.rows, taskIndexes, { fits, labels, apart }, signal);
  const kept = few ? undefined : counted;
  if ((kept ? kept.rows : train.rows) === 0) {
    throw new DataError('No training row is in the sample space of any task with a weight above 0.');
  }
  const fitted = fits.map((fit): FittedColumn => fit?.finish() ?? { kind: 'identity' });
  return {
    ...encodedBy(source, fitted, inputs, tasks, kept),
    tasks: tasks.map((task, t): Task => {
      const { name, type, positiveWeight, labelSmoothing } = task;
      const rowLoss = taskLossOf(task);
      const moments = labels[t]?.moments;
      return {
        name,
        type,
        classes: source.tasks[taskIndexes[t] ?? -1]?.classes,
        offset: moments?.mean ?? 0,
        scale: moments?.deviation || 1,
        link: rowLoss?.type === 'poisson' || rowLoss?.type === 'log-normal' ? 'log' : undefined,
        rowLoss,
        labelSmoothing,
        positiveWeight,
      };
    }),
    apart: apart?.size ? tasks.flatMap(({ name }, t) => (apart.has(t) ? [name] : [])) : undefined,
    notes: source.columns.flatMap(({ name }, c) => truncationNote(name, fits[c], fitted[c])),
  };
}

/** The source as it is fed, by what was learnt of each of its columns. @param kept See `encodedSplit`; of training. */
export function encodedBy(
  source: Source,
  fitted: readonly FittedColumn[],
  inputs: InputsConfig,
  tasks: readonly TaskConfig[],
  kept?: KeptRows,
): Omit<Dataset, 'tasks' | 'notes'> {
  const { columns, texts, group, checksum } = source;
  const encodings = fitted.map(encodingOf);
  const split = (name: SplitName, kept?: KeptRows) =>
    encodedSplit(
      checkedLabels(source, name, tasks),
      encodings,
      tasks.map((task) => findTask(source, task)),
      kept,
    );
  return {
    ...features(columns, encodings, inputs),
    fitted: columns.map((column, c) => ({ column, by: must(fitted[c], column.name) })),
    texts,
    group,
    checksum,
    splits: {
      train: split('train', kept),
      validation: { ...split('validation'), ...rowGroups(source, 'validation') },
      test: { ...split('test'), ...rowGroups(source, 'test') },
    },
  };
}

export function encodingOf(fitted: FittedColumn): ColumnEncoding {
  switch (fitted.kind) {
    case 'vocabulary':
      return vocabularyEncoding(fitted.indexes, fitted.cardinality);
    case 'list':
      return listEncoding(fitted);
    case 'buckets':
      return bucketEncoding(fitted.edges, fitted.missing);
    case 'scale':
      return scaleEncoding(fitted.mean, fitted.deviation, fitted.log);
    case 'identity':
      return scaleEncoding(0, 1, false); // a missing value becomes 0, the mean of such a column
  }
}

/** Generated rows that are fitted on. A mean of so many has an error of .4 % of the deviation. */
const fittedRows = 2 ** 16;

/** Whether the rows of a generated source are alike, and none of them can be left out. */
function looksAtFew({ generated, tasks, columns }: Source, chosen: readonly number[], inputs: InputsConfig): boolean {
  const isCounted = ({ kind, name, complete }: SourceColumn) =>
    kind !== 'numeric' && !(complete && minCountOf(name, inputs) <= 1);
  return generated === true && chosen.some((task) => tasks[task]?.everywhere) && !columns.some(isCounted);
}

function minCountOf(column: string, inputs: InputsConfig): number {
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
  { fits, labels, apart }: Learning,
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
    if (!fitting && !apart && !block.weights) return undefined;
    const rows = keptRowsOf(block, tasks);
    counts[b] = rows.length;
    if (apart) addApart(apart, block.labels, rows, tasks);
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

function addApart(apart: Set<number>, labels: SourceBlock['labels'], rows: Int32Array, tasks: readonly number[]): void {
  const isOutside = (task: number | undefined, row: number) => Number.isNaN(labels[task ?? -1]?.[row]);
  for (const [t, task] of tasks.entries())
    if (!apart.has(t) && rows.some((row) => isOutside(task, row) !== isOutside(tasks[0], row))) apart.add(t);
}

function columnFits(source: Source, inputs: InputsConfig): (ColumnFit | undefined)[] {
  const numericOf = ({ name }: SourceColumn) => inputs.columns[name]?.numeric ?? inputs.numeric;
  const sampled = source.columns.filter(
    (column) => column.kind === 'numeric' && ['quantile', 'value'].includes(numericOf(column)),
  );
  const sampleRows = Math.min(2 ** 18, Math.ceil(2 ** 26 / Math.max(1, sampled.length))); // at most 256 MiB of samples
  const stride = Math.max(1, Math.ceil(source.splits.train.rows / sampleRows));
  return source.columns.map((column) => {
    const { kind, dictionary, size = dictionary?.length ?? 0 } = column;
    const own = inputs.columns[column.name] ?? {};
    const vocabulary = { minCount: minCountOf(column.name, inputs), unseen: inputs.unseen ?? 'rare' };
    if (kind === 'categorical' && column.complete && vocabulary.minCount <= 1) return completeFit(size);
    if (kind === 'categorical') return vocabularyFit(size, vocabulary, dictionary);
    if (kind === 'list') {
      const options = { length: own.maxLength ?? inputs.maxLength, pool: own.pool ?? inputs.pool };
      return listFit(size, { ...options, ...vocabulary });
    }
    const numeric = numericOf(column);
    const buckets = own.buckets ?? inputs.buckets;
    if (numeric === 'quantile') return quantileFit(buckets, stride);
    if (numeric === 'value') return valueFit(buckets, stride);
    return numeric === 'standard' && column.standardized ? undefined : scaleFit(numeric === 'log1p');
  });
}

/** The columns as models see them. */
export function features(
  columns: readonly Pick<SourceColumn, 'name'>[],
  encodings: readonly ColumnEncoding[],
  inputs: InputsConfig,
): Pick<Dataset, 'categorical' | 'numeric' | 'lists'> {
  const categorical: CategoricalFeature[] = [];
  const numeric: NumericFeature[] = [];
  const lists: ListFeature[] = [];
  for (const [c, { name }] of columns.entries()) {
    const encoding = encodings[c];
    const embedding = inputs.columns[name]?.embedding ?? inputs.embedding;
    if (encoding?.kind === 'categorical') categorical.push({ name, cardinality: encoding.cardinality, embedding });
    else if (encoding?.kind === 'list')
      lists.push({ name, cardinality: encoding.cardinality, embedding, length: encoding.length, ...attention(name) });
    else numeric.push({ name });
  }
  return { categorical, numeric, lists };

  function attention(name: string): Pick<ListFeature, 'attention'> {
    const { target, attention: hidden = inputs.attention } = inputs.columns[name] ?? {};
    return target === undefined ? {} : { attention: { target, hidden } };
  }
}

function truncationNote(name: string, fit: ColumnFit | undefined, fitted: FittedColumn | undefined): string[] {
  const lost = fit?.truncation?.();
  if (!lost || fitted?.kind !== 'list') return [];
  return [
    `Column '${name}': ${lost.rows} training rows have more than ${fitted.length} entries; the heaviest are fed, ` +
      `${lost.entries} are left out (inputs.columns.${name}.maxLength). Rows of other splits are cut alike, uncounted.`,
  ];
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

/** A setting that would change nothing is a mistake, too. */
function checkColumns(source: Source, inputs: InputsConfig, faults: Faults): void {
  const names = source.columns.map((column) => column.name);
  for (const [name, settings] of Object.entries(inputs.columns)) {
    const column = source.columns.find((column) => column.name === name);
    if (!column) {
      const message = `inputs.columns: '${name}' is no input${didYouMean(name, names)}. Inputs are: ${listed(names)}. If dataset.columns ignores it, delete it here.`;
      faults.add(new ConfigError(message));
      continue;
    }
    const numeric = settings.numeric ?? inputs.numeric;
    const known = column.kind === 'numeric' ? ofNumeric[numeric] : ofKind[column.kind];
    const kind = { categorical: 'categorical', list: 'a list', numeric: `numeric (${numeric})` }[column.kind];
    for (const useless of Object.keys(settings).filter((key) => !known.includes(key)))
      faults.add(
        new ConfigError(`inputs.columns.${name}: the column is ${kind}, so '${useless}' would change nothing.`),
      );
    const { target } = settings;
    if (target !== undefined) faults.try(() => checkTarget(source, inputs, name, target));
  }
}

/** Checks the target of a list's attention. */
function checkTarget({ columns }: Source, inputs: InputsConfig, list: string, target: string): void {
  const key = `inputs.columns.${list}.target`;
  const categorical = columns.flatMap(({ name, kind }) => (kind === 'categorical' ? [name] : []));
  if (!categorical.includes(target))
    throw new ConfigError(
      `${key}: the data have no categorical column '${target}'${didYouMean(target, categorical)}; there are: ${listed(categorical)}.`,
    );
  const [own, other] = [list, target].map((name) => inputs.columns[name]?.embedding ?? inputs.embedding);
  if (own === other) return;
  throw new ConfigError(
    `${key}: entries of '${list}' have embedding width ${own}, and '${target}' has ${other}; give both the same 'embedding'.`,
  );
}

function listed(names: readonly string[]): string {
  return (names.length > 50 ? [...names.slice(0, 50), '…'] : names).join(', ');
}

/** The settings of a column that are read. */
const ofKind = {
  categorical: ['embedding', 'minCount'],
  list: ['embedding', 'minCount', 'maxLength', 'pool', 'target', 'attention'],
};

const ofNumeric = {
  standard: ['numeric'],
  log1p: ['numeric'],
  quantile: ['numeric', 'buckets', 'embedding'],
  value: ['numeric', 'buckets', 'embedding'],
};

/** Reads the groups of a split's rows; nothing of a source that names no group. */
function rowGroups({ group, columns, splits }: Source, name: SplitName): Pick<Split, 'groups'> {
  if (group === undefined) return {};
  const split = splits[name];
  const place = columns.findIndex(({ name, kind }) => name === group && kind === 'categorical');
  if (place < 0) throw new Error(`The source has no categorical column '${group}'.`);
  return {
    async groups() {
      const groups = new Int32Array(split.rows);
      for (let index = 0; index * split.blockRows < split.rows; index++) {
        const { columns } = await split.read(index);
        groups.set(singleOf(columns[place] ?? groups), index * split.blockRows);
        await setImmediate(); // lets signals and timers in
      }
      return groups;
    },
  };
}

/**
 * A split that checks every block when it is read. In its task's sample space a binary label is 0 or 1, a multiclass
 * one the index of a class, any other a finite number. A row's weight is a finite number of at least 0.
 * @throws DataError with split, row, value, and the task of a label.
 */
function checkedLabels(source: Source, name: SplitName, tasks: readonly TaskConfig[]): SourceSplit {
  const split = source.splits[name];
  const rules = tasks.map((task) => {
    const index = findTask(source, task);
    const [isRight, otherwise] = ruleOf(task, source.tasks[index]?.classes?.length ?? 0);
    const isWrong = (label: number) => !isRight(label) && !(source.masked && Number.isNaN(label));
    return { index, isWrong, what: `${task.type} task '${task.name}'`, otherwise };
  });
  const check = (block: SourceBlock, at: number): SourceBlock => {
    for (const { index, isWrong, what, otherwise } of rules) {
      const labels = block.labels[index];
      if (!labels) throw new Error(`The source has no labels of ${what}`);
      const row = labels.subarray(0, block.rows).findIndex(isWrong);
      if (row >= 0) throw wrong(at, row, `the label of ${what} is ${labels[row]}, which is ${otherwise}`);
    }
    const { weights } = block;
    const row = weights?.subarray(0, block.rows).findIndex((weight) => !(weight >= 0 && Number.isFinite(weight))) ?? -1;
    if (row >= 0) throw wrong(at, row, `the weight is ${weights?.[row]}, which is no finite number of at least 0`);
    return block;
  };
  const wrong = (block: number, row: number, what: string) =>
    new DataError(`Row ${block * split.blockRows + row + 1} of the ${name} split: ${what}.`);
  return { ...split, read: async (index) => check(await split.read(index), index) };
}

/** Whether a label is right, and what any other is. */
function ruleOf(task: TaskConfig, classes: number): readonly [(label: number) => boolean, string] {
  const loss = taskLossOf(task)?.type;
  if (loss === 'poisson')
    return [(label) => label >= 0 && label < Number.POSITIVE_INFINITY, `below 0: the loss '${loss}' takes none`];
  if (loss === 'log-normal')
    return [(label) => label > 0 && label < Number.POSITIVE_INFINITY, `not above 0: the loss '${loss}' takes none`];
  if (task.type === 'binary') return [(label) => label === 0 || label === 1, 'neither 0 nor 1'];
  if (task.type === 'regression') return [Number.isFinite, 'no finite number'];
  const isIndex = (label: number) => Number.isInteger(label) && label >= 0 && label < classes;
  return [isIndex, `no index of its ${classes} classes`];
}

/** What is learnt of training. */
interface Learning {
  readonly fits: readonly (ColumnFit | undefined)[];
  readonly labels: readonly ReturnType<typeof labelFit>[];
  /** Of a source that is masked: the places of tasks whose sample space has other rows than the first task's. */
  readonly apart: Set<number> | undefined;
}

/** Mean and deviation of a standardised task's labels, or of their logarithms. */
function labelFit(task: TaskConfig) {
  if (!task.standardize) return undefined;
  const moments = new Moments();
  const isLog = taskLossOf(task)?.type === 'log-normal';
  return { moments, add: (label: number) => moments.add(isLog ? Math.log(label) : label) }; // NaN is left out
}
