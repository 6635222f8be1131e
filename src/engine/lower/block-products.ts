import { sizeOf } from '../../support/arrays.js';
import { type Graph, int, type Node, numberOf, sameShape, side, type Value } from '../record/graph.js';
import { elementwise, type Pass, pass, reshape, transpose } from './pass.js';

/**
 * Weights times each block of a batch, [1, ..., outputs, inputs] x [blocks, ..., inputs, columns]: a convolution with kernels of one element,
 * inputs and outputs being channels, and what is between blocks and inputs being groups of them. ONNX Runtime's CPU adds a convolution's
 * bias, and applies a relu that follows it, while the result of a product is in the cache. Blocks and groups are each work for one thread:
 * where they are fewer than threads, the convolution is a product of matrices.
 */
export function blockProducts(threads: number): Pass {
  return pass((node, inputs, graph) => {
    const [a, b] = inputs;
    if (node.op === 'Product' && a && b) return blockProduct(graph, node, a, b, threads);
    if (node.op === 'Add' && a && b) return biased(graph, a, b) ?? biased(graph, b, a);
    // Of what was reshaped before it was: ONNX Runtime fuses it with the convolution that it follows.
    if (node.op === 'Relu' && a) return relu(graph, a);
    return undefined;
  });
}

function blockProduct(graph: Graph, node: Node, a: Value, b: Value, threads: number): Value | undefined {
  const [made] = node.outputs;
  const [blocks = 0, ...groups] = b.shape.slice(0, -2);
  const members = sizeOf(groups);
  // A single product is shared among the threads; a convolution would do so with sums that depend on how.
  if (!made || blocks * members < 2 || numberOf(node, 'transB') === 1 || a.type !== 'float32') return undefined;
  if (!sameShape(a.shape.slice(0, -2), [1, ...groups])) return undefined;
  // In two sides if it can be: with more, ONNX Runtime may make one slow transposition of it and the change of shape.
  const matrices = reshape(graph, a, [...(members === 1 ? [] : [members]), side(a, -2), side(a, -1)]);
  const turned =
    numberOf(node, 'transA') === 1 ? transpose(graph, matrices, members === 1 ? [1, 0] : [0, 2, 1]) : matrices;
  const [outputs, inputs, columns] = [side(turned, -2), side(turned, -1), side(b, -1)];
  if (blocks * members < threads) {
    const weights = reshape(graph, turned, [1, members, outputs, inputs]);
    const type = { type: made.type, shape: [blocks, members, outputs, columns] };
    const product = graph.node('MatMul', [weights, reshape(graph, b, [blocks, members, inputs, columns])], type);
    return reshape(graph, product, made.shape);
  }
  const operands = [
    reshape(graph, b, [blocks, members * inputs, columns]),
    reshape(graph, turned, [members * outputs, inputs, 1]), // one element
  ];
  const type = { type: made.type, shape: [blocks, members * outputs, columns] };
  return reshape(graph, graph.node('Conv', operands, type, { group: int(members) }), made.shape);
}

/** The sum of a convolution, however shaped, and one number for each of its outputs. */
function biased(graph: Graph, sum: Value, bias: Value): Value | undefined {
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

function relu(graph: Graph, x: Value): Value {
  const [source] = x.origin.kind === 'node' && x.origin.node.op === 'Reshape' ? x.origin.node.inputs : [];
  return source ? reshape(graph, relu(graph, source), x.shape) : elementwise(graph, 'Relu', [x], x.type);
}
