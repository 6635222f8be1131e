import {
  type ElementType,
  expand,
  type Graph,
  int,
  integers,
  reshape,
  scalar,
  side,
  split,
  transpose,
  uniform,
  type Value,
} from '../graph.js';
import type { Translations } from './translation.js';

/** Kernels that move, cut, join or create elements without arithmetic. */
export const shapeKernels: Translations = {
  Reshape: ({ graph, input, attributes }) => {
    const x = input('x');
    const wanted = attributes.numbers('shape');
    const known = wanted.reduce((product, length) => (length === -1 ? product : product * length), 1);
    const size = x.shape.reduce((product, length) => product * length, 1);
    return reshape(
      graph,
      x,
      wanted.map((length) => (length === -1 ? size / known : length)),
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
  const [first] = parts.length > 0 ? parts : inputs;
  if (!first) throw new Error('a concatenation of nothing');
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
  const known = wanted.reduce((sum, size) => (size === -1 ? sum : sum + size), 0);
  return wanted.map((size) => (size === -1 ? length - known : size));
}

export function elementType(dtype: string): ElementType {
  if (dtype === 'float32' || dtype === 'int32' || dtype === 'bool') return dtype;
  throw new Error(`the compiled engine has no element type '${dtype}'`);
}
