import { expect, test } from 'vitest';
import { keysAtEdges } from './search.js';

const rate = 'train.optimizer.learningRate';
const weight = 'loss.weights.y2.initial';
const grid = [0.001, 0.003, 0.01].flatMap((lr) => [0.5, 1, 2].map((w) => ({ [rate]: lr, [weight]: w })));

test.each([
  ['inside', { [rate]: 0.003, [weight]: 1 }, []],
  ['at the low edge of one key', { [rate]: 0.001, [weight]: 1 }, [rate]],
  ['at the high edge of one key', { [rate]: 0.003, [weight]: 2 }, [weight]],
  ['in a corner', { [rate]: 0.01, [weight]: 0.5 }, [rate, weight]],
])('a choice %s', (_, chosen, expected) => {
  expect(keysAtEdges(chosen, grid)).toEqual(expected);
});

test('other values, one value and 0 have no edge', () => {
  const of = (values: readonly unknown[], chosen: unknown) =>
    keysAtEdges(
      { key: chosen },
      values.map((key) => ({ key })),
    );
  expect(of([64, 128], 128)).toEqual(['key']);
  expect(of([0, 0.1], 0)).toEqual([]);
  expect(of([[[8]], [[16]]], [[16]])).toEqual([]);
  expect(of([0.1], 0.1)).toEqual([]);
});
