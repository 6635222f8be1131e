import { broadcastShape, int, side } from '../build.js';
import type { Translations } from './translation.js';

export const productKernels: Translations = {
  // A `Product` is a `MatMul` of ONNX with flags for operands that are transposed in their last two sides.
  BatchMatMul: ({ graph, input, attributes }) => {
    const [a, b] = [input('a'), input('b')];
    const [transA, transB] = [attributes.flag('transposeA'), attributes.flag('transposeB')];
    const batch = broadcastShape([a, b].map(({ shape }) => ({ shape: shape.slice(0, -2) })));
    const shape = [...batch, side(a, transA ? -1 : -2), side(b, transB ? -2 : -1)];
    return graph.node(
      'Product',
      [a, b],
      { type: a.type, shape },
      { transA: int(Number(transA)), transB: int(Number(transB)) },
    );
  },
};
