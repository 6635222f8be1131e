import { expect, test } from 'vitest';
import { profile } from './profile.js';
import { queryRows, withDatabase } from './store/database.js';

test('each value of each column and split has its rows, and the number and the sum of its labels', async () => {
  const rows = await withDatabase(async (database) => {
    await database.run(`CREATE TABLE t AS SELECT * FROM (VALUES
      (0, 'a', NULL, 1), (0, 'a', 'x', NULL), (0, 'b', 'x', 3), (1, 'a', 'x', 5)) v(split, first, second, label)`);
    await profile(database, 't', 4, ['first', 'second'], 'split', ['label']);
    return queryRows(database, 'SELECT input, value, split, rows::INT, n0::INT, s0::INT FROM profile ORDER BY ALL');
  });
  expect(rows).toEqual([
    [0, 'a', 0, 2, 1, 1],
    [0, 'a', 1, 1, 1, 5],
    [0, 'b', 0, 1, 1, 3],
    [1, 'x', 0, 2, 1, 3],
    [1, 'x', 1, 1, 1, 5],
    [1, null, 0, 1, 1, 1],
  ]);
});

test('more columns than one statement has: all are there, by their places', async () => {
  const places = await withDatabase(async (database) => {
    const columns = Array.from({ length: 120 }, (_, c) => `i + ${c}`);
    await profile(database, 'range(3) t(i)', 2 ** 20 / 50, columns, '0');
    return queryRows(database, 'SELECT input, min(value)::INT, count(*)::INT FROM profile GROUP BY 1 ORDER BY 1');
  });
  expect(places).toEqual(Array.from({ length: 120 }, (_, c) => [c, c, 3]));
});
