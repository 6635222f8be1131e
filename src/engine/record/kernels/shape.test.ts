import { describe } from 'vitest';
import { testKernels } from './kernel-case.fixture.js';
import { shapeKernels } from './shape.js';
import { shapeCases } from './shape-cases.fixture.js';

describe('shape kernels', () => {
  testKernels(shapeKernels, shapeCases);
});
