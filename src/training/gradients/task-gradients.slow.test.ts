import { describe, test } from 'vitest';
import { models } from '../../models/catalogue.js';
import { expectAsFixed } from './task-gradients.fixture.js';

describe.each(models.names.filter((name) => name !== 'single-task'))('%s', (model) => {
  test.each(['cagrad', 'metabalance'] as const)('trains as with fixed weights where %s has nothing to do', (method) =>
    expectAsFixed(method, model),
  );
});
