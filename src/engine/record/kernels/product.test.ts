import { describe } from 'vitest';
import { productKernels } from './catalogue.js';
import { testKernels } from './kernel-case.fixture.js';
import { productCases } from './product-cases.fixture.js';

describe('product kernels', () => {
  testKernels(productKernels, productCases);
});
