import { setImmediate } from 'node:timers/promises';
import { type InputsConfig, type TaskConfig, unusualLoss } from '../../config/parts.js';
import { must } from '../../support/must.js';
import {
  asSingle,
  type CategoricalFeature,
  type Dataset,
  type ListFeature,
  type NumericFeature,
  type Source,
  type SourceColumn,
  type Split,
  type SplitName,
  type Task,
} from '../dataset.js';
import type { Encoding, Fitted, FittedTask } from '../encoding.js';
import { checkedLabels } from './checked-labels.js';
import { bucketEncoding, type ColumnEncoding, scaleEncoding, vocabularyEncoding } from './column-encodings.js';
import { encodedSplit, type KeptRows } from './encoded-split.js';
import { listEncoding } from './list-column.js';
import { fedIndexes, firstSpellings, vocabularySize } from './vocabulary.js';

/**
 * Rows of a source as models see them, by what was fitted: those of training, and new ones, whose columns may come in
 * another order. Of a task whose labels the source lacks, all masks are 0.
 * @param inputs and `tasks` Of the run's config.
 * @param kept Training rows that count. Absent: all do.
 */
export function project(
  source: Source,
  encoding: Encoding,
  inputs: InputsConfig,
  tasks: readonly TaskConfig[],
  kept?: KeptRows,
): Dataset {
  const columns = encoding.columns.map((fitted) => {
    const place = source.columns.findIndex(({ name }) => name === fitted.name);
    return { place, encoding: columnEncoding(must(source.columns[place], fitted.name), fitted) };
  });
  const labels = encoding.tasks.map((task) => source.tasks.findIndex(({ name }) => name === task.name));
  const split = (name: SplitName, kept?: KeptRows) =>
    encodedSplit(checkedLabels(source, name, tasks), columns, labels, kept);
  return {
    ...features(encoding, inputs),
    tasks: encoding.tasks.map((fitted, t) => projectTask(fitted, must(tasks[t], fitted.name))),
    encoding,
    checksum: source.checksum,
    splits: {
      train: split('train', kept),
      validation: { ...split('validation'), ...rowGroups(source, encoding.group, 'validation') },
      test: { ...split('test'), ...rowGroups(source, encoding.group, 'test') },
    },
    notes: [],
  };
}

function projectTask(fitted: FittedTask, task: TaskConfig): Task {
  const { positiveWeight, labelSmoothing } = task;
  return { ...fitted, rowLoss: unusualLoss(task), labelSmoothing, positiveWeight };
}

function columnEncoding(column: SourceColumn, fitted: Fitted): ColumnEncoding {
  switch (fitted.kind) {
    case 'vocabulary':
      return vocabularyEncoding(fedIndexes(column, fitted));
    case 'list':
      return listEncoding(fedIndexes(column, fitted), fitted);
    case 'buckets':
      return bucketEncoding(fitted.edges, fitted.missing);
    case 'scale':
      return scaleEncoding(fitted.mean, fitted.deviation, fitted.log);
    case 'identity':
      return scaleEncoding(0, 1, false); // a missing value becomes 0, the mean of such a column
  }
}

/** Columns and tasks as models see them, which needs no data. */
export function features(
  { columns, tasks }: Encoding,
  inputs: InputsConfig,
): Pick<Dataset, 'categorical' | 'numeric' | 'lists' | 'tasks'> {
  const categorical: CategoricalFeature[] = [];
  const numeric: NumericFeature[] = [];
  const lists: ListFeature[] = [];
  for (const column of columns) {
    const { name } = column;
    const { embedding = inputs.embedding, target, attention: hidden = inputs.attention } = inputs.columns[name] ?? {};
    const cardinality = fittedCardinality(column);
    if (cardinality === undefined) numeric.push({ name });
    else if (column.kind !== 'list') categorical.push({ name, cardinality, embedding });
    else {
      const attention = target === undefined ? {} : { attention: { target, hidden } };
      lists.push({ name, cardinality, embedding, length: column.length, ...attention });
    }
  }
  return { categorical, numeric, lists, tasks };
}

/** Number of indexes, 0 included; undefined for a column that is fed as a number. */
function fittedCardinality(fitted: Fitted): number | undefined {
  if ('values' in fitted) return vocabularySize(fitted) + 1;
  return fitted.kind === 'buckets' ? fitted.edges.length + 2 + Number(fitted.missing) : undefined;
}

/** Reads the groups of a split's rows; nothing of data that name no group. */
function rowGroups({ columns, splits }: Source, group: string | undefined, name: SplitName): Pick<Split, 'groups'> {
  if (group === undefined) return {};
  const split = splits[name];
  const place = columns.findIndex(({ name, kind }) => name === group && kind === 'categorical');
  if (place < 0) throw new Error(`The source has no categorical column '${group}'.`);
  return {
    async groups() {
      const first = firstSpellings(columns[place]?.dictionary ?? []); // as a split by groups compares them
      const groups = new Int32Array(split.rows);
      for (let index = 0; index * split.blockRows < split.rows; index++) {
        const { columns } = await split.read(index);
        groups.set(asSingle(columns[place] ?? groups), index * split.blockRows);
        await setImmediate(); // lets signals and timers in
      }
      if (first) for (const [row, group] of groups.entries()) groups[row] = first[group] ?? group;
      return groups;
    },
  };
}
