import { expect, it } from 'vitest';
import { int, integers } from '../record/graph.js';
import { printGraph, stepGraph } from './pass.fixture.js';
import { sumsAsProducts } from './sums.js';

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
