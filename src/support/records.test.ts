import { expect, test } from 'vitest';
import { mapKeys, mapValues, recordOf } from './records.js';

test('a record keeps the order of its keys', () => {
  const squares = recordOf(['b', 'a', 'c'], (key, index) => `${key}${index ** 2}`);
  expect(Object.entries(squares)).toEqual([
    ['b', 'b0'],
    ['a', 'a1'],
    ['c', 'c4'],
  ]);
  expect(Object.entries(mapValues(squares, (value, key) => key + value.length))).toEqual([
    ['b', 'b2'],
    ['a', 'a2'],
    ['c', 'c2'],
  ]);
  expect(Object.entries(mapKeys(squares, (key) => `x/${key}`))).toEqual([
    ['x/b', 'b0'],
    ['x/a', 'a1'],
    ['x/c', 'c4'],
  ]);
});
