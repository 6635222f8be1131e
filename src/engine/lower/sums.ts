import { elementCount } from '../../support/arrays.js';
import { type Pass, pass, reshape } from './pass.js';

/** Maximum number of sums side by side. With more, ReduceSum gives each thread a share. */
const mostSums = 16;

/** Replaces a sum over an axis that is not the last by a product with a row of ones. ReduceSum is much slower there. */
export const sumsAsProducts: Pass = pass((node, [x, axes], graph) => {
  const [made] = node.outputs;
  if (node.op !== 'ReduceSum' || x?.type !== 'float32' || axes?.origin.kind !== 'constant' || !made) return undefined;
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
  return reshape(graph, graph.node('MatMul', [ones, reshape(graph, x, [...batch, rows, columns])], type), made.shape);
});
