import type { Attribute, Attributes, ElementType, Graph, Value } from './graph.js';

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

/** An array of equal elements. */
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

/** An operator that makes one element of one of each operand, with broadcasting. */
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
  const length = value.shape.at(axis);
  if (length === undefined) throw new Error(`no axis ${axis} in shape [${value.shape}]`);
  return length;
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((length, index) => length === b[index]);
}
