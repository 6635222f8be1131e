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
} from '../dataset.js';
import type { Encoding, Fitted } from '../encoding.js';
import { type ColumnEncoding, checkedLabels, encodedSplit, type KeptRows } from './encoded-split.js';
import { fedIndexes, firstSpellings, listEncoding, noIndex, vocabularySize } from './vocabulary.js';

/**
 * Rows of a source as models see them, by what was fitted: those of training, and new ones, whose columns may come in
 * another order. All masks are 0 of a task whose labels the source lacks.
 * @param inputs of the run's config, as `tasks`
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
    const index = source.columns.findIndex(({ name }) => name === fitted.name);
    return [index, columnEncoding(must(source.columns[index], fitted.name), fitted)] as const;
  });
  const labels = encoding.tasks.map((task) => source.tasks.findIndex(({ name }) => name === task.name));
  const split = (name: SplitName, kept?: KeptRows) => ({
    ...encodedSplit(checkedLabels(source, name, tasks), columns, labels, kept),
    ...(name === 'train' ? {} : rowGroups(source, encoding.group, name)),
  });
  return {
    ...features(encoding, inputs),
    tasks: encoding.tasks.map((fitted, t) => {
      const task = must(tasks[t], fitted.name);
      const { positiveWeight, labelSmoothing } = task;
      return { ...fitted, rowLoss: unusualLoss(task), labelSmoothing, positiveWeight };
    }),
    encoding,
    checksum: source.checksum,
    splits: { train: split('train', kept), validation: split('validation'), test: split('test') },
    notes: [],
  };
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
    if (column.kind === 'identity') numeric.push({ name });
    else if (column.kind === 'scale') numeric.push({ name, edges: column.edges && scaledEdges(column.edges, column) });
    else {
      // the index 0 included
      const cardinality =
        column.kind === 'buckets' ? column.edges.length + 2 + Number(column.missing) : vocabularySize(column) + 1;
      const feature = { name, cardinality, embedding };
      if (column.kind !== 'list') categorical.push(feature);
      else
        lists.push({
          ...feature,
          length: column.length,
          ...(target === undefined ? {} : { attention: { target, hidden } }),
        });
    }
  }
  return { categorical, numeric, lists, tasks };
}

/**
 * The inner edges of bins with the outer ones, as numbers are fed: standardized, in 32 bits. Equal edges are merged, so
 * that a constant column has no bin.
 */
function scaledEdges(
  inner: readonly number[],
  { mean, deviation, range }: Extract<Fitted, { readonly kind: 'scale' }>,
): readonly number[] {
  const factor = deviation > 0 ? 1 / deviation : 0;
  const edges = [...inner, ...(range ?? [])].toSorted((a, b) => a - b);
  return [...new Set(edges.map((edge) => Math.fround((edge - mean) * factor)))];
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

/**
 * Dictionary indexes -> vocabulary indexes; 0 stands for values without an index of their own. What is no index of the
 * dictionary is refused: an engine would look up a negative one from the end of its table.
 */
function vocabularyEncoding(indexes: Int32Array): ColumnEncoding {
  return {
    categorical: 1,
    numeric: 0,
    write(column, rows, begin, end, { categorical, F, category }) {
      const values = asSingle(column);
      for (let i = begin, to = category; i < end; i++, to += F) {
        const value = values[rows[i] ?? 0];
        categorical[to] = indexes[value ?? 0] ?? noIndex(value, indexes.length);
      }
    },
  };
}

/**
 * 1 + the number of edges that are not above the value; a missing value has the index after the last bucket's if
 * training had missing values, else 0.
 * @param edges ascending.
 */
function bucketEncoding(edges: readonly number[], hadMissing: boolean): ColumnEncoding {
  const missing = hadMissing ? edges.length + 2 : 0;
  const notAbove = edgeCounter(edges);
  return {
    categorical: 1,
    numeric: 0,
    write(column, rows, begin, end, { categorical, F, category }) {
      const values = asSingle(column);
      for (let i = begin, to = category; i < end; i++, to += F) {
        const value = values[rows[i] ?? 0] ?? 0;
        categorical[to] = Number.isNaN(value) ? missing : 1 + notAbove(value);
      }
    },
  };
}

/**
 * Counts the ascending edges that are not above a value. A table over equal cells says where to begin, which takes a
 * third of the time of a search by halves, whose branches nothing can predict. What cell a value is in rises with it:
 * so edges of lower cells lie below it, those of higher cells above it.
 */
function edgeCounter(edges: readonly number[]): (value: number) => number {
  const [lowest, highest] = [edges[0] ?? 0, edges.at(-1) ?? 0];
  const cells = 4 * edges.length;
  const spread = highest - lowest;
  const scale = spread > 0 && spread < Number.POSITIVE_INFINITY ? cells / spread : 0;
  const toCell = (value: number) =>
    value >= highest ? cells : scale > 0 && value > lowest ? Math.floor((value - lowest) * scale) : 0;
  const before = new Int32Array(cells + 1); // edges of lower cells
  for (const edge of edges) before.fill((before[toCell(edge) + 1] ?? 0) + 1, toCell(edge) + 1);
  return (value) => {
    let count = before[toCell(value)] ?? 0;
    while (count < edges.length && (edges[count] ?? 0) <= value) count++;
    return count;
  };
}

/**
 * (value - mean) / deviation, of sign(x) log(1 + |x|) if `log`; a missing value becomes the mean, a constant column 0.
 */
function scaleEncoding(mean: number, deviation: number, log: boolean): ColumnEncoding {
  const factor = deviation > 0 ? 1 / deviation : 0;
  return {
    categorical: 0,
    numeric: 1,
    write(column, rows, begin, end, { numeric, D, number }) {
      const values = asSingle(column);
      for (let i = begin, to = number; i < end; i++, to += D) {
        const value = values[rows[i] ?? 0] ?? 0;
        const scaled = ((log ? signedLog(value) : value) - mean) * factor;
        numeric[to] = Number.isNaN(scaled) ? 0 : scaled;
      }
    },
  };
}

export function signedLog(value: number): number {
  return Math.sign(value) * Math.log1p(Math.abs(value));
}

/** What reads the groups of a split's rows, for data that name a group. */
function rowGroups({ columns, splits }: Source, group: string | undefined, name: SplitName): Pick<Split, 'groups'> {
  if (group === undefined) return {};
  const split = splits[name];
  const index = columns.findIndex(({ name, kind }) => name === group && kind === 'categorical');
  const { dictionary = [] } = must(columns[index], `categorical column '${group}'`);
  return {
    async groups() {
      const first = firstSpellings(dictionary); // as a split by groups compares them
      const groups = new Int32Array(split.rows);
      for (let b = 0; b * split.blockRows < split.rows; b++) {
        const { columns } = await split.read(b);
        groups.set(asSingle(must(columns[index], group)), b * split.blockRows);
        await setImmediate(); // lets signals and timers in
      }
      return first ? groups.map((group) => first[group] ?? group) : groups;
    },
  };
}
