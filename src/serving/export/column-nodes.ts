import { areCodes, fedIndexes, largestCode, valueIndexes } from '../../data/encode/vocabulary.js';
import type { Encoding, FittedColumn } from '../../data/encoding.js';
import { usualMissing } from '../../data/table/table-options.js';
import {
  type AttributeProto,
  elementCodes,
  intAttribute,
  intsAttribute,
  type NodeProto,
  stringsAttribute,
  type TensorProto,
  type ValueInfoProto,
  valueInfo,
} from '../../engine/run/onnx-format.js';
import { must } from '../../support/must.js';

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
  const lists = columns.filter((column) => column.kind === 'list').map((column) => listNodes(nodes, column));
  const categorical = [
    ...inOrder(nodes, [
      ...columns.flatMap((column, place) =>
        column.kind === 'vocabulary'
          ? [{ places: [place], value: asColumn(nodes, indexNodes(nodes, column, missing)) }]
          : [],
      ),
      ...bucketNodes(nodes, columns),
    ]),
    ...lists.map(({ indexes }) => indexes),
  ];
  const numeric = [...inOrder(nodes, scaleNodes(nodes, columns)), ...lists.map(({ weights }) => weights)];
  return {
    categorical: categorical.length > 0 ? nodes.cast(joined(nodes, categorical), 'int32') : undefined,
    numeric: numeric.length > 0 ? joined(nodes, numeric) : undefined,
  };
}

/** Columns of a matrix [N, places], by their places among the run's columns. */
interface Part {
  readonly places: readonly number[];
  readonly value: string;
}

/** Joins them to one matrix; none if there are none. */
function inOrder(nodes: OnnxNodes, parts: readonly Part[]): string[] {
  if (parts.length === 0) return [];
  const whole = joined(
    nodes,
    parts.map(({ value }) => value),
  );
  const indexes = parts.flatMap(({ places }) => places);
  const order = indexes.toSorted((a, b) => a - b).map((place) => indexes.indexOf(place));
  if (order.every((from, to) => from === to)) return [whole];
  return [nodes.add('Gather', [whole, nodes.integers(...order)], [intAttribute('axis', 1)])];
}

function joined(nodes: OnnxNodes, values: readonly string[]): string {
  const [only] = values;
  return values.length === 1 && only !== undefined ? only : nodes.add('Concat', values, [intAttribute('axis', 1)]);
}

/** [N] -> [N, 1] */
function asColumn(nodes: OnnxNodes, value: string): string {
  return nodes.add('Unsqueeze', [value, nodes.integers(1)]);
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
  const known = nodes.add('Where', [isInside, index, number(0)]);
  return kind === 'list' ? nodes.add('Where', [nodes.add('Equal', [name, number(-1)]), number(-1), known]) : known;
}

/** 1 + the number of edges that are not above the value. */
function bucketNodes(nodes: OnnxNodes, columns: readonly FittedColumn[]): Part[] {
  const places = [...columns.keys()].filter((place) => columns[place]?.kind === 'buckets');
  const fits = columns.filter((column) => column.kind === 'buckets');
  if (fits.length === 0) return [];
  const most = Math.max(...fits.map(({ edges }) => edges.length));
  const edges = new Float64Array(fits.length * most).fill(Number.NaN); // no value is at least NaN
  for (const [c, fit] of fits.entries()) edges.set(fit.edges, c * most);
  const missing = fits.map((fit) => (fit.missing ? BigInt(fit.edges.length + 2) : 0n));
  const raw = joined(
    nodes,
    fits.map(({ name }) => asColumn(nodes, name)),
  );
  const values = nodes.add('Unsqueeze', [nodes.cast(raw, 'float64'), nodes.integers(2)]); // [N, columns, 1]
  const passed = nodes.add('GreaterOrEqual', [values, nodes.constant('float64', edges, [fits.length, most])]);
  const count = nodes.add('ReduceSum', [nodes.cast(passed, 'int64'), nodes.integers(2)], [intAttribute('keepdims', 0)]);
  const bucket = nodes.add('Add', [count, nodes.number('int64', 1)]);
  const none = nodes.constant('int64', BigInt64Array.from(missing));
  return [{ places, value: nodes.add('Where', [nodes.add('IsNaN', [raw]), none, bucket]) }];
}

/**
 * (x - mean) * factor in 64 bits, rounded to 32; unscaled columns have mean 0 and factor 1. Missing values become 0.
 */
