import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { withDatabase } from './store/database.js';
import { file, open, rowsOf } from './table-loader.fixture.js';

/** Ratings in CSV, users and items in Parquet. */
async function threeTables() {
  const ratings = Array.from({ length: 600 }, (_, i) => `${i % 40},${(i * 7) % 30},${(i % 9) / 2}`);
  const csv = await file(`user,item,stars\n${ratings.join('\n')}\n`, 'ratings.csv');
  const [users, items] = [join(dirname(csv), 'users.parquet'), join(dirname(csv), 'items.parquet')];
  await withDatabase(async (database) => {
    await database.run(`COPY (SELECT i AS id, 20 + i AS age FROM range(40) t(i)) TO '${users}' (FORMAT parquet)`);
    await database.run(
      `COPY (SELECT i AS id, 'genre ' || (i % 4) AS genre FROM range(30) t(i)) TO '${items}' (FORMAT parquet)`,
    );
  });
  return { ratings: csv, users, items };
}

const query = `SELECT r.user, u.age, i.genre, r.stars >= 2.5 AS liked, r.stars
  FROM ratings r JOIN users u ON u.id = r.user JOIN items i ON i.id = r.item`;
const tasks = { liked: {}, stars: { regression: true } };

test('a query joins two Parquet files and a CSV; the same bits each time', async () => {
  const files = await threeTables();
  const settings = { query, files, tasks, columns: { user: 'categorical', age: 'numeric', genre: 'categorical' } };
  const source = await open(settings);
  const rows = await rowsOf(source, 'train');
  expect(source.splits.train.rows + source.splits.validation.rows + source.splits.test.rows).toBe(600);
  for (const row of rows) {
    expect(row.age).toBe(20 + Number(row.user));
    expect(row['y:liked']).toBe(Number(Number(row['y:stars']) >= 2.5));
  }
  const again = await open({ ...settings, cache: join(dirname(files.users), 'other') });
  expect(again.checksum).toBe(source.checksum);
  expect(await rowsOf(again, 'train')).toEqual(rows);
});

test('a column of a text file is a number if all of its values are; missing texts are missing', async () => {
  const path = await file('a,b,c,y\n1,2.5,x,0\nNA,3,1,1\n3,4,2,0\n4,5,3,1\n');
  const sql =
    'SELECT typeof(a) AS ta, typeof(b) AS tb, typeof(c) AS tc, a IS NULL AS gone, y FROM t CROSS JOIN range(30)';
  const source = await open({ query: sql, files: { t: path }, tasks: { y: {} } });
  const [first] = await rowsOf(source, 'train');
  expect(first).toMatchObject({ ta: 'BIGINT', tb: 'DOUBLE', tc: 'VARCHAR' });
});

test('a database’s tables are read by name, and it is not written', async () => {
  const path = join(dirname(await file('')), 'data.duckdb');
  await withDatabase(async (database) => {
    await database.run(`ATTACH '${path}' AS made`);
    await database.run('CREATE TABLE made.rows AS SELECT i / 2 AS x, i % 2 AS y FROM range(100) t(i)');
  });
  const source = await open({ query: 'SELECT * FROM rows', database: path, tasks: { y: {} } });
  expect(source.splits.train.rows).toBeGreaterThan(60);
  const write = open({ query: 'SELECT * FROM (DELETE FROM rows RETURNING *)', database: path, tasks: { y: {} } });
  await expect(write).rejects.toThrow(/dataset\.query cannot be read as SQL: /);
});

test('what is wrong is told: SQL, a ragged file, an extension that is not there, options that exclude each other', async () => {
  const { ratings } = await threeTables();
  const failure = async (settings: object) => open({ tasks: { y: {} }, ...settings }).then(() => '', String);
  expect(await failure({ query: 'SELECT z FROM ratings', files: { ratings } })).toMatch(/dataset\.query.*"z"/);
  const ragged = await file('a,y\n1,0\n2,1,7\n');
  expect(await failure({ query: 'SELECT * FROM t', files: { t: ragged } })).toMatch(
    /dataset\.files\.t \(.*data\.csv\): .*Line: 3/,
  );
  expect(await failure({ query: 'SELECT 1 AS y', extensions: ['no_such'] })).toMatch(/dataset\.extensions: no_such: /);
  expect(await failure({ query: 'SELECT 1 AS y', path: ratings })).toContain("give 'path' or 'query'");
  expect(await failure({})).toContain("give 'path' or 'query'");
  expect(await failure({ path: ratings, database: 'x' })).toContain("belong to 'query'");
});
