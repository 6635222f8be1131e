import { sizeOf } from '../../../support/arrays.js';
import { int, reshape, sameShape, side, transpose } from '../../lower/build.js';
import type { Graph, Node, Value } from '../graph.js';

export interface Product {
  readonly graph: Graph;
  readonly a: Value;
  readonly b: Value;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

/*
 * Weights times each block of a batch, [1, ..., outputs, inputs] x [blocks, ..., inputs, columns]: a convolution with kernels of one element,
 * inputs and outputs being channels, and what is between blocks and inputs being groups of them. ONNX Runtime's CPU adds a convolution's
 * bias, and applies a relu that follows it, while the result of a product is in the cache.
 */

/** The product as a convolution, where it is one. */
export function blockwise({ graph, a, b, transposeA, transposeB }: Product): Value | undefined {
  const [blocks = 0, ...groups] = b.shape.slice(0, -2);
  const members = sizeOf(groups);
  const weights = [1, ...groups];
  // A single product is shared among the threads; a convolution would do so with sums that depend on how.
  if (transposeB || a.type !== 'float32' || !sameShape(a.shape.slice(0, -2), weights) || blocks * members < 2)
    return undefined;
  const [outputs, inputs, columns] = [side(a, transposeA ? -1 : -2), side(b, -2), side(b, -1)];
  // In two sides if it can be: with more, ONNX Runtime may make one slow transposition of it and the change of shape.
  const matrices = reshape(graph, a, [...(members === 1 ? [] : [members]), side(a, -2), side(a, -1)]);
  const turned = transposeA ? transpose(graph, matrices, members === 1 ? [1, 0] : [0, 2, 1]) : matrices;
  const made = graph.node(
    'Conv',
    [
      reshape(graph, b, [blocks, members * inputs, columns]),
      reshape(graph, turned, [members * outputs, inputs, 1]), // one element
    ],
    { type: 'float32', shape: [blocks, members * outputs, columns] },
    { group: int(members) },
  );
  return reshape(graph, made, [blocks, ...groups, outputs, columns]);
}

/** The sum of a convolution, however shaped, and one number for each of its outputs. */
export function biased(graph: Graph, sum: Value, bias: Value): Value | undefined {
  const node = convolution(sum);
  const [input, weight, biasBefore] = node?.inputs ?? [];
  const [made] = node?.outputs ?? [];
  if (!node || !input || !weight || !made || biasBefore || bias.shape.length > sum.shape.length) return undefined;
  const [, channels = 0, columns = 0] = made.shape;
  const outputs = sum.shape.slice(1, -1);
  const biasSides = [...Array(sum.shape.length - bias.shape.length).fill(1), ...bias.shape];
  if (side(sum, -1) !== columns || sizeOf(outputs) !== channels || !sameShape(biasSides, [1, ...outputs, 1]))
    return undefined;
  const inputs = [input, weight, reshape(graph, bias, [channels])];
  return reshape(graph, graph.node('Conv', inputs, made, node.attributes), sum.shape);
}

function convolution({ origin }: Value): Node | undefined {
  if (origin.kind !== 'node') return undefined;
  const [source] = origin.node.inputs;
  if (origin.node.op === 'Reshape' && source) return convolution(source);
  return origin.node.op === 'Conv' ? origin.node : undefined;
}
