import { expect, test } from 'vitest';
import { inputsSchema, taskSchema } from '../../config/parts.js';
import { fakeSource } from './encode.fixture.js';
import { encode } from './encode.js';

const split = {
  columns: [
    [4, 1, 1, 3, 0],
    [0, 0, 0, 0, 0],
  ],
  labels: [[0, 1, 0, 1, 1]],
};
const source = fakeSource(
  [
    { name: 'user', kind: 'categorical', size: 5 },
    { name: 'x', kind: 'numeric' },
  ],
  [{ name: 'y', type: 'binary' }],
  {
    train: split,
    validation: split,
    test: {
      columns: [
        [2, 4, 2],
        [0, 0, 0],
      ],
      labels: [[1, 0, 1]],
    },
  },
  2,
);
const encoded = (group: string | undefined) =>
  encode(group === undefined ? source : { ...source, group }, inputsSchema.parse({ minCount: 2 }), [
    taskSchema.parse({ name: 'y', type: 'binary' }),
  ]);

test('groups are the values of their column as they are, in the order of the rows', async () => {
  const { splits } = await encoded('user');
  expect([...((await splits.validation.groups?.()) ?? [])]).toEqual([4, 1, 1, 3, 0]);
  expect([...((await splits.test.groups?.()) ?? [])]).toEqual([2, 4, 2]);
  expect(splits.train.groups).toBeUndefined();
});

test('a source without groups has none; a group must be a categorical column', async () => {
  expect((await encoded(undefined)).splits.test.groups).toBeUndefined();
  await expect(encoded('x')).rejects.toThrow("no categorical column 'x'");
});
