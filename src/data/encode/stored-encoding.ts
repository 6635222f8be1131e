import { z } from 'zod';
import { type InputsConfig, type TaskConfig, taskLossOf } from '../../config/parts.js';
import { must } from '../../support/must.js';
import type { Dataset, FittedColumn, Source, SourceColumn, SourceSplit, Task } from '../dataset.js';
import { checkedLabels, encodingOf, features, rowGroups } from './encode.js';
import { encodedSplit } from './encoded-split.js';
import { numberKey } from './number-key.js';

/**
 * `values[i]` has the index i + 1; where the first is null, the values of `rare` share the index 1. Any other value has
 * the index 0. With `spellings`, which has further ones of these values, any spelling of a number is this number.
 */
const vocabulary = {
  values: z.array(z.union([z.string(), z.int()]).nullable()),
  rare: z.array(z.union([z.string(), z.int()])),
};
/** See `CellReading`. */
const cells = z.strictObject({
  hash: z.int().optional(),
  separator: z.string().optional(),
  weights: z.string().optional(),
  lenient: z.boolean().optional(),
  time: z.int().optional(),
});
const column = { name: z.string(), cells };
/** Of training. Runs of earlier commits have none. */
const range = z.tuple([z.number(), z.number()]).readonly().optional();

/** How a column becomes numbers, as `FittedColumn` says. */
const columnShape = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('vocabulary'),
    ...column,
    ...vocabulary,
    spellings: z.record(z.string(), z.int()).optional(),
  }),
  z.strictObject({
    kind: z.literal('list'),
    ...column,
    ...vocabulary,
    length: z.int(),
    pool: z.enum(['sum', 'mean', 'attention']),
  }),
  z.strictObject({
    kind: z.literal('buckets'),
    ...column,
    edges: z.array(z.number()),
    missing: z.boolean(),
    range,
  }),
  z.strictObject({
    kind: z.literal('scale'),
    ...column,
    mean: z.number(),
    deviation: z.number(),
    log: z.boolean(),
    range,
  }),
  z.strictObject({ kind: z.literal('identity'), ...column }),
]);

const taskShape = z.object({
  name: z.string(),
  type: z.enum(['binary', 'regression', 'multiclass']),
  classes: z.array(z.string()).readonly().optional(),
  offset: z.number(),
  scale: z.number(),
  link: z.literal('log').optional(),
});

/** A run's `encoding.json`: all that a new row needs to become a model's input, and a logit to become a prediction. */
export const encodingShape = z.looseObject({
  schema: z.literal(1),
  texts: z.strictObject({ missing: z.array(z.string()), exact: z.boolean().optional() }).optional(),
  columns: z.array(columnShape),
  /** The column that says which rows belong together. */
  group: z.string().optional(),
  tasks: z.array(taskShape),
});
export type StoredEncoding = z.infer<typeof encodingShape>;
type StoredTask = z.infer<typeof taskShape>;
export type StoredColumn = z.infer<typeof columnShape>;

export function storedEncoding({
  fitted,
  texts,
  group,
  tasks,
}: Pick<Dataset, 'fitted' | 'texts' | 'group' | 'tasks'>): StoredEncoding {
  return {
    schema: 1,
    texts: texts && { ...texts, missing: [...texts.missing] },
    columns: fitted.map(({ column, by }) => storedColumn(column, by)),
    group,
    tasks: storedTasks(tasks),
  };
}

function storedColumn({ name, dictionary, cells = {} }: SourceColumn, by: FittedColumn): StoredColumn {
  const of = { name, cells: by.kind === 'vocabulary' || by.kind === 'list' ? cells : { lenient: false, ...cells } };
  if (by.kind === 'buckets') return { ...of, ...by, edges: [...by.edges] };
  if (by.kind !== 'vocabulary' && by.kind !== 'list') return { ...of, ...by };
  const textOf = (index: number) => (dictionary ? must(dictionary[index], name) : index);
  const { spellings, ...stored } = vocabularyOf(by.indexes, by.cardinality, textOf);
  if (by.kind === 'list') return { ...of, kind: by.kind, length: by.length, pool: by.pool, ...stored };
  return { ...of, kind: by.kind, ...stored, ...(by.byNumber ? { spellings } : {}) };
}

function vocabularyOf(indexes: Int32Array, cardinality: number, textOf: (index: number) => string | number) {
  const values: (string | number | null)[] = new Array(cardinality - 1).fill(null);
  let rare: (string | number)[] = [];
  const spellings: Record<string, number> = {};
  for (const [from, index] of indexes.entries()) {
    if (index === 0) continue;
    if (index === 1) rare.push(textOf(from));
    else if (values[index - 1] === null) values[index - 1] = textOf(from);
    else spellings[textOf(from)] = index;
  }
  if (rare.length === 1) {
    values[0] = rare[0] ?? null;
    rare = [];
  }
  return { values, rare, spellings };
}

