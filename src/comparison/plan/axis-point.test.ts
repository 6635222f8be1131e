import { expect, test } from 'vitest';
import { byPoint, pointText } from './axis-point.js';

test('a point is told by the last part of its keys', () => {
  expect(pointText({})).toBe('');
  expect(pointText({ 'dataset.correlation': 0.4, 'model.tower': [8, 4], 'inputs.pool': 'sum' })).toBe(
    'correlation 0.4, tower [8,4], pool sum',
  );
  expect(pointText({ 'loss.weights.a.b.initial': 2 })).toBe('weight of a.b 2');
  expect(pointText({ seed: 3, 'dataset.path': 'a b' }, ' ')).toBe('seed 3 path a b');
});

test('rows are gathered by point, in the order of the first at each', () => {
  const rows = [1, 0.2, 1, 0.2, 0.4].map((at, index) => ({ at, index }));
  const gathered = byPoint(rows, ({ at }) => ({ 'dataset.correlation': at }));
  expect(gathered.map((point) => point.map(({ index }) => index))).toEqual([[0, 2], [1, 3], [4]]);
});
