import { areCodes, fedIndexes, largestCode, valueIndexes } from '../../data/encode/vocabulary.js';
import type { Encoding, FittedColumn } from '../../data/encoding.js';
import { usualMissing } from '../../data/table/table-options.js';
import {
  intAttribute,
  intsAttribute,
  stringsAttribute,
  type ValueInfoProto,
  valueInfo,
} from '../../engine/run/onnx-format.js';
import { must } from '../../support/must.js';
import type { OnnxNodes } from './onnx-nodes.js';

type Vocabulary = Extract<FittedColumn, { readonly kind: 'vocabulary' | 'list' }>;

/** An input of an exported file. */
export interface ColumnInput {
  readonly name: string;
  /**
   * `text`: as in the table. `code`: the whole number that stands for the text in the data. `bucket`: the text's hash.
   * `days`: since 1970.
   */
  readonly takes: keyof typeof elements;
  /** The name of the list that the entries or weights belong to. Absent: one value a row. */
  readonly list?: string;
  /** How a table's cells are read: the hash, and a list's separator and mark of weights. */
  readonly cells: FittedColumn['cells'];
  readonly doc: string;
}

const elements = {
  text: 'string',
  code: 'int64',
  bucket: 'int64',
  number: 'float32',
  days: 'float32',
  weight: 'float32',
} as const;

/**
 * The inputs of an exported file, in the order of the columns. A list with weights has two: entries and
 * `<name>.weights`.
 */
export function columnInputs({ columns }: Encoding): readonly ColumnInput[] {
  return columns.flatMap((column): ColumnInput[] => {
    const { name, cells } = column;
    if (column.kind !== 'vocabulary' && column.kind !== 'list') {
      if (cells.time === undefined) return [{ name, takes: 'number', cells, doc: 'NaN: missing' }];
      return [{ name, takes: 'days', cells, doc: 'days since 1970-01-01, UTC; NaN: missing' }];
    }
    const takes = cellType(column);
    const bucket = `the low 64 bits of the text's MD5, modulo ${cells.hash}`;
    if (column.kind === 'vocabulary') {
      const doc = {
        text: cells.part === undefined ? 'empty: missing' : `the ${cells.part} of ${cells.of} in UTC; empty: missing`,
        code: 'the code of the data',
        bucket: `${bucket}; missing: of the empty text`,
      };
      return [{ name, takes, cells, doc: doc[takes] }];
    }
    const doc = {
      text: 'rows filled up with empty texts',
      code: 'rows filled up with -1',
      bucket: `${bucket}; rows filled up with -1`,
    };
    const entries: ColumnInput = { name, takes, list: name, cells, doc: doc[takes] };
    if (cells.weights === undefined) return [entries];
    return [entries, { name: weightsName(name), takes: 'weight', list: name, cells, doc: `of the entries of ${name}` }];
  });
}

export function inputInfo({ name, takes, list, doc }: ColumnInput): ValueInfoProto {
  return valueInfo(name, elements[takes], list === undefined ? ['N'] : ['N', `entries of ${list}`], doc);
}

/**
 * Adds nodes that encode a table's columns as a model's inputs, as `project.ts` and `list-column.ts` do.
 * @returns names of int32 [N, F] and float32 [N, D]; undefined where there are no such columns.
 */
export function columnNodes(nodes: OnnxNodes, encoding: Encoding) {
  const { columns } = encoding;
  const missing = (encoding.texts?.missing ?? usualMissing).map((mark) => mark.trim());
  const buckets = bucketNodes(nodes, columns);
  const indexes = columns.flatMap((column) => {
    if (column.kind === 'vocabulary') return [asColumn(nodes, indexNodes(nodes, column, missing))];
    return buckets.get(column.name) ?? [];
  });
  const lists = columns.filter((column) => column.kind === 'list').map((column) => listNodes(nodes, column));
  const categorical = [...indexes, ...lists.map((list) => list.indexes)];
  const numeric = [...scaleNodes(nodes, columns), ...lists.map((list) => list.weights)];
  return {
    categorical: categorical.length > 0 ? nodes.cast(concatenated(nodes, categorical), 'int32') : undefined,
    numeric: numeric.length > 0 ? concatenated(nodes, numeric) : undefined,
  };
}

/** Several [N, columns] -> [N, all columns] */
function concatenated(nodes: OnnxNodes, values: readonly string[]): string {
  return nodes.add('Concat', values, [intAttribute('axis', 1)]);
}

/** [N] -> [N, 1] */
function asColumn(nodes: OnnxNodes, value: string): string {
  return nodes.add('Unsqueeze', [value, nodes.integers(1)]);
}

