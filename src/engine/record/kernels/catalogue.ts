import { must } from '../../../support/must.js';
import {
  broadcastShape,
  cast,
  type ElementType,
  elementwise,
  expand,
  float,
  type Graph,
  int,
  integers,
  reshape,
  scalar,
  side,
  split,
  text,
  transpose,
  uniform,
  type Value,
} from '../graph.js';
import type { Translation, Translations } from './translation.js';

/** Kernels that reduce many elements to one. */
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

export const productKernels: Translations = {
  // A `Product` is ONNX's `MatMul` with flags for operands that are transposed in their last two sides.
  BatchMatMul: ({ graph, input, attributes }) => {
    const [a, b] = [input('a'), input('b')];
    const [transA, transB] = [attributes.flag('transposeA'), attributes.flag('transposeB')];
    const batch = broadcastShape([a, b].map(({ shape }) => ({ shape: shape.slice(0, -2) })));
    const shape = [...batch, side(a, transA ? -1 : -2), side(b, transB ? -2 : -1)];
    return graph.node(
      'Product',
      [a, b],
      { type: a.type, shape },
      { transA: int(Number(transA)), transB: int(Number(transB)) },
    );
  },
};

/** Look-ups by index, and their gradient. */
export const gatherKernels: Translations = {
  GatherV2: ({ graph, input, attributes }) => {
    const [x, indices] = [input('x'), input('indices')];
    if (attributes.has('batchDims') && attributes.number('batchDims') !== 0) {
      throw new Error("the compiled engine translates kernel 'GatherV2' without batch dimensions only");
    }
    const axis = attributes.axis('axis', x.shape.length);
    const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
    return graph.node('Gather', [x, indices], { type: x.type, shape }, { axis: int(axis) });
  },
  // Adds each row of x to the result row named by its id. Rows without an id are zero.
  UnsortedSegmentSum: ({ graph, input, attributes }) => {
    const [x, ids] = [input('x'), input('segmentIds')];
    if (ids.shape.length !== 1) {
      throw new Error("the compiled engine translates kernel 'UnsortedSegmentSum' with a list of ids only");
    }
    const shape = [attributes.number('numSegments'), ...x.shape.slice(1)];
    // The cast comes last, because not all providers can reshape int64.
    const places = cast(graph, reshape(graph, ids, [side(x, 0), 1]), 'int64');
    const nothing = uniform(graph, x.type, shape, 0);
    return graph.node('ScatterND', [nothing, places, x], { type: x.type, shape }, { reduction: text('add') });
  },
};

