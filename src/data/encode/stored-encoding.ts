import { z } from 'zod';
import { type InputsConfig, type TaskConfig, taskLossOf } from '../../config/parts.js';
import { must } from '../../support/must.js';
import type { CellReading, Dataset, Source, SourceColumn, SourceSplit, Task } from '../dataset.js';
import type { FittedColumn, FittedNumbers, ListFeed } from '../fitted-column.js';
import { encodedBy, encodingOf, features } from './encode.js';
import { numberKey } from './number-key.js';

/**
 * `values[i]` has the index i + 1; where the first is null, the values of `rare` share the index 1. Any other value has
 * the index 0.
 */
interface Vocabulary {
  readonly values: readonly (string | number | null)[];
  readonly rare: readonly (string | number)[];
}

/** How a column becomes numbers. */
export type StoredColumn = { readonly name: string; readonly cells: CellReading } & (
  | /** With `spellings`, which has further ones of these values, any spelling of a number is this number. */
  (Vocabulary & { readonly kind: 'vocabulary'; readonly spellings?: Readonly<Record<string, number>> })
  | (Vocabulary & ListFeed & { readonly kind: 'list' })
  | FittedNumbers
);

type StoredTask = Pick<Task, 'name' | 'type' | 'classes' | 'offset' | 'scale' | 'link'>;

/** A run's `encoding.json`: all that a new row needs to become a model's input, and a logit to become a prediction. */
export interface StoredEncoding extends Pick<Dataset, 'texts' | 'group'> {
  readonly schema: 1;
  readonly columns: readonly StoredColumn[];
  readonly tasks: readonly StoredTask[];
}

/** A run's files are what was written: `result.json` has their checksums. */
export const encodingShape = z.looseObject({ schema: z.literal(1) });

export function storedEncoding({
  fitted,
  texts,
  group,
  tasks,
}: Pick<Dataset, 'fitted' | 'texts' | 'group' | 'tasks'>): StoredEncoding {
  return {
    schema: 1,
    texts,
    columns: fitted.map(({ column, by }) => storedColumn(column, by)),
    group,
    tasks: storedTasks(tasks),
  };
}

function storedColumn({ name, dictionary, cells = {} }: SourceColumn, by: FittedColumn): StoredColumn {
  const of = { name, cells: by.kind === 'vocabulary' || by.kind === 'list' ? cells : { lenient: false, ...cells } };
  if (by.kind !== 'vocabulary' && by.kind !== 'list') return { ...of, ...by };
  const textOf = (index: number) => (dictionary ? must(dictionary[index], name) : index);
  const { spellings, ...stored } = vocabularyOf(by.indexes, by.cardinality, textOf);
  if (by.kind === 'list')
    return { ...of, kind: by.kind, length: by.length, pool: by.pool, missing: by.missing, ...stored };
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
export function storedTasks(tasks: readonly StoredTask[]): StoredTask[] {
  return tasks.map(({ name, type, classes, offset, scale, link }) => ({ name, type, offset, scale, classes, link }));
}

/** What was fitted, for a source that may have other values, or the same ones in another order. */
function fittedFor(column: Pick<SourceColumn, 'dictionary' | 'size'>, stored: StoredColumn): FittedColumn {
  if (!('values' in stored)) return stored;
  const known = indexOf(stored);
  const texts = column.dictionary ?? Array.from({ length: column.size ?? 0 }, (_, index) => String(index));
  const fitted = { indexes: Int32Array.from(texts, (text) => known(text) ?? 0), cardinality: stored.values.length + 1 };
  if (stored.kind === 'vocabulary') return { kind: stored.kind, ...fitted };
  return { kind: stored.kind, ...fitted, length: stored.length, pool: stored.pool };
}

/**
 * New rows, encoded as those of training were. They are the test split. Tasks whose labels the source lacks have none:
 * their masks are 0.
 * @param inputs and `tasks` Of the run's config.
 */
export function encodeNewRows(
  source: Source,
  stored: StoredEncoding,
  inputs: InputsConfig,
  tasks: readonly TaskConfig[],
): Dataset {
  const places = stored.columns.map(({ name }) => source.columns.findIndex((column) => column.name === name));
  const columns = places.map((place, c) => must(source.columns[place], stored.columns[c]?.name ?? ''));
  const labels = stored.tasks.map(({ name }) => source.tasks.findIndex((task) => task.name === name));
  const { train, validation, test } = source.splits;
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
  const splits = { train, validation, test: ordered };
  const alike = { ...source, columns, tasks: stored.tasks, masked: true, group: stored.group, splits };
  const fitted = columns.map((column, c) => fittedFor(column, must(stored.columns[c], column.name)));
  return {
    ...encodedBy(alike, fitted, inputs, tasks),
    tasks: storedTasks(stored.tasks).map((task, t) => ({ ...task, rowLoss: taskLossOf(must(tasks[t], task.name)) })),
    notes: [],
  };
}
