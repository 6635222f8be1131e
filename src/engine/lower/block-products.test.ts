import { describe, expect, it } from 'vitest';
import { elementwise, reshape } from '../record/graph.js';
import { blockProducts } from './block-products.js';
import { printGraph, product, stepGraph } from './pass.fixture.js';

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
