import { describe, expect, it } from 'vitest';
import { elementwiseOperators } from '../../lower/pass.js';
import { trace } from '../trace.js';
import { elementwiseKernels } from './catalogue.js';
import { elementwiseCases } from './elementwise-cases.fixture.js';
import { labelled, stepOf, testKernels } from './kernel-case.fixture.js';

describe('elementwise kernels', () => {
  testKernels(elementwiseKernels, elementwiseCases);

  it('record operators that broadcasts pass through', () => {
    const called = labelled(elementwiseCases).flatMap(({ tested }) => {
      const { step, signature } = stepOf([tested], 'run');
      return trace(step, signature).graph.nodes.map(({ op }) => op);
    });
    const others = new Set(called.filter((op) => !elementwiseOperators.has(op)));
    expect([...others].filter((op) => !['Expand', 'Reshape', 'Product', 'ReduceSum'].includes(op))).toEqual([]);
  });
});
