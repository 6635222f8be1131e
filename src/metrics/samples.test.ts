import { expect, test } from 'vitest';
import { probabilityOf } from './samples.js';

test('a probability is the logistic function of the logit, to the last bit', () => {
  expect([0, -Infinity, Infinity, -1000, 1000].map(probabilityOf)).toEqual([0.5, 0, 1, 0, 1]);
  expect([-3.7, 1.25].map(probabilityOf)).toEqual([1 / (1 + Math.exp(3.7)), 1 / (1 + Math.exp(-1.25))]);
});
