import { describe } from 'vitest';
import { testKernels } from './kernel-case.fixture.js';
import { reductionKernels } from './reduction.js';
import { reductionCases } from './reduction-cases.fixture.js';

describe('reduction kernels', () => {
  testKernels(reductionKernels, reductionCases);
});