type StoredVocabulary = Extract<StoredColumn, { values: unknown }>;

/** The index of a value that has one, by its text. */
export function indexOf(stored: StoredVocabulary): (text: string) => number | undefined {
  const indexes = indexesOf(stored);
  if (!('spellings' in stored)) return (text) => indexes.get(text);
  const byNumber = new Map(Array.from(indexes, ([text, index]) => [numberKey(text) ?? text, index]));
  return (text) => byNumber.get(numberKey(text) ?? text);
}

/** The indexes of all texts that are known. */
export function indexesOf({ values, rare, ...others }: StoredVocabulary): Map<string, number> {
  const { spellings = {} } = 'spellings' in others ? others : {};
  const indexes = new Map([...rare.map((value): [string, number] => [String(value), 1]), ...Object.entries(spellings)]);
  for (const [i, value] of values.entries()) if (value !== null) indexes.set(String(value), i + 1);
  return indexes;
}

/** What models see of the columns, which needs no data. */
export function storedFeatures(
  { columns, tasks }: StoredEncoding,
  inputs: InputsConfig,
): Pick<Dataset, 'categorical' | 'numeric' | 'lists' | 'tasks'> {
  const encodings = columns.map((stored) => encodingOf(fittedFor({}, stored)));
  return { ...features(columns, encodings, inputs), tasks: storedTasks(tasks) };
}

/** What is stored of tasks. */
export function storedTasks(tasks: readonly (StoredTask | Task)[]): Task[] {
  return tasks.map(({ name, type, classes, offset, scale, link }) => ({
    name,
    type,
    offset,
    scale,
    classes,
    link,
  }));
}

/** What was fitted, for a source that may have other values, or the same ones in another order. */
function fittedFor(column: Pick<SourceColumn, 'dictionary' | 'size'>, stored: StoredColumn): FittedColumn {
  if (stored.kind === 'identity') return { kind: 'identity' };
  if (stored.kind === 'scale') return stored;
  if (stored.kind === 'buckets') return { ...stored, edges: Float64Array.from(stored.edges) };
  const known = indexOf(stored);
  const texts = column.dictionary ?? Array.from({ length: column.size ?? 0 }, (_, index) => String(index));
  const indexes = Int32Array.from(texts, (text) => known(text) ?? 0);
  const fitted = { indexes, cardinality: stored.values.length + 1 };
  return stored.kind === 'list'
    ? { kind: 'list', ...fitted, length: stored.length, pool: stored.pool }
    : { kind: 'vocabulary', ...fitted };
}

/**
 * New rows, encoded as those of training were. They are the test split; the others are empty. Tasks whose labels the
 * source lacks have none: their masks are 0.
 * @param inputs and `tasks` Of the run's config.
 */
export function encodeNewRows(
  source: Source,
  stored: StoredEncoding,
  inputs: InputsConfig,
  tasks: readonly TaskConfig[],
): Dataset {
  const fitted = stored.columns.map((one) => {
    const found = source.columns.find(({ name }) => name === one.name);
    const column = must(found, one.name);
    return { column, by: fittedFor(column, one) };
  });
  const columns = fitted.map(({ column }) => column);
  const places = columns.map((column) => source.columns.indexOf(column));
  const encodings = fitted.map(({ by }) => encodingOf(by));
  const labels = tasks.map(({ name }) => source.tasks.findIndex((task) => task.name === name));
  const test = source.splits.test;
  const ordered: SourceSplit = {
    ...test,
    async read(index) {
      const block = await test.read(index);
      const none = new Float32Array(block.rows).fill(Number.NaN);
      return {
        ...block,
        columns: places.map((place) => must(block.columns[place], `column ${place}`)),
        labels: labels.map((label) => block.labels[label] ?? none),
      };
    },
  };
  const all = tasks.map((_, t) => t);
  const checked = checkedLabels(
    ordered,
    'test',
    tasks.map((task, t) => ({ task, index: t, classes: stored.tasks[t]?.classes?.length ?? 0 })),
    true,
  );
  const encoded = encodedSplit(checked, encodings, all);
  const empty = { rows: 0, blockRows: 1, read: () => Promise.reject(new Error('The split has no rows')) };
  return {
    ...features(columns, encodings, inputs),
    fitted,
    tasks: storedTasks(stored.tasks).map((task, t) => ({ ...task, rowLoss: taskLossOf(must(tasks[t], task.name)) })),
    checksum: source.checksum,
    notes: [],
    splits: {
      train: empty,
      validation: empty,
      test: { ...encoded, ...rowGroups({ columns: source.columns, group: stored.group }, test) },
    },
  };
}
