import { cast, int, integers, reshape, side } from '../build.js';
import type { Graph, Value } from '../graph.js';
import type { Translation, Translations } from './translation.js';

/** Kernels that make one element of many. */
export const reductionKernels: Translations = {
  Sum: ({ graph, input, attributes }) => {
    const x = input('x').type === 'bool' ? cast(graph, input('x'), 'int32') : input('x');
    return reduce(graph, 'ReduceSum', x, attributes.axes('axis', x.shape.length), attributes.flag('keepDims'));
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

function reduce(graph: Graph, op: string, x: Value, axes: readonly number[], keepSides: boolean): Value {
  const shape = x.shape.flatMap((length, axis) => (axes.includes(axis) ? (keepSides ? [1] : []) : [length]));
  const long = axes.filter((axis) => side(x, axis) !== 1);
  if (long.length === 0) return reshape(graph, x, shape);
  const kept = x.shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
  const type = { type: x.type, shape: kept };
  return reshape(graph, graph.node(op, [x, integers(graph, long)], type, { keepdims: int(1) }), shape);
}
