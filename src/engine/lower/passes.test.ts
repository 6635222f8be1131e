import { describe, expect, it } from 'vitest';
import {
  type Attributes,
  type ElementType,
  elementwise,
  expand,
  float,
  Graph,
  int,
  integers,
  liveNodes,
  reshape,
  type StepGraph,
  scalar,
  split,
  text,
  transpose,
  uniform,
  type Value,
} from '../record/graph.js';
import { blockProducts } from './block-products.js';
import { simplified } from './pass.js';
import { fusedProducts, gemmProducts, plainProducts, steadyProducts } from './products.js';
import { stepFunctions, sumsAsProducts, unsharedScatters } from './rewrites.js';
import { narrowConcats, narrowSplits } from './webgpu.js';

it('leaves out multiplications by one and additions of zero', () => {
  const step = stepGraph({ x: [2] }, (graph, input) => {
    const ones = uniform(graph, 'float32', [2], 1);
    const same = elementwise(graph, 'Mul', [ones, elementwise(graph, 'Mul', [input('x'), ones], 'float32')], 'float32');
    const also = elementwise(graph, 'Add', [scalar(graph, 'float32', 0), same], 'float32');
    return { y: elementwise(graph, 'Div', [also, ones], 'float32') };
  });
  expect(printGraph(simplified(step))).toEqual(['y = x']);
});

it('broadcasts the end of a chain, not its operands', () => {
  const step = stepGraph({ x: [], y: [2, 3] }, (graph, input) => {
    const wide = expand(graph, input('x'), [2, 3]);
    const root = elementwise(graph, 'Sqrt', [wide], 'float32');
    return { root, sum: elementwise(graph, 'Add', [root, input('y')], 'float32') };
  });
  expect(printGraph(simplified(step))).toEqual([
    'a [] = Sqrt(x)',
    'b [2,3] = Expand(a, <2 3>)',
    'c [2,3] = Add(a, y)',
    'root = b',
    'sum = c',
  ]);
});

it('makes one reshape of several, and of a transposition that moves sides of 1 alone', () => {
  const step = stepGraph({ x: [2, 1, 3] }, (graph, input) => {
    const turned = transpose(graph, input('x'), [1, 0, 2]);
    return { flat: reshape(graph, reshape(graph, turned, [3, 2]), [6]), same: reshape(graph, turned, [2, 1, 3]) };
  });
  expect(printGraph(simplified(step))).toEqual(['a [6] = Reshape(x, <6>)', 'flat = a', 'same = x']);
});

it('keeps one of equal nodes, and none that no result needs', () => {
  const step = stepGraph({ x: [2] }, (graph, input) => {
    const [x, one] = [input('x'), scalar(graph, 'float32', 1)];
    const exp = elementwise(graph, 'Exp', [x], 'float32');
    elementwise(graph, 'Log', [x], 'float32');
    return { y: elementwise(graph, 'Exp', [elementwise(graph, 'Mul', [x, one], 'float32')], 'float32'), exp };
  });
  expect(printGraph(simplified(step))).toEqual(['a [2] = Exp(x)', 'y = a', 'exp = a']);
});

it('parts of a vector that are joined in their order are the vector', () => {
  const step = stepGraph({ x: [4] }, (graph, input) => {
    const [a, b] = split(graph, input('x'), 0, [2, 2]);
    const joined = (parts: readonly Value[]) =>
      graph.node('Concat', parts, input('x'), { axis: { kind: 'int', value: 0 } });
    return a && b ? { same: joined([a, b]), turned: joined([b, a]) } : {};
  });
  expect(printGraph(simplified(step))).toEqual([
    'a [2], b [2] = Split(x, <2 2>)',
    'c [4] = Concat(b, a)',
    'same = x',
    'turned = c',
  ]);
});

