import { expect, test } from 'vitest';
import { pointText } from './axis-point.js';

test('a point is told by the last part of its keys', () => {
  expect(pointText({})).toBe('');
  expect(pointText({ 'dataset.correlation': 0.4, 'model.tower': [8, 4], 'inputs.pool': 'sum' })).toBe(
    'correlation 0.4, tower [8,4], pool sum',
  );
  expect(pointText({ 'loss.weights.a.b.initial': 2 })).toBe('weight of a.b 2');
  expect(pointText({ seed: 3, 'dataset.path': 'a b' }, ' ')).toBe('seed 3 path a b');
});
