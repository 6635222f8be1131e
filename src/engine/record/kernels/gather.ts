import { sizeOf } from '../../../support/arrays.js';
import { cast, int, reshape, side, text, uniform } from '../../lower/build.js';
import { split } from './shape.js';
import type { Translations } from './translation.js';

/** Look-ups by index, and their gradient. */
export const gatherKernels: Translations = {
  GatherV2: ({ graph, input, attributes }) => {
    const [x, indices] = [input('x'), input('indices')];
    if (attributes.has('batchDims') && attributes.number('batchDims') !== 0) {
      throw new Error("the compiled engine translates kernel 'GatherV2' without batch dimensions only");
    }
    const axis = attributes.axis('axis', x.shape.length);
    const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
    return graph.node('Gather', [x, indices], { type: x.type, shape }, { axis: int(axis) });
  },
  // Rows of x, each added to the row of the result that its id names; a row that no id names is zero.
  UnsortedSegmentSum: ({ graph, input, attributes }) => {
    const [x, ids] = [input('x'), input('segmentIds')];
    if (ids.shape.length !== 1) {
      throw new Error("the compiled engine translates kernel 'UnsortedSegmentSum' with a list of ids only");
    }
    const shape = [attributes.number('numSegments'), ...x.shape.slice(1)];
    const sizes = unsharedSizes(side(x, 0), sizeOf(shape.slice(1)));
    const idParts = split(graph, ids, 0, sizes);
    return split(graph, x, 0, sizes).reduce(
      (sums, part, index) => {
        const rows = side(part, 0);
        // Cast last: of the providers, not all split or reshape int64.
        const places = cast(graph, reshape(graph, idParts[index] ?? ids, [rows, 1]), 'int64');
        return graph.node('ScatterND', [sums, places, part], { type: x.type, shape }, { reduction: text('add') });
      },
      uniform(graph, x.type, shape, 0),
    );
  },
};

/**
 * Elements that the CPU's threads do not share. From 210,000 on (Eigen's cost model, one cycle an element) they do, and those that
 * add to the same row at once lose additions: https://github.com/microsoft/onnxruntime/issues/18048. GPUs add atomically.
 */
const unsharedScatter = 200_000;

/** Cuts so many rows into parts that are not shared: few enough elements, or one row. */
function unsharedSizes(rows: number, width: number): readonly number[] {
  const most = Math.max(1, Math.floor(unsharedScatter / Math.max(1, width)));
  return Array.from({ length: Math.max(1, Math.ceil(rows / most)) }, (_, part) => Math.min(most, rows - part * most));
}
