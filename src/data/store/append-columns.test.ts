import { expect, test } from 'vitest';
import { inOrder } from '../dataset.js';
import { appendColumns, appendedColumns } from './append-columns.js';
import { openDatabase, queryNumbers } from './database.js';

test('lists lie in every chunk of rows as they are', async () => {
  const rows = 5000;
  const ends = Int32Array.from({ length: rows + 1 }, (_, row) => row * 2 - (row >> 1)); // one entry, or two
  const indexes = Int32Array.from({ length: ends.at(-1) ?? 0 }, (_, entry) => entry);
  const database = await openDatabase(':memory:');
  await database.run('CREATE TABLE lists (entries INTEGER[])');
  await appendColumns(database, 'lists', appendedColumns({ ...inOrder(ends), indexes }), rows);
  const same = 'count(*) FILTER (entries[1] = rowid * 2 - rowid // 2 AND len(entries) = 2 - rowid % 2)';
  expect(await queryNumbers(database, [same, 'sum(len(entries))'], 'lists')).toEqual([rows, indexes.length]);
  database.closeSync();
});
