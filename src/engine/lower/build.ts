import { sizeOf } from '../../support/arrays.js';
import type { Attribute, ElementType, Graph, Value } from '../record/graph.js';

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
  const origin = value.origin;
  if (origin.kind === 'constant') return graph.constant(value.type, shape, origin.data);
  if (origin.kind === 'node' && origin.node.op === 'Reshape') return reshape(graph, inputOf(value), shape);
  const source = unexpanded(value);
  if (source !== value && sizeOf(source.shape) === 1) {
    // `Expand` leaves no side out: one element of more sides than are wanted loses them first.
    const one = source.shape.length > shape.length ? reshape(graph, source, []) : source;
    return expand(graph, one, shape);
  }
  return graph.node('Reshape', [value, integers(graph, shape)], { type: value.type, shape });
}

export function transpose(graph: Graph, value: Value, permutation: readonly number[]): Value {
  const shape = permutation.map((axis) => side(value, axis));
  // Only sides of 1 move: the elements stay where they are.
  const moving = permutation.filter((axis) => side(value, axis) !== 1);
  if (moving.every((axis, index) => index === 0 || axis > (moving[index - 1] ?? -1)))
    return reshape(graph, value, shape);
  return graph.node('Transpose', [value], { type: value.type, shape }, { perm: permutation });
}

/** Broadcasts to a shape. What takes broadcast operands should look through it with `unexpanded`. */
export function expand(graph: Graph, value: Value, shape: readonly number[]): Value {
  const source = unexpanded(value);
  if (sameShape(source.shape, shape)) return source;
  return graph.node('Expand', [source, integers(graph, shape)], { type: source.type, shape });
}

/** What `expand` was given, else the value itself. */
function unexpanded(value: Value): Value {
  return value.origin.kind === 'node' && value.origin.node.op === 'Expand' ? inputOf(value) : value;
}

/**
 * An elementwise operator with broadcasting. Operands are taken as they were before they were broadcast, and the
 * result is broadcast instead: in a chain, only its end (often nothing) is, and the chain runs on the small arrays.
 */
export function elementwise(
  graph: Graph,
  op: string,
  operands: readonly Value[],
  type: ElementType,
  attributes: Readonly<Record<string, Attribute>> = {},
): Value {
  const shape = broadcastShape(operands);
  const sources = operands.map(unexpanded);
  const core = broadcastShape(sources);
  const same = neutral(op, sources);
  const result = same ?? graph.node(op, sources, { type, shape: core }, attributes);
  return expand(graph, result, shape);
}

/** tfjs's gradients multiply by arrays of ones and divide by one. The operand that such a node would only copy, if it does. */
function neutral(op: string, [a, b]: readonly Value[]): Value | undefined {
  if (!a || !b) return undefined;
  if ((op === 'Mul' || op === 'Div') && isScalar(b, 1)) return a;
  if (op === 'Mul' && isScalar(a, 1)) return b;
  if ((op === 'Add' || op === 'Sub') && isScalar(b, 0)) return a;
  if (op === 'Add' && isScalar(a, 0)) return b;
  if (op === 'Pow' && isScalar(b, 1)) return a;
  return undefined;
}

function isScalar(value: Value, number: number): boolean {
  return value.shape.length === 0 && value.origin.kind === 'constant' && Number(value.origin.data[0]) === number;
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

function inputOf(value: Value): Value {
  const input = value.origin.kind === 'node' ? value.origin.node.inputs[0] : undefined;
  if (!input) throw new Error('a node without inputs');
  return input;
}
