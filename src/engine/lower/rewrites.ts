import { elementCount } from '../../support/arrays.js';
import { float, scalar, side, split } from '../record/graph.js';
import { elementwise, type GraphPass, pass, reshape } from './pass.js';

/** `Step` in ONNX operators. */
export const stepFunctions: GraphPass = pass((node, [x], graph) => {
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

/** Maximum number of sums side by side. With more, ReduceSum gives each thread a share. */
const mostSums = 16;

/** Replaces a sum over an axis that is not the last by a product with a row of ones. ReduceSum is much slower there. */
export const sumsAsProducts: GraphPass = pass((node, [x, axes], graph) => {
  const [result] = node.outputs;
  if (node.op !== 'ReduceSum' || x?.type !== 'float32' || axes?.origin.kind !== 'constant' || !result) return undefined;
  const [axis, ...others] = Array.from(axes.origin.data, Number);
  if (axis === undefined || others.length > 0) return undefined;
  const [sums, rows, columns] = [
    elementCount(x.shape.slice(0, axis)),
    x.shape[axis] ?? 0,
    elementCount(x.shape.slice(axis + 1)),
  ];
  if (sums > mostSums || columns === 1) return undefined;
  const batch = sums === 1 ? [] : [sums];
  const ones = graph.constant('float32', [...batch.map(() => 1), 1, rows], new Float32Array(rows).fill(1));
  const type = { type: x.type, shape: [...batch, 1, columns] };
  return reshape(graph, graph.node('MatMul', [ones, reshape(graph, x, [...batch, rows, columns])], type), result.shape);
});

/**
 * Below this number of elements, the CPU's threads do not share a scatter. From 210,000 on they do (Eigen's cost model,
 * one cycle an element). Threads that add to the same row at once then lose additions:
 * https://github.com/microsoft/onnxruntime/issues/18048. GPUs add atomically.
 */
const unsharedScatter = 200_000;

/** Cuts adding scatters into parts that threads do not share: few enough elements, or one row. */
export const unsharedScatters: GraphPass = pass((node, [start, indices, rows], graph) => {
  const [result] = node.outputs;
  if (node.op !== 'ScatterND' || !start || !indices || !rows || !result) return undefined;
  const most = Math.max(1, Math.floor(unsharedScatter / Math.max(1, elementCount(result.shape.slice(1)))));
  const count = side(rows, 0);
  const sizes = Array.from({ length: Math.max(1, Math.ceil(count / most)) }, (_, index) =>
    Math.min(most, count - index * most),
  );
  const indexParts = split(graph, indices, 0, sizes);
  return split(graph, rows, 0, sizes).reduce(
    (sums, added, index) =>
      graph.node('ScatterND', [sums, indexParts[index] ?? indices, added], result, node.attributes),
    start,
  );
});