/** One output element for each (broadcast) input element. */
export const elementwiseKernels: Translations = {
  Add: binary('Add'),
  Sub: binary('Sub'),
  Multiply: binary('Mul'),
  RealDiv: binary('Div'),
  Pow: binary('Pow'),
  Maximum: binary('Max'),
  Minimum: binary('Min'),
  AddN: ({ graph, inputs }) =>
    inputs.slice(1).reduce((sum, term) => elementwise(graph, 'Add', [sum, term], sum.type), must(inputs[0], 'input')),
  SquaredDifference: ({ graph, input }) => {
    const difference = elementwise(graph, 'Sub', [input('a'), input('b')], input('a').type);
    return elementwise(graph, 'Mul', [difference, difference], difference.type);
  },
  // ONNX's Div truncates integers, tfjs's FloorDiv rounds down.
  FloorDiv: ({ graph, input }) => {
    const [a, b] = [cast(graph, input('a'), 'float32'), cast(graph, input('b'), 'float32')];
    const quotient = elementwise(graph, 'Div', [a, b], 'float32');
    return cast(graph, elementwise(graph, 'Floor', [quotient], 'float32'), 'int32');
  },

  Greater: comparison('Greater'),
  GreaterEqual: comparison('GreaterOrEqual'),
  Less: comparison('Less'),
  LessEqual: comparison('LessOrEqual'),
  Equal: comparison('Equal'),
  NotEqual: ({ graph, input }) => not(graph, elementwise(graph, 'Equal', [input('a'), input('b')], 'bool')),
  LogicalAnd: comparison('And'),
  LogicalOr: comparison('Or'),
  LogicalNot: ({ graph, input }) => not(graph, cast(graph, input('x'), 'bool')),
  IsNan: ({ graph, input }) => elementwise(graph, 'IsNaN', [input('x')], 'bool'),

  Relu: unary('Relu'),
  Sigmoid: unary('Sigmoid'),
  Softplus: unary('Softplus'),
  Tanh: unary('Tanh'),
  Erf: unary('Erf'),
  Exp: unary('Exp'),
  Log: unary('Log'),
  Neg: unary('Neg'),
  Sqrt: unary('Sqrt'),
  Abs: unary('Abs'),
  Sign: unary('Sign'),
  Floor: unary('Floor'),
  Sin: unary('Sin'),
  Cos: unary('Cos'),
  Reciprocal: unary('Reciprocal'),
  Square: ({ graph, input }) => elementwise(graph, 'Mul', [input('x'), input('x')], input('x').type),
  Rsqrt: ({ graph, input }) => {
    const root = elementwise(graph, 'Sqrt', [input('x')], 'float32');
    return elementwise(graph, 'Reciprocal', [root], 'float32');
  },
  Log1p: ({ graph, input }) => {
    const x = input('x');
    const number = (value: number) => scalar(graph, 'float32', value);
    const float = (op: string, ...operands: readonly Value[]) => elementwise(graph, op, operands, 'float32');
    // For small x, 1 + x loses digits, and WGSL's log is inaccurate near 1. There it is 2 artanh(x / (2 + x)), as its
    // series.
    const z = float('Div', x, float('Add', x, number(2)));
    const square = float('Mul', z, z);
    const series = [1 / 9, 1 / 7, 1 / 5, 1 / 3, 1]
      .map(number)
      .reduce((sum, term) => float('Add', float('Mul', sum, square), term));
    const small = elementwise(graph, 'Less', [float('Abs', x), number(0.4)], 'bool');
    return float('Where', small, float('Mul', float('Add', z, z), series), float('Log', float('Add', x, number(1))));
  },
  // 1 where x > 0, else alpha (not 0): the derivative of relu with alpha 0, of abs with alpha -1. ONNX has no such
  // operator.
  Step: ({ graph, input, attributes }) => {
    const alpha = float(attributes.has('alpha') ? attributes.number('alpha') : 0);
    return elementwise(graph, 'Step', [input('x')], input('x').type, { alpha });
  },
  ClipByValue: ({ graph, input, attributes }) => {
    const x = input('x');
    const bounds = ['clipValueMin', 'clipValueMax'].map((name) => scalar(graph, x.type, attributes.number(name)));
    return elementwise(graph, 'Clip', [x, ...bounds], x.type);
  },
  Select: ({ graph, input }) => {
    const [t, e] = [input('t'), input('e')];
    const condition = cast(graph, input('condition'), 'bool');
    return elementwise(graph, 'Where', [condition, t, e], t.type);
  },
  Cast: ({ graph, input, attributes }) => cast(graph, input('x'), elementType(attributes.text('dtype'))),
  Identity: ({ input }) => input('x'),
  ZerosLike: ({ graph, input }) => uniform(graph, input('x').type, input('x').shape, 0),
  OnesLike: ({ graph, input }) => uniform(graph, input('x').type, input('x').shape, 1),
};

function unary(op: string): Translation {
  return ({ graph, input }) => elementwise(graph, op, [input('x')], input('x').type);
}

function binary(op: string): Translation {
  return ({ graph, input }) => elementwise(graph, op, [input('a'), input('b')], input('a').type);
}

function comparison(op: string): Translation {
  return ({ graph, input }) => elementwise(graph, op, [input('a'), input('b')], 'bool');
}

function not(graph: Graph, value: Value): Value {
  return elementwise(graph, 'Not', [value], 'bool');
}