describe('weights times two blocks of a batch, with a bias and a relu', () => {
  const step = stepGraph({ w: [1, 6, 5], x: [2, 5, 8], bias: [1, 6, 1] }, (graph, input) => {
    const made = product(graph, input('w'), input('x'), [2, 6, 8]);
    const layer = reshape(graph, made, [2, 3, 2, 8]);
    const sum = elementwise(graph, 'Add', [layer, reshape(graph, input('bias'), [1, 3, 2, 1])], 'float32');
    return { y: elementwise(graph, 'Relu', [sum], 'float32') };
  });

  it('are one convolution where each thread has a block', () => {
    expect(printGraph(blockProducts(2)(step))).toEqual([
      'a [6,5,1] = Reshape(w, <6 5 1>)',
      'b [6] = Reshape(bias, <6>)',
      'c [2,6,8] = Conv(x, a, b) group=1',
      'd [2,6,8] = Relu(c)',
      'e [2,3,2,8] = Reshape(d, <2 3 2 8>)',
      'y = e',
    ]);
  });

  it('are a product of matrices for more threads', () => {
    expect(printGraph(blockProducts(3)(step))).toEqual([
      'a [1,1,6,5] = Reshape(w, <1 1 6 5>)',
      'b [2,1,5,8] = Reshape(x, <2 1 5 8>)',
      'c [2,1,6,8] = MatMul(a, b)',
      'd [2,3,2,8] = Reshape(c, <2 3 2 8>)',
      'e [1,3,2,1] = Reshape(bias, <1 3 2 1>)',
      'f [2,3,2,8] = Add(d, e)',
      'g [2,3,2,8] = Relu(f)',
      'y = g',
    ]);
  });
});

it('members that read a stream each are groups, and transposed weights are turned once', () => {
  const step = stepGraph({ w: [1, 3, 5, 6], x: [2, 3, 5, 8] }, (graph, input) => ({
    y: product(graph, input('w'), input('x'), [2, 3, 6, 8], 1),
  }));
  expect(printGraph(blockProducts(6)(step))).toEqual([
    'a [3,5,6] = Reshape(w, <3 5 6>)',
    'b [3,6,5] = Transpose(a) perm=0 2 1',
    'c [2,15,8] = Reshape(x, <2 15 8>)',
    'd [18,5,1] = Reshape(b, <18 5 1>)',
    'e [2,18,8] = Conv(c, d) group=3',
    'f [2,3,6,8] = Reshape(e, <2 3 6 8>)',
    'y = f',
  ]);
});

it.each([
  ['one block', { w: [1, 6, 5], x: [1, 5, 8] }, [1, 6, 8], 0],
  ['weights for each block', { w: [2, 6, 5], x: [2, 5, 8] }, [2, 6, 8], 0],
  ['transposed blocks', { w: [1, 6, 8], x: [2, 5, 8] }, [2, 6, 5], 1],
])('%s: stays a product', (_, inputs, shape, transB) => {
  const step = stepGraph(inputs, (graph, input) => ({ y: product(graph, input('w'), input('x'), shape, 0, transB) }));
  expect(printGraph(blockProducts(1)(step))).toEqual(printGraph(step));
});

const matrices = stepGraph({ x: [4, 2], y: [3, 4] }, (graph, input) => ({
  plain: product(graph, input('y'), input('x'), [3, 2]),
  flagged: product(graph, input('x'), input('y'), [2, 3], 1, 1),
  turned: product(graph, transpose(graph, input('x'), [1, 0]), input('y'), [2, 3], 0, 1),
}));

const batches = stepGraph({ x: [2, 4, 5], y: [1, 4, 6] }, (graph, input) => ({
  left: product(graph, input('x'), input('y'), [2, 5, 6], 1),
}));

it('reads transposed operands as they lie, by `FusedMatMul`', () => {
  expect(printGraph(matrices)).toEqual([
    'a [3,2] = Product(y, x)',
    'b [2,3] = Product(x, y) transA=1 transB=1',
    'c [2,4] = Transpose(x) perm=1 0',
    'd [2,3] = Product(c, y) transB=1',
    'plain = a',
    'flagged = b',
    'turned = d',
  ]);
  const fused = [
    'a [3,2] = MatMul(y, x)',
    'b [2,3] = FusedMatMul(x, y) transA=1 transB=1 alpha=1',
    'plain = a',
    'flagged = b',
    'turned = b',
  ];
  expect(printGraph(fusedProducts(matrices))).toEqual(fused);
  expect(printGraph(steadyProducts(matrices))).toEqual(fused);
  expect(printGraph(fusedProducts(batches))).toEqual(['a [2,5,6] = FusedMatMul(x, y) transA=1 alpha=1', 'left = a']);
});

it('an exported file has the operators of WebGPU, also for a few long sums', () => {
  expect(printGraph(plainProducts(matrices))).toEqual(printGraph(gemmProducts(matrices)));
  const long = stepGraph({ x: [3, 30_000], y: [30_000, 1] }, (graph, input) => ({
    sums: product(graph, input('x'), input('y'), [3, 1]),
  }));
  expect(printGraph(plainProducts(long))).toEqual(['a [3,1] = MatMul(x, y)', 'sums = a']);
  expect(printGraph(gemmProducts(long)).join()).toContain('ReduceSum');
});

