import { expect, test } from 'vitest';
import { file } from '../table/table-loader.fixture.js';
import { table } from '../table/table-loader.js';

const text = 'id,age,label,seen,split\n1,30,0,1,a\n2,40,1,0,b\n';

function leftOut(settings: object) {
  return table.leftOut?.({ loader: 'table', tasks: { label: { mask: { column: 'seen', equals: 1 } } }, ...settings });
}

test('columns that are ignored by name, by number, and by the rule for all others', async () => {
  const path = await file(text);
  expect(await leftOut({ path })).toEqual([]);
  expect(await leftOut({ path, columns: { id: 'ignored', 2: 'ignored' } })).toEqual([
    { name: 'id', key: ['columns', 'id'] },
    { name: 'age', key: ['columns', '2'] },
  ]);
  expect(await leftOut({ path, columns: { age: 'numeric', id: 'ignored' }, others: 'ignored' })).toEqual([
    { name: 'id', key: ['columns', 'id'] },
    { name: 'split' },
  ]);
});

test('not those that a label, a mask or a split is made of', async () => {
  const path = await file(text);
  const columns = { age: 'numeric', seen: 'ignored', split: 'ignored' };
  const split = { column: 'split', validation: 'b', test: 'c' };
  expect(await leftOut({ path, columns, split, others: 'ignored' })).toEqual([{ name: 'id' }]);
});
