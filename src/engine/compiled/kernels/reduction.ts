import { sizeOf } from '../../../support/arrays.js';
import { cast, int, integers, reshape, side } from '../build.js';
import type { Graph, Value } from '../graph.js';
import type { Translation, Translations } from './translation.js';

/** Kernels that make one element of many. */
export const reductionKernels: Translations = {
  Sum: ({ graph, input, attributes }) => {
    const x = input('x').type === 'bool' ? cast(graph, input('x'), 'int32') : input('x');
    const axes = attributes.axes('axis', x.shape.length);
    const keepSides = attributes.flag('keepDims');
    return sumOfRows(graph, x, axes, keepSides) ?? reduce(graph, 'ReduceSum', x, axes, keepSides);
  },
  Mean: ({ graph, input, attributes }) => {
    const x = cast(graph, input('x'), 'float32');
    return reduce(graph, 'ReduceMean', x, attributes.axes('axis', x.shape.length), attributes.flag('keepDims'));
  },
  Max: extreme('ReduceMax', 'reductionIndices'),
  Min: extreme('ReduceMin', 'axis'),
  Softmax: ({ graph, input, attributes }) => {
    const x = input('logits');
    const axis = attributes.has('dim') ? attributes.axis('dim', x.shape.length) : x.shape.length - 1;
    return graph.node('Softmax', [x], x, { axis: int(axis) });
  },
  LogSoftmax: ({ graph, input, attributes }) => {
    const x = input('logits');
    return graph.node('LogSoftmax', [x], x, { axis: int(attributes.axis('axis', x.shape.length)) });
  },
};

function extreme(op: string, axesName: string): Translation {
  return ({ graph, input, attributes }) => {
    const x = input('x');
    return reduce(graph, op, x, attributes.axes(axesName, x.shape.length), attributes.flag('keepDims'));
  };
}

/** A sum over the leading axis as a product with a row of ones: for it, ReduceSum is much slower. */
function sumOfRows(graph: Graph, x: Value, axes: readonly number[], keepSides: boolean): Value | undefined {
  const [axis, ...others] = axes.filter((candidate) => side(x, candidate) !== 1);
  if (axis === undefined || others.length > 0 || x.type !== 'float32') return undefined;
  const columns = sizeOf(x.shape.slice(axis + 1));
  if (sizeOf(x.shape.slice(0, axis)) !== 1 || columns === 1) return undefined;
  const rows = side(x, axis);
  const ones = graph.constant('float32', [1, rows], new Float32Array(rows).fill(1));
  const sum = graph.node('MatMul', [ones, reshape(graph, x, [rows, columns])], { type: x.type, shape: [1, columns] });
  return reshape(graph, sum, outputShape(x, axes, keepSides));
}

function outputShape(x: Value, axes: readonly number[], keepSides: boolean): readonly number[] {
  return x.shape.flatMap((length, axis) => (axes.includes(axis) ? (keepSides ? [1] : []) : [length]));
}

function reduce(graph: Graph, op: string, x: Value, axes: readonly number[], keepSides: boolean): Value {
  const shape = outputShape(x, axes, keepSides);
  const long = axes.filter((axis) => side(x, axis) !== 1);
  if (long.length === 0) return reshape(graph, x, shape);
  if (op === 'ReduceSum' && halves(x, long)) {
    const [axis = 0] = long;
    const cut = x.shape.toSpliced(axis, 1, 2, side(x, axis) / 2);
    const sums = reduced(graph, op, reshape(graph, x, cut), [axis + 1]);
    return reshape(graph, reduced(graph, op, sums, [axis]), shape);
  }
  return reshape(graph, reduced(graph, op, x, long), shape);
}

function reduced(graph: Graph, op: string, x: Value, axes: readonly number[]): Value {
  const shape = x.shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
  return graph.node(op, [x, integers(graph, axes)], { type: x.type, shape }, { keepdims: int(1) });
}

/**
 * Whether a sum is better done in two steps. ONNX Runtime sums each member of a batch (the gradient of the biases of
 * three experts) on one thread, which leaves threads idle; halves of its rows are twice as many members.
 */
function halves(x: Value, axes: readonly number[]): boolean {
  const [axis = 0, ...others] = axes;
  const members = sizeOf(x.shape.slice(0, axis));
  const large = sizeOf(x.shape) >= 2 ** 17 && side(x, axis) >= 128;
  return (
    others.length === 0 && side(x, axis) % 2 === 0 && large && members > 1 && members < 12 && axis < x.shape.length - 1
  );
}