function scaleNodes(nodes: OnnxNodes, columns: readonly FittedColumn[]): Part[] {
  const of = (log: boolean) =>
    [...columns.entries()].flatMap(([place, column]) => {
      if (column.kind === 'identity' && !log) return [{ place, name: column.name, mean: 0, factor: 1 }];
      if (column.kind !== 'scale' || column.log !== log) return [];
      return [{ place, name: column.name, mean: column.mean, factor: column.deviation > 0 ? 1 / column.deviation : 0 }];
    });
  const [linear, logarithmic] = [of(false), of(true)];
  const all = [...linear, ...logarithmic];
  if (all.length === 0) return [];
  const raw = (some: typeof all) =>
    nodes.cast(
      joined(
        nodes,
        some.map(({ name }) => asColumn(nodes, name)),
      ),
      'float64',
    );
  const x = joined(nodes, [
    ...(linear.length > 0 ? [raw(linear)] : []),
    ...(logarithmic.length > 0 ? [signedLog(nodes, raw(logarithmic))] : []),
  ]);
  const centred = nodes.add('Sub', [
    x,
    nodes.constant(
      'float64',
      Float64Array.from(all, ({ mean }) => mean),
    ),
  ]);
  const factors = nodes.constant(
    'float64',
    Float64Array.from(all, ({ factor }) => factor),
  );
  const scaled = nodes.cast(nodes.add('Mul', [centred, factors]), 'float32');
  const value = nodes.add('Where', [nodes.add('IsNaN', [scaled]), nodes.number('float32', 0), scaled]);
  return [{ places: all.map(({ place }) => place), value }];
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

/**
 * The heaviest entries, of equal ones the first, in the order of the list: their indexes int64 and weights float32 [N,
 * length].
 */
function listNodes(nodes: OnnxNodes, column: Extract<FittedColumn, { kind: 'list' }>) {
  const { name, length, cells, pool } = column;
  const axis = intAttribute('axis', 1);
  const index = indexNodes(nodes, column, []);
  const isEntry = (indexes: string) => nodes.add('GreaterOrEqual', [indexes, nodes.number('int64', 0)]);
  const weight = cells.weights === undefined ? nodes.number('float32', 1) : weightsName(name);
  const least = nodes.number('float32', Number.NEGATIVE_INFINITY);
  const keys = nodes.add('Where', [isEntry(index), weight, least]);
  // Padding to `length` entries and at least one row: ONNX Runtime's TopK crashes the process on no rows.
  const room = nodes.integers(0, 0, 1, length);
  const padded = {
    indexes: nodes.add('Pad', [index, room, nodes.number('int64', -1)]),
    keys: nodes.add('Pad', [keys, room, least]),
  };
  const count = nodes.integers(length);
  const [, heaviest] = nodes.addWide('TopK', [padded.keys, count], [axis], 2);
  const [places] = nodes.addWide('TopK', [must(heaviest, 'places'), count], [axis, intAttribute('largest', 0)], 2);
  const givenRows = [nodes.integers(0), nodes.integers(-1), nodes.integers(0)];
  const chosen = (values: string) =>
    nodes.add('Slice', [nodes.add('GatherElements', [values, must(places, 'places')], [axis]), ...givenRows]);
  const indexes = chosen(padded.indexes);
  const weights = nodes.add('Where', [isEntry(indexes), chosen(padded.keys), nodes.number('float32', 0)]);
  return {
    indexes: nodes.add('Max', [indexes, nodes.number('int64', 0)]),
    weights: pool === 'mean' ? normalizedWeights(nodes, weights) : weights,
  };
}

/** Each weight divided by their sum, unless that is 0. */
function normalizedWeights(nodes: OnnxNodes, weights: string): string {
  const wide = nodes.cast(weights, 'float64');
  const [zero, one] = [nodes.number('float64', 0), nodes.number('float64', 1)];
  const total = nodes.add('ReduceSum', [wide, nodes.integers(1)]); // [N, 1]
  const divisor = nodes.add('Where', [nodes.add('Equal', [total, zero]), one, total]);
  return nodes.cast(nodes.add('Mul', [wide, nodes.add('Div', [one, divisor])]), 'float32');
}

type Numbers = Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array;

/** Nodes and constants of an ONNX graph under construction. Values are known by their names. */
export class OnnxNodes {
  readonly node: NodeProto[] = [];
  readonly initializer: TensorProto[] = [];
  readonly #taken: Set<string>;
  #made = 0;

  /** @param taken Names of the graph's inputs and outputs. */
  constructor(taken: Iterable<string>) {
    this.#taken = new Set(taken);
  }

  /** Adds a node with one output. @param output Its name. Left out: any. @returns its name. */
  add(
    op: string,
    input: readonly string[],
    attribute: readonly AttributeProto[] = [],
    { output = this.#free(), domain = '' }: { readonly output?: string | undefined; readonly domain?: string } = {},
  ): string {
    this.node.push({ op_type: op, domain, name: `${op} ${this.node.length}`, input, output: [output], attribute });
    return output;
  }

  /** Adds a standard node with `count` outputs. @returns their names. */
  addWide(op: string, input: readonly string[], attribute: readonly AttributeProto[], outputs: number): string[] {
    const output = Array.from({ length: outputs }, () => this.#free());
    this.node.push({ op_type: op, domain: '', name: `${op} ${this.node.length}`, input, output, attribute });
    return output;
  }

  /** @param shape Left out: a vector. @param wanted Its name, if that is free. */
  constant(
    type: keyof typeof elementCodes,
    data: Numbers,
    shape: readonly number[] = [data.length],
    wanted?: string,
  ): string {
    const name = this.#free(wanted);
    const raw_data = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    this.initializer.push({ name, data_type: elementCodes[type], dims: shape, raw_data });
    return name;
  }

  /** An int64 vector. */
  integers(...values: readonly number[]): string {
    return this.constant('int64', BigInt64Array.from(values, BigInt));
  }

  /** A scalar, which broadcasts to any shape. */
  number(type: 'float32' | 'float64' | 'int64', value: number): string {
    if (type === 'int64') return this.constant(type, BigInt64Array.of(BigInt(value)), []);
    return this.constant(type, type === 'float32' ? Float32Array.of(value) : Float64Array.of(value), []);
  }

  cast(value: string, to: keyof typeof elementCodes, output?: string): string {
    const attribute = { name: 'to', type: 2, i: elementCodes[to] };
    return this.add('Cast', [value], [attribute], { output });
  }

  #free(wanted?: string): string {
    let name = wanted ?? `v${this.#made++}`;
    while (this.#taken.has(name)) name = `v${this.#made++}`;
    this.#taken.add(name);
    return name;
  }
}
