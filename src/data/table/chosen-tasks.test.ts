import { expect, test } from 'vitest';
import { file, open } from './table-loader.fixture.js';

const rows = Array.from({ length: 60 }, (_, row) => `${row / 7},${row % 2},,${row % 3},c${row % 4}\n`).join('');
const tasks = { click: {}, rare: {}, plan: { multiclass: true, mask: { column: 'kind', equals: 'c1' } } };

test('labels of tasks that are not asked for are not read, and are no inputs; rows and checksum stay', async () => {
  const path = await file(`x,click,rare,plan,kind\n${rows}`);
  await expect(open({ path, tasks })).rejects.toThrow("no training row is in the sample space of task 'rare'");
  const one = await open({ path, tasks }, [], { tasks: ['click'] });
  expect(one.tasks.map(({ name }) => name)).toEqual(['click']);
  expect(one.columns.map(({ name }) => name)).toEqual(['x']);
  const two = await open({ path, tasks }, [], { tasks: ['plan', 'click'] });
  expect(two.tasks.map(({ name }) => name)).toEqual(['click', 'plan']);
  expect(two.checksum).toBe(one.checksum);
  expect(two.splits.test.rows).toBe(one.splits.test.rows);
  const asInput = await open({ path, tasks, columns: { plan: 'categorical' } }, [], { tasks: ['click'] });
  expect(asInput.columns.map(({ name }) => name)).toEqual(['x', 'plan']);
});
