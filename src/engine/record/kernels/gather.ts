import { cast, int, reshape, side, text, uniform } from '../build.js';
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
    // Cast last: of the providers, not all reshape int64.
    const places = cast(graph, reshape(graph, ids, [side(x, 0), 1]), 'int64');
    const nothing = uniform(graph, x.type, shape, 0);
    return graph.node('ScatterND', [nothing, places, x], { type: x.type, shape }, { reduction: text('add') });
  },
};
