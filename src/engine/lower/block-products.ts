import { elementCount } from '../../support/arrays.js';
import { type Graph, int, integerAttribute, type Node, sameShape, side, type Value } from '../record/graph.js';
import { elementwise, type GraphPass, pass, reshape, transpose } from './pass.js';

/**
 * Turns weights times each block of a batch, [1, ..., outputs, inputs] x [blocks, ..., inputs, columns], into a
 * convolution. Kernels have one element, inputs and outputs are channels, and the sides between blocks and inputs are
 * groups. ONNX Runtime's CPU then adds the bias and applies a following relu while the result is in the cache. Each
 * block and group is work for one thread. If there are fewer of them than threads, the convolution becomes a matrix
 * product.
 */
export function blockProducts(threads: number): GraphPass {
  return pass((node, inputs, graph) => {
    const [a, b] = inputs;
    if (node.op === 'Product' && a && b) return blockProduct(graph, node, a, b, threads);
    if (node.op === 'Add' && a && b) return biased(graph, a, b) ?? biased(graph, b, a);
    // Applied to the value before its reshape, so that ONNX Runtime fuses it with the convolution.
    if (node.op === 'Relu' && a) return relu(graph, a);
    return undefined;
  });
}

function blockProduct(graph: Graph, node: Node, a: Value, b: Value, threads: number): Value | undefined {
  const [result] = node.outputs;
  const [blocks = 0, ...groups] = b.shape.slice(0, -2);
  const members = elementCount(groups);
  // Threads share a single product. As a convolution, its sums would depend on how they share it.
  if (!result || blocks * members < 2 || integerAttribute(node, 'transB') === 1 || a.type !== 'float32')
    return undefined;
  if (!sameShape(a.shape.slice(0, -2), [1, ...groups])) return undefined;
  const weights = weightMatrices(graph, node, a, members);
  const [outputs, inputs, columns] = [side(weights, -2), side(weights, -1), side(b, -1)];
  if (blocks * members < threads) {
    const operands = [
      reshape(graph, weights, [1, members, outputs, inputs]),
      reshape(graph, b, [blocks, members, inputs, columns]),
    ];
    const type = { type: result.type, shape: [blocks, members, outputs, columns] };
    return reshape(graph, graph.node('MatMul', operands, type), result.shape);
  }
  const operands = [
    reshape(graph, b, [blocks, members * inputs, columns]),
    reshape(graph, weights, [members * outputs, inputs, 1]), // one element
  ];
  const type = { type: result.type, shape: [blocks, members * outputs, columns] };
  return reshape(graph, graph.node('Conv', operands, type, { group: int(members) }), result.shape);
}

/** [members, outputs, inputs]; [outputs, inputs] of one member. */
function weightMatrices(graph: Graph, node: Node, a: Value, members: number): Value {
  // Two sides if possible. With more, ONNX Runtime may merge this reshape into one slow transposition.
  const isOne = members === 1;
  const matrices = reshape(graph, a, [...(isOne ? [] : [members]), side(a, -2), side(a, -1)]);
  return integerAttribute(node, 'transA') === 1 ? transpose(graph, matrices, isOne ? [1, 0] : [0, 2, 1]) : matrices;
}

/** Adds a bias per output to a convolution, through reshapes. */
function biased(graph: Graph, sum: Value, bias: Value): Value | undefined {
  const node = convolution(sum);
  const [input, weight, biasBefore] = node?.inputs ?? [];
  const [result] = node?.outputs ?? [];
  if (!node || !input || !weight || !result || biasBefore || bias.shape.length > sum.shape.length) return undefined;
  const [, channels = 0, columns = 0] = result.shape;
  const outputs = sum.shape.slice(1, -1);
  const biasSides = [...Array(sum.shape.length - bias.shape.length).fill(1), ...bias.shape];
  if (side(sum, -1) !== columns || elementCount(outputs) !== channels || !sameShape(biasSides, [1, ...outputs, 1]))
    return undefined;
  const inputs = [input, weight, reshape(graph, bias, [channels])];
  return reshape(graph, graph.node('Conv', inputs, result, node.attributes), sum.shape);
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
