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

/** A sum over the leading axis as a product with a row of ones: ReduceSum takes up to fifty times as long for it. */
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
  const kept = x.shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
  const shape = outputShape(x, axes, keepSides);
  const long = axes.filter((axis) => side(x, axis) !== 1);
  if (long.length === 0) return reshape(graph, x, shape);
  const reduced = graph.node(op, [x, integers(graph, long)], { type: x.type, shape: kept }, { keepdims: int(1) });
  return reshape(graph, reduced, shape);
}
