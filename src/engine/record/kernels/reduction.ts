import { sizeOf } from '../../../support/arrays.js';
import { cast, int, integers, reshape, side } from '../../lower/build.js';
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

/** Up to so many sums side by side; of more, ReduceSum gives each thread its share. */
const mostSums = 16;

/** A sum over an axis that is not the last, as a product with a row of ones: for it, ReduceSum is much slower. */
function sumOfRows(graph: Graph, x: Value, axes: readonly number[], keepSides: boolean): Value | undefined {
  const [axis, ...others] = axes.filter((candidate) => side(x, candidate) !== 1);
  if (axis === undefined || others.length > 0 || x.type !== 'float32') return undefined;
  const [sums, rows, columns] = [sizeOf(x.shape.slice(0, axis)), side(x, axis), sizeOf(x.shape.slice(axis + 1))];
  if (sums > mostSums || columns === 1) return undefined;
  const batch = sums === 1 ? [] : [sums];
  const ones = graph.constant('float32', [...batch.map(() => 1), 1, rows], new Float32Array(rows).fill(1));
  const type = { type: x.type, shape: [...batch, 1, columns] };
  const sum = graph.node('MatMul', [ones, reshape(graph, x, [...batch, rows, columns])], type);
  return reshape(graph, sum, outputShape(x, axes, keepSides));
}

function outputShape(x: Value, axes: readonly number[], keepSides: boolean): readonly number[] {
  return x.shape.flatMap((length, axis) => (axes.includes(axis) ? (keepSides ? [1] : []) : [length]));
}

function reduce(graph: Graph, op: string, x: Value, axes: readonly number[], keepSides: boolean): Value {
  const shape = outputShape(x, axes, keepSides);
  const long = axes.filter((axis) => side(x, axis) !== 1);
  if (long.length === 0) return reshape(graph, x, shape);
  return reshape(graph, reduced(graph, op, x, long), shape);
}

function reduced(graph: Graph, op: string, x: Value, axes: readonly number[]): Value {
  const shape = x.shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
  return graph.node(op, [x, integers(graph, axes)], { type: x.type, shape }, { keepdims: int(1) });
}
