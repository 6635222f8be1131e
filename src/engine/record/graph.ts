import { must } from '../../support/must.js';

/** int64 occurs only where ONNX requires it: shapes, axes and indices. */
export type ElementType = 'float32' | 'int32' | 'int64' | 'bool';

export type ConstantData = Float32Array | Int32Array | BigInt64Array | Uint8Array;

export interface ValueType {
  readonly type: ElementType;
  readonly shape: readonly number[];
}

/** One array of the recorded computation. Its content is unknown unless it is a constant. */
export interface Value extends ValueType {
  readonly id: number;
  readonly origin: ValueOrigin;
}

export type ValueOrigin =
  | { readonly kind: 'input'; readonly name: string }
  | { readonly kind: 'constant'; readonly data: ConstantData }
  | { readonly kind: 'node'; readonly node: Node };

export interface Node {
  readonly op: string;
  /** Empty for the standard operators. */
  readonly domain: string;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly attributes: Attributes;
}

export type Attribute =
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string };

export type Attributes = Readonly<Record<string, Attribute | readonly number[]>>;

/**
 * ONNX nodes in the order of recording, which is a topological order. Operators have no side effects, so equal nodes
 * (or constants) are recorded once.
 */
export class Graph {
  readonly nodes: Node[] = [];
  readonly #constants = new Map<string, Value>();
  readonly #known = new Map<string, Node>();
  #values = 0;

  input(name: string, type: ElementType, shape: readonly number[]): Value {
    return this.#value({ type, shape }, { kind: 'input', name });
  }

  constant(type: ElementType, shape: readonly number[], data: ConstantData): Value {
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    const key = `${type} [${shape}] ${bytes.toString('latin1')}`;
    const known = this.#constants.get(key);
    if (known) return known;
    const made = this.#value({ type, shape }, { kind: 'constant', data });
    this.#constants.set(key, made);
    return made;
  }

  /** Adds a node with one output. */
  node(op: string, inputs: readonly Value[], output: ValueType, attributes: Attributes = {}, domain = ''): Value {
    return must(this.nodeOf(op, inputs, [output], attributes, domain).outputs[0], `output of ${op}`);
  }