it('for WebGPU, `Gemm` has the flags of two matrices, and batches are transposed', () => {
  expect(printGraph(gemmProducts(matrices))).toEqual([
    'a [3,2] = MatMul(y, x)',
    'b [2,3] = Gemm(x, y) transA=1 transB=1',
    'plain = a',
    'flagged = b',
    'turned = b',
  ]);
  expect(printGraph(gemmProducts(batches))).toEqual([
    'a [2,5,4] = Transpose(x) perm=0 2 1',
    'b [2,5,6] = MatMul(a, y)',
    'left = b',
  ]);
});

it('writes products whose bits depend on threads in another form', () => {
  const lines = (x: readonly number[], y: readonly number[], shape: readonly number[]) =>
    printGraph(
      steadyProducts(stepGraph({ x, y }, (graph, input) => ({ z: product(graph, input('x'), input('y'), shape) }))),
    );
  // A column.
  expect(lines([3, 4], [4, 1], [3, 1])).toEqual([
    'a [1,4] = Reshape(y, <1 4>)',
    'b [3,1] = FusedMatMul(x, a) transB=1 alpha=1',
    'z = b',
  ]);
  // Two long rows: elementwise.
  expect(lines([2, 20_000], [20_000, 2], [2, 2])).toEqual([
    'a [2,20000] = Transpose(y) perm=1 0',
    'b [2,1,20000] = Reshape(x, <2 1 20000>)',
    'c [1,2,20000] = Reshape(a, <1 2 20000>)',
    'd [2,2,20000] = Mul(b, c)',
    'e [2,2] = ReduceSum(d, <2>)',
    'z = e',
  ]);
  // Columns that two threads would share with sums of 64 or fewer each.
  expect(lines([9, 300], [300, 64], [9, 64])).toEqual([
    'a [64,9] = FusedMatMul(y, x) transA=1 transB=1 alpha=1',
    'b [9,64] = Transpose(a) perm=1 0',
    'z = b',
  ]);
});

function sumOver(shape: readonly number[], axes: readonly number[]) {
  return stepGraph({ x: shape }, (graph, input) => {
    const kept = shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
    const type = { type: 'float32', shape: kept } as const;
    return { y: graph.node('ReduceSum', [input('x'), integers(graph, axes)], type, { keepdims: int(1) }) };
  });
}

it('multiplies with a row of ones where rows are summed', () => {
  expect(printGraph(sumsAsProducts(sumOver([3, 2], [0])))).toEqual(['a [1,2] = MatMul(<1 1 1>, x)', 'y = a']);
  expect(printGraph(sumsAsProducts(sumOver([2, 2, 5, 4], [1])))).toEqual([
    'a [2,2,20] = Reshape(x, <2 2 20>)',
    'b [2,1,20] = MatMul(<1 1>, a)',
    'c [2,1,5,4] = Reshape(b, <2 1 5 4>)',
    'y = c',
  ]);
});

it.each([
  ['the last axis', [3, 2], [1]],
  ['two axes', [3, 2, 4], [0, 1]],
])('%s: stays a sum', (_, shape, axes) => {
  expect(printGraph(sumsAsProducts(sumOver(shape, axes)))).toEqual(printGraph(sumOver(shape, axes)));
});

const scatter = (rows: number, width: number) =>
  stepGraph({ start: [5, width], places: { type: 'int64', shape: [rows, 1] }, x: [rows, width] }, (graph, input) => {
    const type = { type: 'float32', shape: [5, width] } as const;
    const inputs = [input('start'), input('places'), input('x')];
    return { y: graph.node('ScatterND', inputs, type, { reduction: text('add') }) };
  });

it('cuts a scatter that threads would share', () => {
  expect(printGraph(unsharedScatters(scatter(60_000, 4)))).toEqual([
    'a [50000,1], b [10000,1] = Split(places, <50000 10000>)',
    'c [50000,4], d [10000,4] = Split(x, <50000 10000>)',
    'e [5,4] = ScatterND(start, a, c) reduction=add',
    'f [5,4] = ScatterND(e, b, d) reduction=add',
    'y = f',
  ]);
  expect(printGraph(unsharedScatters(scatter(50_000, 4)))).toEqual(printGraph(scatter(50_000, 4)));
});

