import { test } from 'vitest';
import { expectAsFixed } from './task-gradients.fixture.js';

// Experts that some tasks share, a penalty of parameters, and one of rows.
test.each(['cgc', 'sluice', 'aitm'])(
  'where a balancing method has nothing to do, %s trains as with fixed weights',
  (model) => expectAsFixed('metabalance', model),
);
