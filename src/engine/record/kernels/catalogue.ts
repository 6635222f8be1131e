import { elementwiseKernels } from './elementwise.js';
import { gatherKernels } from './gather.js';
import { productKernels } from './product.js';
import { reductionKernels } from './reduction.js';
import { shapeKernels } from './shape.js';
import type { Translations } from './translation.js';

/** By the name of the tfjs kernel. */
export const translations: Translations = {
  ...elementwiseKernels,
  ...shapeKernels,
  ...reductionKernels,
  ...productKernels,
  ...gatherKernels,
};
