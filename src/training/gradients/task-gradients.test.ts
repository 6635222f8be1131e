import { test } from 'vitest';
import { expectAsFixed } from './task-gradients.fixture.js';

// Experts that some tasks share, a penalty of parameters, and one of rows.
test.each([
  ['cagrad', 'cgc'],
  ['metabalance', 'sluice'],
  ['cagrad', 'aitm'],
] as const)('where %s has nothing to do, %s trains as with fixed weights', expectAsFixed);