/** The inputs of these columns, as one matrix [N, columns]. */
function inputMatrix(nodes: OnnxNodes, columns: readonly { readonly name: string }[]): string {
  return concatenated(
    nodes,
    columns.map(({ name }) => asColumn(nodes, name)),
  );
}

function weightsName(name: string): string {
  return `${name}.weights`;
}

function cellType(column: Vocabulary): 'text' | 'code' | 'bucket' {
  if (column.cells.hash !== undefined) return 'bucket';
  return areCodes(column) ? 'code' : 'text';
}

/** int64, of the input's shape: the index of each value; in a list, -1 for padding. */
function indexNodes(nodes: OnnxNodes, column: Vocabulary, missing: readonly string[]): string {
  if (cellType(column) !== 'text') return codeNodes(nodes, column);
  const indexes = valueIndexes(column);
  if (column.kind === 'list') indexes.set('', -1);
  else for (const mark of ['', ...missing]) indexes.set(mark, indexes.get('') ?? 0);
  const attributes = [
    stringsAttribute('keys_strings', [...indexes.keys()]),
    intsAttribute('values_int64s', [...indexes.values()]),
    intAttribute('default_int64', 0),
  ];
  return nodes.add('LabelEncoder', [column.name], attributes, { domain: 'ai.onnx.ml' });
}

function codeNodes(nodes: OnnxNodes, column: Vocabulary): string {
  const { name, kind, values } = column;
  const number = (value: number) => nodes.number('int64', value);
  const size = Math.max(1, 1 + largestCode(column));
  const isInside = nodes.add('And', [
    nodes.add('Greater', [name, number(-1)]),
    nodes.add('Less', [name, number(size)]),
  ]);
  const index =
    typeof values === 'number'
      ? nodes.add('Add', [name, number(1)])
      : nodes.add('Gather', [
          nodes.constant('int64', BigInt64Array.from(fedIndexes({ size }, column), BigInt)),
          nodes.add('Clip', [name, number(0), number(size - 1)]),
        ]);
  const indexOrRare = nodes.add('Where', [isInside, index, number(0)]);
  if (kind !== 'list') return indexOrRare;
  return nodes.add('Where', [nodes.add('Equal', [name, number(-1)]), number(-1), indexOrRare]);
}

/** By the name of a column of buckets: int64 [N, 1], 1 + the number of edges that are not above the value. */
function bucketNodes(nodes: OnnxNodes, columns: readonly FittedColumn[]): ReadonlyMap<string, string> {
  const fits = columns.filter((column) => column.kind === 'buckets');
  if (fits.length === 0) return new Map();
  const most = Math.max(...fits.map(({ edges }) => edges.length));
  const edges = new Float64Array(fits.length * most).fill(Number.NaN); // no value is at least NaN
  for (const [c, fit] of fits.entries()) edges.set(fit.edges, c * most);
  const raw = inputMatrix(nodes, fits);
  const values = nodes.add('Unsqueeze', [nodes.cast(raw, 'float64'), nodes.integers(2)]); // [N, columns, 1]
  const passed = nodes.add('GreaterOrEqual', [values, nodes.constant('float64', edges, [fits.length, most])]);
  const count = nodes.add('ReduceSum', [nodes.cast(passed, 'int64'), nodes.integers(2)], [intAttribute('keepdims', 0)]);
  const missing = nodes.integers(...fits.map((fit) => (fit.missing ? fit.edges.length + 2 : 0)));
  const bucket = nodes.add('Add', [count, nodes.number('int64', 1)]);
  const indexes = nodes.add('Where', [nodes.add('IsNaN', [raw]), missing, bucket]); // [N, columns]
  const widths = nodes.integers(...fits.map(() => 1));
  const apart = nodes.addWide('Split', [indexes, widths], [intAttribute('axis', 1)], fits.length);
  return new Map(fits.map(({ name }, c) => [name, must(apart[c], name)]));
}

/**
 * (x - mean) * factor in 64 bits, rounded to 32, where x is the number or its signed logarithm; unscaled columns have
 * mean 0 and factor 1. Missing values become 0. No value without such columns, else one [N, columns].
 */