/** Kernels that move, cut, join or create elements without arithmetic. */
export const shapeKernels: Translations = {
  Reshape: ({ graph, input, attributes }) => {
    const x = input('x');
    const wanted = attributes.numbers('shape');
    const knownSize = wanted.reduce((product, length) => (length === -1 ? product : product * length), 1);
    const size = x.shape.reduce((product, length) => product * length, 1);
    return reshape(
      graph,
      x,
      wanted.map((length) => (length === -1 ? size / knownSize : length)),
    );
  },
  ExpandDims: ({ graph, input, attributes }) => {
    const x = input('input');
    return reshape(graph, x, x.shape.toSpliced(attributes.axis('dim', x.shape.length + 1), 0, 1));
  },
  Transpose: ({ graph, input, attributes }) => transpose(graph, input('x'), attributes.numbers('perm')),
  Concat: ({ graph, inputs, attributes }) =>
    concat(graph, inputs, attributes.axis('axis', inputs[0]?.shape.length ?? 0)),
  Pack: ({ graph, inputs, attributes }) => {
    const axis = attributes.axis('axis', (inputs[0]?.shape.length ?? 0) + 1);
    return concat(
      graph,
      inputs.map((x) => reshape(graph, x, x.shape.toSpliced(axis, 0, 1))),
      axis,
    );
  },
  Slice: ({ graph, input, attributes }) => {
    const x = input('x');
    const { begin, size } = attributes.slice(x.shape);
    return slice(
      graph,
      x,
      begin.map((start, axis) => ({ start, count: size[axis] ?? 0 })),
    );
  },
  SplitV: ({ graph, input, attributes }) => {
    const x = input('x');
    const axis = attributes.axis('axis', x.shape.length);
    const sizes = splitSizes(attributes.numbersOrOne('numOrSizeSplits'), side(x, axis));
    return split(graph, x, axis, sizes);
  },
  Unpack: ({ graph, input, attributes }) => {
    const x = input('value');
    const axis = attributes.axis('axis', x.shape.length);
    const parts = split(
      graph,
      x,
      axis,
      Array.from({ length: side(x, axis) }, () => 1),
    );
    return parts.map((part) => reshape(graph, part, x.shape.toSpliced(axis, 1)));
  },
  Tile: ({ graph, input, attributes }) => {
    const x = input('x');
    const repeats = attributes.numbers('reps');
    const shape = x.shape.map((length, axis) => length * (repeats[axis] ?? 1));
    if (x.shape.every((length, axis) => length === 1 || repeats[axis] === 1)) return expand(graph, x, shape);
    return graph.node('Tile', [x, integers(graph, repeats)], { type: x.type, shape });
  },
  PadV2: ({ graph, input, attributes }) => {
    const x = input('x');
    const paddings = attributes.pairs('paddings');
    if (paddings.every(([before, after]) => before === 0 && after === 0)) return x;
    const shape = x.shape.map((length, axis) => length + (paddings[axis]?.[0] ?? 0) + (paddings[axis]?.[1] ?? 0));
    const bounds = [...paddings.map(([before]) => before), ...paddings.map(([, after]) => after)];
    const filler = scalar(graph, x.type, attributes.number('constantValue'));
    return graph.node('Pad', [x, integers(graph, bounds), filler], { type: x.type, shape });
  },
  Fill: ({ graph, attributes }) => {
    const type = attributes.has('dtype') ? elementType(attributes.text('dtype')) : 'float32';
    return uniform(graph, type, attributes.numbers('shape'), attributes.number('value'));
  },
  Range: ({ graph, attributes }) => {
    const [start, stop, step] = [attributes.number('start'), attributes.number('stop'), attributes.number('step')];
    const length = Math.max(0, Math.ceil((stop - start) / step));
    const values = Array.from({ length }, (_, index) => start + index * step);
    return attributes.text('dtype') === 'int32'
      ? graph.constant('int32', [length], Int32Array.from(values))
      : graph.constant('float32', [length], Float32Array.from(values));
  },
  OneHot: ({ graph, input, attributes }) => {
    const indices = input('indices');
    const depth = attributes.number('depth');
    const type = attributes.has('dtype') ? elementType(attributes.text('dtype')) : 'float32';
    const values = [attributes.number('offValue'), attributes.number('onValue')];
    // ONNX counts negative indexes from the end, and tfjs ignores them. So a comparison is used instead.
    const places = graph.constant(
      'int32',
      [depth],
      Int32Array.from({ length: depth }, (_, place) => place),
    );
    const shape = [...indices.shape, depth];
    const hit = graph.node('Equal', [reshape(graph, indices, [...indices.shape, 1]), places], { type: 'bool', shape });
    const [off, on] = values.map((value) => scalar(graph, type, value));
    return off && on ? graph.node('Where', [hit, on, off], { type, shape }) : [];
  },
};

function concat(graph: Graph, inputs: readonly Value[], axis: number): Value {
  const parts = inputs.filter((part) => part.shape.every((length) => length > 0));
  const first = must(parts[0] ?? inputs[0], 'part of a concatenation');
  if (parts.length <= 1) return first;
  const shape = first.shape.with(
    axis,
    parts.reduce((sum, part) => sum + side(part, axis), 0),
  );
  return graph.node('Concat', parts, { type: first.type, shape }, { axis: int(axis) });
}

function slice(graph: Graph, x: Value, ranges: readonly { readonly start: number; readonly count: number }[]): Value {
  const cut = ranges.flatMap((range, axis) => (range.count === side(x, axis) ? [] : [{ ...range, axis }]));
  if (cut.length === 0) return x;
  const bounds = [
    cut.map(({ start }) => start),
    cut.map(({ start, count }) => start + count),
    cut.map(({ axis }) => axis),
  ].map((numbers) => integers(graph, numbers));
  return graph.node('Slice', [x, ...bounds], { type: x.type, shape: ranges.map(({ count }) => count) });
}

/** Sizes from a number of equal parts, or from a list in which one size may be -1: the remainder. */
function splitSizes(wanted: number | readonly number[], length: number): readonly number[] {
  if (typeof wanted === 'number') return Array.from({ length: wanted }, () => length / wanted);
  const knownSize = wanted.reduce((sum, size) => (size === -1 ? sum : sum + size), 0);
  return wanted.map((size) => (size === -1 ? length - knownSize : size));
}

export function elementType(dtype: string): ElementType {
  if (dtype === 'float32' || dtype === 'int32' || dtype === 'bool') return dtype;
  throw new Error(`the compiled engine has no element type '${dtype}'`);
}

/** By the name of the tfjs kernel. */
export const translations: Translations = {
  ...elementwiseKernels,
  ...shapeKernels,
  ...reductionKernels,
  ...productKernels,
  ...gatherKernels,
};
