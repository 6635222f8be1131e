import { elementCount } from '../../support/arrays.js';
import { side, split } from '../record/graph.js';
import { type Pass, pass } from './pass.js';

/**
 * Below this number of elements, the CPU's threads do not share a scatter. From 210,000 on they do (Eigen's cost model,
 * one cycle an element). Threads that add to the same row at once then lose additions:
 * https://github.com/microsoft/onnxruntime/issues/18048. GPUs add atomically.
 */
const unsharedScatter = 200_000;

/** Cuts adding scatters into parts that threads do not share: few enough elements, or one row. */
export const unsharedScatters: Pass = pass((node, [start, places, rows], graph) => {
  const [made] = node.outputs;
  if (node.op !== 'ScatterND' || !start || !places || !rows || !made) return undefined;
  const most = Math.max(1, Math.floor(unsharedScatter / Math.max(1, elementCount(made.shape.slice(1)))));
  const count = side(rows, 0);
  const sizes = Array.from({ length: Math.max(1, Math.ceil(count / most)) }, (_, part) =>
    Math.min(most, count - part * most),
  );
  const placeParts = split(graph, places, 0, sizes);
  return split(graph, rows, 0, sizes).reduce(
    (sums, part, index) => graph.node('ScatterND', [sums, placeParts[index] ?? places, part], made, node.attributes),
    start,
  );
});