function scaleNodes(nodes: OnnxNodes, columns: readonly FittedColumn[]): readonly string[] {
  const fits = columns.flatMap((column) => {
    if (column.kind === 'identity') return [{ name: column.name, log: false, mean: 0, factor: 1 }];
    if (column.kind !== 'scale') return [];
    return [{ ...column, factor: column.deviation > 0 ? 1 / column.deviation : 0 }];
  });
  if (fits.length === 0) return [];
  const numbers = nodes.cast(inputMatrix(nodes, fits), 'float64');
  const isLog = nodes.constant(
    'bool',
    Uint8Array.from(fits, ({ log }) => Number(log)),
  );
  const x = fits.some(({ log }) => log) ? nodes.add('Where', [isLog, signedLog(nodes, numbers), numbers]) : numbers;
  const means = nodes.constant(
    'float64',
    Float64Array.from(fits, ({ mean }) => mean),
  );
  const factors = nodes.constant(
    'float64',
    Float64Array.from(fits, ({ factor }) => factor),
  );
  const scaled = nodes.cast(nodes.add('Mul', [nodes.add('Sub', [x, means]), factors]), 'float32');
  return [nodes.add('Where', [nodes.add('IsNaN', [scaled]), nodes.number('float32', 0), scaled])];
}

/**
 * sign(x) log(1 + |x|). ONNX has no log1p. With u = 1 + |x|, rounded, log(u) |x| / (u - 1) has all digits (Higham,
 * Accuracy and Stability of Numerical Algorithms, 2nd ed., section 1.14.1).
 */
function signedLog(nodes: OnnxNodes, x: string): string {
  const [unit, size] = [nodes.number('float64', 1), nodes.add('Abs', [x])];
  const u = nodes.add('Add', [size, unit]);
  const ratio = nodes.add('Div', [nodes.add('Log', [u]), nodes.add('Sub', [u, unit])]);
  const log = nodes.add('Where', [nodes.add('Equal', [u, unit]), size, nodes.add('Mul', [ratio, size])]);
  return nodes.add('Mul', [nodes.add('Sign', [x]), log]);
}

/** A list's heaviest entries: their indexes int64 and weights float32 [N, length]; both are 0 beyond the list's end. */
function listNodes(nodes: OnnxNodes, column: Extract<FittedColumn, { kind: 'list' }>) {
  const index = indexNodes(nodes, column, []);
  const isEntry = (indexes: string) => nodes.add('GreaterOrEqual', [indexes, nodes.number('int64', 0)]);
  const weight = column.cells.weights === undefined ? nodes.number('float32', 1) : weightsName(column.name);
  const least = nodes.number('float32', Number.NEGATIVE_INFINITY);
  const keys = nodes.add('Where', [isEntry(index), weight, least]);
  const heaviest = heaviestEntries(nodes, keys, least, column.length);
  const indexes = heaviest(index, nodes.number('int64', -1));
  const weights = nodes.add('Where', [isEntry(indexes), heaviest(keys, least), nodes.number('float32', 0)]);
  return {
    indexes: nodes.add('Max', [indexes, nodes.number('int64', 0)]),
    weights: column.pool === 'mean' ? normalizedWeights(nodes, weights) : weights,
  };
}

/**
 * Selects the `length` entries with the largest keys, of equal ones the first, and keeps the list's order. Lists are
 * filled up to `length` entries, and rows to at least one: ONNX Runtime's TopK crashes the process on no rows.
 */
function heaviestEntries(
  nodes: OnnxNodes,
  keys: string,
  least: string,
  length: number,
): (values: string, filler: string) => string {
  const axis = intAttribute('axis', 1);
  const [room, count] = [nodes.integers(0, 0, 1, length), nodes.integers(length)];
  const padded = (values: string, filler: string) => nodes.add('Pad', [values, room, filler]);
  const [, heaviest] = nodes.addWide('TopK', [padded(keys, least), count], [axis], 2);
  const inOrder = [axis, intAttribute('largest', 0)];
  const [positions] = nodes.addWide('TopK', [must(heaviest, 'positions'), count], inOrder, 2);
  const withoutLastRow = [nodes.integers(0), nodes.integers(-1), nodes.integers(0)];
  return (values, filler) =>
    nodes.add('Slice', [
      nodes.add('GatherElements', [padded(values, filler), must(positions, 'positions')], [axis]),
      ...withoutLastRow,
    ]);
}

/** Each weight divided by their sum, unless that is 0. */
function normalizedWeights(nodes: OnnxNodes, weights: string): string {
  const wide = nodes.cast(weights, 'float64');
  const [zero, one] = [nodes.number('float64', 0), nodes.number('float64', 1)];
  const total = nodes.add('ReduceSum', [wide, nodes.integers(1)]); // [N, 1]
  const divisor = nodes.add('Where', [nodes.add('Equal', [total, zero]), one, total]);
  return nodes.cast(nodes.add('Mul', [wide, nodes.add('Div', [one, divisor])]), 'float32');
}
