import { describe } from 'vitest';
import { elementwiseKernels } from './elementwise.js';
import { elementwiseCases } from './elementwise-cases.fixture.js';
import { testKernels } from './kernel-case.fixture.js';

describe('elementwise kernels', () => {
  testKernels(elementwiseKernels, elementwiseCases);
});
