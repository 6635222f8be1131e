import { test } from 'vitest';
import { expectSameBits } from './threads.fixture.js';

// Of a batch larger than 1800 rows, ONNX Runtime would share the embeddings' gradient.
test.each([
  ['hard-sharing', 1800, {}],
  ['ple', 60, { optimizer: { clipNorm: 0.01 } }],
  ['mmoe', 601, { normalization: 'batch' }], // means and variances over all rows of a batch
  ['mmoe', 60, { balancing: 'gradnorm', activation: 'gelu' }], // inner products of long gradients
])('%s trains to the same bits with one thread and two, in batches of %i, with %j', expectSameBits);
