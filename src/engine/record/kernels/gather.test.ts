import { describe, expect, it } from 'vitest';
import { float32, int32, sizeOf } from '../../../support/arrays.js';
import { tf } from '../../../support/tf.js';
import type { Step } from '../../engine.js';
import { trace } from '../trace.js';
import { gatherKernels } from './gather.js';
import { gatherCases } from './gather-cases.fixture.js';
import { testKernels } from './kernel-case.fixture.js';

describe('gather kernels', () => {
  testKernels(gatherKernels, gatherCases);

  it.each([
    [60_000, 4],
    [250_001, 1],
    [3, 150_000],
    [2, 250_000],
    [50_000, 4],
  ])('%i rows of %i are scattered in parts that threads do not share', (rows, width) => {
    const sum: Step = ({ x, ids }) => {
      if (!x || !ids) throw new Error('missing');
      return { state: {}, outputs: { sums: tf.unsortedSegmentSum(x, ids.as1D().toInt(), 5) } };
    };
    const { graph } = trace(sum, { state: { x: float32([rows, width]), ids: int32([rows]) }, batch: {} });
    const parts = graph.nodes.filter(({ op }) => op === 'ScatterND').map(({ inputs }) => inputs[2]?.shape ?? []);
    expect(parts.reduce((total, [partRows = 0]) => total + partRows, 0)).toBe(rows);
    for (const shape of parts) expect(shape[0] === 1 || sizeOf(shape) < 210_000, `${shape}`).toBe(true);
  });
});
