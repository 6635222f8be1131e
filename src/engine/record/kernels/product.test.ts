import { describe } from 'vitest';
import { testKernels } from './kernel-case.fixture.js';
import { productKernels } from './product.js';
import { productCases } from './product-cases.fixture.js';

describe('product kernels', () => {
  testKernels(productKernels, productCases);
});
