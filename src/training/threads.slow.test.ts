import { describe, test } from 'vitest';
import { models } from '../models/catalogue.js';
import { expectSameBits } from './threads.fixture.js';

describe.each(models.names)('%s', (model) => {
  test.each([60, 601, 1800])('trains to the same bits with one thread and two, in batches of %i', (batchSize) =>
    expectSameBits(model, batchSize),
  );
});

test.each([60, 1800])(
  'batch normalisation trains to the same bits with one thread and two, in batches of %i',
  (batchSize) => expectSameBits('mmoe', batchSize, { normalization: 'batch' }),
);
