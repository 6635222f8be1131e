import { float, scalar } from '../record/graph.js';
import { elementwise, type Pass, pass } from './pass.js';

/** `Step` in ONNX operators. */
export const stepFunctions: Pass = pass((node, [x], graph) => {
  if (node.op !== 'Step' || !x) return undefined;
  const { alpha } = node.attributes;
  const otherwise = alpha && 'kind' in alpha && alpha.kind === 'float' ? alpha.value : 0;
  if (otherwise === 0 && x.type === 'float32') {
    // HardSigmoid is max(0, min(1, slope * x)). With the steepest slope it is 1 for every x > 0 that is not denormal.
    // It takes half the time of a comparison and a cast. The relu already exists: reading its result instead of its
    // operand lets ONNX Runtime compute in place.
    const positive = elementwise(graph, 'Relu', [x], 'float32');
    return elementwise(graph, 'HardSigmoid', [positive], 'float32', { alpha: float(largestFloat32), beta: float(0) });
  }
  const positive = elementwise(graph, 'Greater', [x, scalar(graph, x.type, 0)], 'bool');
  return elementwise(graph, 'Where', [positive, scalar(graph, x.type, 1), scalar(graph, x.type, otherwise)], x.type);
});

const largestFloat32 = 3.4028234663852886e38;
