import { describe, test } from 'vitest';
import { models } from '../models/catalogue.js';
import { expectAsFixed, expectSameBits } from './step.fixture.js';

describe.each(models.names)('%s', (model) => {
  test.each([60, 601, 1800])('trains to the same bits with one thread and two, in batches of %i', (batchSize) =>
    expectSameBits(model, batchSize, {}),
  );
});

test.each([60, 1800])('so it does with batch normalisation, in batches of %i', (batchSize) =>
  expectSameBits('mmoe', batchSize, { normalization: 'batch' }),
);

describe.each(models.names.filter((name) => !['single-task', 'auxiliary'].includes(name)))('%s', (model) => {
  test.each(['cagrad', 'metabalance'] as const)('trains as with fixed weights where %s has nothing to do', (method) =>
    expectAsFixed(method, model),
  );
});
