import { expect, it } from 'vitest';
import type { Value } from '../record/graph.js';
import { elementwise, expand, reshape, scalar, split, transpose, uniform } from '../record/graph.js';
import { printGraph, stepGraph } from './pass.fixture.js';
import { simplified } from './pass.js';

it('leaves out multiplications by one and additions of zero', () => {
  const step = stepGraph({ x: [2] }, (graph, input) => {
    const ones = uniform(graph, 'float32', [2], 1);
    const same = elementwise(graph, 'Mul', [input('x'), ones], 'float32');
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
