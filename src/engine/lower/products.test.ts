import { expect, it } from 'vitest';
import { transpose } from '../record/graph.js';
import { printGraph, product, stepGraph } from './pass.fixture.js';
import { fusedProducts, gemmProducts, plainProducts, steadyProducts } from './products.js';

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
