import { broadcastShape, float, int, side } from '../build.js';
import type { Graph, Value } from '../graph.js';
import type { Translations } from './translation.js';

export const productKernels: Translations = {
  BatchMatMul: ({ graph, input, attributes }) =>
    product(graph, input('a'), input('b'), attributes.flag('transposeA'), attributes.flag('transposeB')),
};

function product(graph: Graph, a: Value, b: Value, transposeA: boolean, transposeB: boolean): Value {
  const rows = side(a, transposeA ? -1 : -2);
  const columns = side(b, transposeB ? -2 : -1);
  const batch = broadcastShape([a, b].map(({ shape }) => ({ shape: shape.slice(0, -2) })));
  const output = { type: a.type, shape: [...batch, rows, columns] };
  if (!transposeA && !transposeB) return graph.node('MatMul', [a, b], output);
  const flags = { transA: int(transposeA ? 1 : 0), transB: int(transposeB ? 1 : 0), alpha: float(1) };
  return graph.node('FusedMatMul', [a, b], output, flags, 'com.microsoft');
}
