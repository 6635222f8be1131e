import { expect, test } from 'vitest';
import { beyondEdges } from './edges.js';

const rate = 'train.optimizer.learningRate';
const weight = 'loss.weights.y2.initial';
const grid = [0.001, 0.003, 0.01].flatMap((lr) => [0.5, 1, 2].map((w) => ({ [rate]: lr, [weight]: w })));

test.each([
  ['inside', { [rate]: 0.003, [weight]: 1 }, []],
  ['at the low edge of one key', { [rate]: 0.001, [weight]: 1 }, [{ [rate]: 0.000333, [weight]: 1 }]],
  ['at the high edge of one key', { [rate]: 0.003, [weight]: 2 }, [{ [rate]: 0.003, [weight]: 4 }]],
  [
    'in a corner',
    { [rate]: 0.01, [weight]: 0.5 },
    [
      { [rate]: 0.0333, [weight]: 0.5 },
      { [rate]: 0.01, [weight]: 0.25 },
    ],
  ],
])('a choice %s', (_, chosen, expected) => {
  expect(beyondEdges(chosen, grid)).toEqual(expected);
});

test('the grid goes on from where it was extended', () => {
  const tried = [...grid, { [rate]: 0.0333, [weight]: 1 }];
  expect(beyondEdges({ [rate]: 0.0333, [weight]: 1 }, tried)).toEqual([{ [rate]: 0.111, [weight]: 1 }]);
  expect(beyondEdges({ [rate]: 0.01, [weight]: 1 }, tried)).toEqual([]);
});

test('whole numbers stay whole; other values, one value and 0 have no edge', () => {
  const of = (values: readonly unknown[], chosen: unknown) =>
    beyondEdges(
      { key: chosen },
      values.map((key) => ({ key })),
    );
  expect(of([64, 128], 128)).toEqual([{ key: 256 }]);
  expect(of([1, 2], 1)).toEqual([]); // .5 is none, and 1 is there
  expect(of([0, 0.1], 0)).toEqual([]);
  expect(of([[[8]], [[16]]], [[16]])).toEqual([]);
  expect(of([0.1], 0.1)).toEqual([]);
});