it('a step from 0 is the steepest sigmoid of the relu that is there', () => {
  const step = stepGraph({ x: [2] }, (graph, input) => ({
    relu: elementwise(graph, 'Relu', [input('x')], 'float32'),
    y: elementwise(graph, 'Step', [input('x')], 'float32', { alpha: float(0) }),
  }));
  expect(printGraph(stepFunctions(step))).toEqual([
    'a [2] = Relu(x)',
    'b [2] = HardSigmoid(a) alpha=3.4028234663852886e+38',
    'relu = a',
    'y = b',
  ]);
});

const letters = Array.from('pqrstuvw');

it('concatenates no more arrays at once than a shader may have', () => {
  const step = stepGraph(Object.fromEntries(letters.map((name) => [name, [1, 2]])), (graph, input) => ({
    y: graph.node('Concat', letters.map(input), { type: 'float32', shape: [8, 2] }, { axis: int(0) }),
  }));
  expect(printGraph(narrowConcats(step))).toEqual([
    'a [4,2] = Concat(p, q, r, s)',
    'b [4,2] = Concat(t, u, v, w)',
    'c [8,2] = Concat(a, b)',
    'y = c',
  ]);
});

it('splits into no more arrays at once than a shader may have', () => {
  const step = stepGraph({ x: [8, 2] }, (graph, input) => {
    const parts = split(graph, input('x'), 0, Array(8).fill(1));
    return Object.fromEntries(parts.map((part, index) => [`y${index}`, part]));
  });
  const outputs = (names: string) => Array.from(names, (name, index) => `y${index} = ${name}`);
  expect(printGraph(narrowSplits(step))).toEqual([
    'a [1,2], b [1,2], c [1,2], d [1,2], e [1,2], f [1,2], g [2,2] = Split(x, <1 1 1 1 1 1 2>)',
    'h [1,2], i [1,2] = Split(g, <1 1>)',
    ...outputs('abcdefhi'),
  ]);
});

type Sides = readonly number[];
type Given = Readonly<Record<string, Sides | { readonly type: ElementType; readonly shape: Sides }>>;

/** For tests: a graph of these inputs, by hand. */
function stepGraph(
  inputs: Given,
  build: (graph: Graph, input: (name: string) => Value) => Readonly<Record<string, Value>>,
): StepGraph {
  const graph = new Graph();
  const batch = new Map(
    Object.entries(inputs).map(([name, given]) => {
      const { type, shape } = 'type' in given ? given : { type: 'float32' as const, shape: given };
      return [name, graph.input(name, type, shape)];
    }),
  );
  const input = (name: string) => {
    const value = batch.get(name);
    if (!value) throw new Error(`no input '${name}'`);
    return value;
  };
  return { graph, state: new Map(), batch, next: new Map(), outputs: new Map(Object.entries(build(graph, input))) };
}

/** A product of operands of three sides or more, as it is recorded. */
function product(graph: Graph, a: Value, b: Value, shape: Sides, transA = 0, transB = 0): Value {
  const flag = (value: number) => ({ kind: 'int', value }) as const;
  return graph.node('Product', [a, b], { type: a.type, shape }, { transA: flag(transA), transB: flag(transB) });
}

/**
 * For tests: the nodes that the results need, a line each, and the results. Results are named a, b, c; constants are
 * written out.
 */
function printGraph({ graph, next, outputs }: StepGraph): string[] {
  const nodes = liveNodes(graph, [...next.values(), ...outputs.values()]);
  const names = new Map<Value, string>();
  for (const value of nodes.flatMap((node) => node.outputs))
    names.set(value, names.size < 26 ? String.fromCharCode(97 + names.size) : `n${names.size}`);
  const valueName = (value: Value) => {
    if (value.origin.kind === 'input') return value.origin.name;
    if (value.origin.kind === 'node') return names.get(value) ?? '?';
    const elements = Array.from(value.origin.data, Number);
    return value.shape.length === 0 ? String(elements[0]) : `<${elements.join(' ')}>`;
  };
  return [
    ...nodes.map(({ op, inputs, outputs: made, attributes }) => {
      const results = made.map((value) => `${valueName(value)} [${value.shape}]`).join(', ');
      return `${results} = ${op}(${inputs.map(valueName).join(', ')})${written(attributes)}`;
    }),
    ...Array.from([...next, ...outputs], ([name, value]) => `${name} = ${valueName(value)}`),
  ];
}

function written(attributes: Attributes): string {
  const parts = Object.entries(attributes).flatMap(([name, attribute]) => {
    if (!('kind' in attribute)) return [`${name}=${attribute.join(' ')}`];
    return attribute.value === 0 ? [] : [`${name}=${attribute.value}`];
  });
  return parts.length > 0 ? ` ${parts.join(' ')}` : '';
}
