import { expect, test } from 'vitest';
import { queryRows, withDatabase } from '../data/store/database.js';
import { profile } from './column-facts.js';

test('each value of each column has its rows', async () => {
  const rows = await withDatabase(async (database) => {
    await database.run(`CREATE TABLE t AS SELECT * FROM (VALUES
      ('a', NULL), ('a', 'x'), ('b', 'x'), ('a', 'x')) v(first, second)`);
    await profile(database, 't', 4, ['first', 'second']);
    return queryRows(database, 'SELECT input, value, rows::INT FROM profile ORDER BY ALL');
  });
  expect(rows).toEqual([
    [0, 'a', 3],
    [0, 'b', 1],
    [1, 'x', 3],
    [1, null, 1],
  ]);
});

test('more columns than one statement has: all are there, by their places', async () => {
  const places = await withDatabase(async (database) => {
    const columns = Array.from({ length: 120 }, (_, c) => `i + ${c}`);
    await profile(database, 'range(3) t(i)', 2 ** 20 / 50, columns);
    return queryRows(database, 'SELECT input, min(value)::INT, count(*)::INT FROM profile GROUP BY 1 ORDER BY 1');
  });
  expect(places).toEqual(Array.from({ length: 120 }, (_, c) => [c, c, 3]));
});
