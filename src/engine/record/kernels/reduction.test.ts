import { describe } from 'vitest';
import { reductionKernels } from './catalogue.js';
import { testKernels } from './kernel-case.fixture.js';
import { reductionCases } from './reduction-cases.fixture.js';

describe('reduction kernels', () => {
  testKernels(reductionKernels, reductionCases);
});
