import { broadcastShape, float, int, side, transpose } from '../build.js';
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
  const result = (shape: readonly number[]) => ({ type: a.type, shape: [...batch, ...shape] });
  if (!transposeA && !transposeB) return graph.node('MatMul', [a, b], result([rows, columns]));
  const fused = (left: Value, right: Value, shape: readonly number[], transposeRight: boolean) => {
    const flags = { transA: int(transposeA ? 1 : 0), transB: int(transposeRight ? 1 : 0), alpha: float(1) };
    return graph.node('FusedMatMul', [left, right], result(shape), flags, 'com.microsoft');
  };
  // A few columns (a gate's weights' gradient): ONNX Runtime pads them to 16, and transposes the large side instead of
  // the small one. Computed as its own transpose, such a product takes a third of the time.
  if (transposeA && !transposeB && columns > 1 && columns < 16 && columns < rows) {
    const swapped = fused(b, a, [columns, rows], false);
    const axes = [...swapped.shape.keys()];
    return transpose(graph, swapped, [...axes.slice(0, -2), axes.length - 1, axes.length - 2]);
  }
  return fused(a, b, [rows, columns], transposeB);
}
