import { describe } from 'vitest';
import { gatherKernels } from './catalogue.js';
import { gatherCases } from './gather-cases.fixture.js';
import { testKernels } from './kernel-case.fixture.js';

describe('gather kernels', () => {
  testKernels(gatherKernels, gatherCases);
});