  nodeOf(
    op: string,
    inputs: readonly Value[],
    outputs: readonly ValueType[],
    attributes: Attributes = {},
    domain = '',
  ): Node {
    const types = outputs.map(({ type, shape }) => ({ type, shape }));
    const key = JSON.stringify([domain, op, inputs.map((input) => input.id), attributes, types]);
    const known = this.#known.get(key);
    if (known) return known;
    const values: Value[] = [];
    const node: Node = { op, domain, inputs, outputs: values, attributes };
    for (const type of types) values.push(this.#value(type, { kind: 'node', node }));
    this.#known.set(key, node);
    this.nodes.push(node);
    return node;
  }

  #value({ type, shape }: ValueType, origin: ValueOrigin): Value {
    return { id: this.#values++, type, shape, origin };
  }
}

/** Values by the names of the signature or of the step's own maps, in their order. */
export type Values = ReadonlyMap<string, Value>;

/** A step as a graph. */
export interface StepGraph {
  readonly graph: Graph;
  readonly state: Values;
  readonly batch: Values;
  /** The state that the step changes. */
  readonly next: Values;
  readonly outputs: Values;
}

/** The nodes that `results` need, in the order of the graph. */
export function liveNodes(graph: Graph, results: Iterable<Value>): Node[] {
  const live = new Set<Node>();
  const open = [...results];
  for (let value = open.pop(); value; value = open.pop()) {
    if (value.origin.kind !== 'node' || live.has(value.origin.node)) continue;
    live.add(value.origin.node);
    open.push(...value.origin.node.inputs);
  }
  return graph.nodes.filter((node) => live.has(node));
}

export function valueNamed(values: Values, name: string): Value {
  return must(values.get(name), `value '${name}'`);
}

/** An integer attribute; 0 if absent. */
export function integerAttribute(node: Node, name: string): number {
  const attribute = node.attributes[name];
  return attribute !== undefined && 'kind' in attribute && attribute.kind === 'int' ? attribute.value : 0;
}

/** For an error message. */
export function describe(value: Value): string {
  const type = `${value.type} [${value.shape.join(', ')}]`;
  if (value.origin.kind === 'node') return `the ${type} result of ${value.origin.node.op}`;
  return value.origin.kind === 'input' ? `'${value.origin.name}' (${type})` : `a constant ${type}`;
}

export const int = (value: number): Attribute => ({ kind: 'int', value });

export const float = (value: number): Attribute => ({ kind: 'float', value });

export const text = (value: string): Attribute => ({ kind: 'string', value });

/** A 1-D int64 constant, the form in which ONNX takes shapes, axes and bounds. */
export function integers(graph: Graph, values: readonly number[]): Value {
  return graph.constant('int64', [values.length], BigInt64Array.from(values, BigInt));
}

export function scalar(graph: Graph, type: ElementType, value: number): Value {
  if (type === 'float32') return graph.constant(type, [], Float32Array.of(value));
  if (type === 'int32') return graph.constant(type, [], Int32Array.of(value));
  if (type === 'int64') return graph.constant(type, [], BigInt64Array.of(BigInt(value)));
  return graph.constant(type, [], Uint8Array.of(value));
}

/** An array whose elements are all equal. */
export function uniform(graph: Graph, type: ElementType, shape: readonly number[], value: number): Value {
  return expand(graph, scalar(graph, type, value), shape);
}

export function cast(graph: Graph, value: Value, type: ElementType): Value {
  if (value.type === type) return value;
  const codes = { float32: 1, int32: 6, int64: 7, bool: 9 };
  return elementwise(graph, 'Cast', [value], type, { to: int(codes[type]) });
}

export function reshape(graph: Graph, value: Value, shape: readonly number[]): Value {
  if (sameShape(value.shape, shape)) return value;
  return graph.node('Reshape', [value, integers(graph, shape)], { type: value.type, shape });
}

export function transpose(graph: Graph, value: Value, permutation: readonly number[]): Value {
  const shape = permutation.map((axis) => side(value, axis));
  return graph.node('Transpose', [value], { type: value.type, shape }, { perm: permutation });
}

/** Broadcasts to a shape. */
export function expand(graph: Graph, value: Value, shape: readonly number[]): Value {
  if (sameShape(value.shape, shape)) return value;
  return graph.node('Expand', [value, integers(graph, shape)], { type: value.type, shape });
}

export function split(graph: Graph, x: Value, axis: number, sizes: readonly number[]): readonly Value[] {
  if (sizes.length === 1) return [x];
  const outputs = sizes.map((length) => ({ type: x.type, shape: x.shape.with(axis, length) }));
  return graph.nodeOf('Split', [x, integers(graph, sizes)], outputs, { axis: int(axis) }).outputs;
}

/** An operator that computes one element from one of each operand, with broadcasting. */
export function elementwise(
  graph: Graph,
  op: string,
  operands: readonly Value[],
  type: ElementType,
  attributes: Attributes = {},
): Value {
  return graph.node(op, operands, { type, shape: broadcastShape(operands) }, attributes);
}

export function broadcastShape(values: readonly { readonly shape: readonly number[] }[]): number[] {
  const rank = Math.max(...values.map((value) => value.shape.length));
  return Array.from({ length: rank }, (_, index) => {
    const sides = values.map((value) => value.shape.at(index - rank) ?? 1);
    const wide = sides.find((length) => length !== 1) ?? 1;
    if (sides.some((length) => length !== 1 && length !== wide)) {
      throw new Error(`shapes ${values.map((value) => `[${value.shape}]`).join(' and ')} cannot be broadcast`);
    }
    return wide;
  });
}

export function side(value: Value, axis: number): number {
  return must(value.shape.at(axis), `axis ${axis} in shape [${value.shape}]`);
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((length, index) => length === b[index]);
}
