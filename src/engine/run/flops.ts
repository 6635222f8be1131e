import { elementCount } from '../../support/arrays.js';
import { simplified } from '../lower/pass.js';
import { integerAttribute, liveNodes, type Node, type StepGraph, type Value } from '../record/graph.js';

/** Operators that do not copy elements. */
const aliases = new Set(['Reshape', 'Identity']);

/**
 * Floating-point operations of a step on any device. A matrix product has 2mnk, a sum one per element read, anything
 * else one per element written. What depends only on constants is free.
 */
export function countFlops(step: StepGraph): number {
  const { graph, next, outputs } = simplified(step);
  const nodes = liveNodes(graph, [...next.values(), ...outputs.values()]);
  const constant = new Set<Value>();
  let flops = 0;
  for (const node of nodes) {
    if (node.inputs.every((input) => input.origin.kind === 'constant' || constant.has(input))) {
      for (const output of node.outputs) constant.add(output);
      continue;
    }
    if (aliases.has(node.op)) continue;
    const counted = node.op.startsWith('Reduce') ? node.inputs.slice(0, 1) : node.outputs;
    const elements = counted.reduce((sum, { shape }) => sum + elementCount(shape), 0);
    flops += node.op === 'Product' ? 2 * innerSide(node) * elements : elements;
  }
  return flops;
}

function innerSide(node: Node): number {
  return node.inputs[0]?.shape.at(integerAttribute(node, 'transA') === 1 ? -2 : -1) ?? 0;
}
