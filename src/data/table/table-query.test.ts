import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { withDatabase } from '../store/database.js';
import { openQuery } from './query-rows.js';
import { file, open, readRows } from './table-loader.fixture.js';

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
  const rows = await readRows(source, 'train');
  expect(source.splits.train.rows + source.splits.validation.rows + source.splits.test.rows).toBe(600);
  for (const row of rows) {
    expect(row.age).toBe(20 + Number(row.user));
    expect(row['y:liked']).toBe(Number(Number(row['y:stars']) >= 2.5));
  }
  const again = await open({ ...settings, cache: join(dirname(files.users), 'other') });
  expect(again.checksum).toBe(source.checksum);
  expect(await readRows(again, 'train')).toEqual(rows);
});

test('variables are values of the query: texts, numbers, booleans, lists', async () => {
  const path = await file(`x,y\n${Array.from({ length: 100 }, (_, i) => `${i},${i % 2}`).join('\n')}\n`);
  const query = `SELECT x, y, getvariable('text') AS text, typeof(getvariable('whole')) AS type,
    x >= (SELECT quantile_disc(x, 1 - getvariable('share')) FROM t) AS last, x % 4 AS part FROM t
    WHERE x IN getvariable('kept') OR getvariable('all')`;
  const split = { column: 'part', validation: 2, test: 3 };
  const opened = (variables: object) =>
    open({ query, files: { t: path }, columns: { '*': 'categorical' }, split, variables });
  const text = "it's '; DROP TABLE t; --";
  const variables = { text, whole: 3, share: 0.1, kept: [90, 91, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14], all: false };
  const source = await opened(variables);
  const rows = await readRows(source);
  expect(rows).toHaveLength(12);
  for (const row of rows) expect([row.text, row.type, row.last]).toEqual([text, 'BIGINT', String(Number(row.x) >= 89)]);
  const all = await opened({ ...variables, all: true });
  expect(all.splits.train.rows).toBe(50);
  expect(all.checksum).not.toBe(source.checksum);
  await expect(opened({ ...variables, kept: [1, 'a'] })).rejects.toThrow(
    /dataset\.variables\.kept: its values are of several types/,
  );
  const { kept: _, ...less } = variables;
  await expect(opened({ ...less, kpet: [1] })).rejects.toThrow(/getvariable\('kept'\) has no value/);
  await expect(opened({ ...variables, shares: 1 })).rejects.toThrow(
    /the query has no getvariable\('shares'\) \(did you mean 'share'\?\)/,
  );
  await expect(open({ query: "SELECT 1 AS y -- getvariable('old')", variables: { old: 1 } })).rejects.toThrow(
    "the query has no getvariable('old')",
  );
});

test('a database’s tables are read by name, and it is not written', async () => {
  const path = join(dirname(await file('')), 'data.duckdb');
  await withDatabase(async (database) => {
    await database.run(`ATTACH '${path}' AS made`);
    await database.run('CREATE TABLE made.rows AS SELECT i / 2 AS x, i % 2 AS y FROM range(100) t(i)');
  });
  const source = await open({ query: 'SELECT * FROM rows', database: path });
  expect(source.splits.train.rows).toBeGreaterThan(60);
  const write = open({ query: 'DELETE FROM source.rows', database: path });
  await expect(write).rejects.toThrow('dataset.query: it is no SELECT (');
});

test('what is wrong is told: SQL, files that are not named, options that exclude each other', async () => {
  const { ratings, users } = await threeTables();
  const failure = async (query: string, more: object = {}) =>
    open({ query, files: { ratings, users }, ...more }).then(() => '', String);
  expect(await failure('SELECT z FROM ratings')).toMatch(/dataset\.query.*"z"/);
  expect(await failure("SELECT 1 AS x, 1 AS y FROM query('FROM read_csv(''/etc/passwd'')')")).toMatch(
    /dataset\.query: .*disabled/,
  );
  expect(await failure('FROM ratngs')).toMatch(/dataset\.query: .*ratngs does not exist.*"ratings"/);
  expect(await failure('FROM ratings')).toContain('dataset.files.users: the query does not read it; it reads ratings.');
  expect(await failure(`FROM '${ratings}' JOIN users USING (user)`)).toMatch(/dataset\.query: .*disabled/);
  expect(await failure('SELECT 1; SELECT 2')).toContain('dataset.query: it is not one statement.');
  expect(await failure('SELECT u.*, u.id FROM users u')).toContain("two columns are named 'id'");
  const ragged = await file('a,y\n1,0\n2,1,7\n');
  expect(await failure('SELECT * FROM t', { files: { t: ragged } })).toContain('data.csv:3: this row has 3 columns');
  expect(await failure('SELECT 1 AS y', { path: ratings })).toContain("give 'path' or 'query'");
});

test('text files of a query are read as those of a path: columns by name, long numbers and codes as texts', async () => {
  const ids = Array.from({ length: 60 }, (_, i) => `12345678901234567${String(i).padStart(2, '0')}`);
  const one = await file(`\nid,code,x,y\n${ids.map((id, i) => `${id},0${i % 7},${i},0`).join('\n')}\n`, 'a.csv');
  const two = await file(`y,x,code,id\r\n${ids.map((id, i) => `1,${i},0${i % 7},${id}`).join('\r\n')}\r\n`, 'b.csv');
  const query = 'SELECT id, code, x, y, typeof(x) AS type FROM t -- all of them';
  const settings = { columns: { id: 'categorical', code: 'categorical', x: 'categorical' } };
  const source = await open({ query, files: { t: [one, two] }, ...settings });
  const rows = await readRows(source);
  expect(rows).toHaveLength(120);
  for (const { x, id, code, type } of rows)
    expect([id, code, type]).toEqual([ids[Number(x)], `0${Number(x) % 7}`, 'BIGINT']);
  expect(rows.filter((row) => row['y:y'] === 1)).toHaveLength(60);
  const other = await file('y,x,id\n1,2,3\n');
  await expect(open({ query, files: { t: [one, other] }, ...settings })).rejects.toThrow("has no column 'code'");
});

test('a query that gives other rows each time is refused wherever it hides; one that samples by a seed is not', async () => {
  const { users } = await threeTables();
  const path = join(dirname(users), 'views.duckdb');
  await withDatabase(async (database) => {
    await database.run(`ATTACH '${path}' AS made; USE made`);
    await database.run('CREATE VIEW drawn AS SELECT i % 2 AS y, random() AS z FROM range(40) t(i)');
  });
  const failure = (query: string) =>
    open({
      query,
      files: { users },
      database: path,
      split: { fraction: { validation: 0.3, test: 0.3 } },
    }).then(() => '', String);
  const y = 'id % 2 AS y, id / 3 AS x';
  for (const changing of ['SELECT * FROM drawn', `FROM query('SELECT ${y} FROM users ORDER BY random()')`])
    expect(await failure(changing)).toMatch(
      /dataset\.query: the query gives other rows each time; .* \(it calls random\)\./,
    );
  for (const sample of ['USING SAMPLE 30 ROWS', 'TABLESAMPLE bernoulli(50%)'])
    expect(await failure(`SELECT ${y} FROM users ${sample}`)).toMatch(
      /dataset\.query: the query gives other rows each time; .* \(it samples without REPEATABLE\)\./,
    );
  expect(
    await failure(`SELECT ${y}, '"seed":-1}' AS text FROM users USING SAMPLE reservoir(30 ROWS) REPEATABLE (1)`),
  ).toBe('');
});

test.each([
  'current_date',
  'today()',
  'ago(INTERVAL 1 DAY)',
  "date_trunc('year', now())",
  "date_trunc('day', localtimestamp)",
  '(SELECT max(today()) FROM users)',
  'list_transform([1], x -> today())',
  'uuid()',
  "age(DATE '2020-01-01')",
  "TIMETZ '10:00:00+00' AT TIME ZONE 'Europe/Zurich'",
  "current_setting('memory_limit')",
  '(SELECT sum(memory_usage_bytes) FROM duckdb_memory())',
  '(SELECT max(utc_offset) FROM pg_timezone_names())',
  '(SELECT count(*) FROM information_schema.tables)',
])('%s is refused, which gives the same rows today, but not tomorrow', async (call) => {
  const { users, ratings } = await threeTables();
  const json = await file('{"id": 1, "y": 0}\n', 'data.jsonl');
  const files = { users, ratings, json };
  const query = `SELECT id % 2 AS y, id / 3 AS x, ${call} AS z FROM users LEFT JOIN json USING (id)`;
  await expect(open({ query, files })).rejects.toThrow(/gives other rows each time; .* \(it calls \w+\)/);
});

test('functions of the data alone are not refused', async () => {
  const { users, ratings } = await threeTables();
  const json = await file('{"id": 1, "t": "2024-05-31"}\n', 'data.jsonl');
  const query = `SELECT user % 2 AS y, (SELECT max(age) FROM users) - count(*) AS x, hash(user) % 7 AS h,
    any_value(epoch(age(t::DATE, DATE '2020-01-01'))) AS z, any_value(t::TIMESTAMP AT TIME ZONE 'Europe/Zurich') AS at,
    (SELECT sum(value::INTEGER) FROM json_each('[1, 2]')) + (SELECT max(i) FROM range(3) r(i)) AS c
    FROM ratings LEFT JOIN json ON id = user % 3, unnest([1]), generate_series(1, 1), repeat(0, 1)
    GROUP BY user, item, stars`;
  const source = await open({ query, files: { users, ratings, json } });
  expect(source.splits.train.rows).toBeGreaterThan(10);
});

test('the checksum of the rows is of their values and their order', async () => {
  const rowsChecksum = async (query: string) => {
    const sources = { query, variables: {}, files: new Map(), database: undefined, missing: [], bytes: 0 };
    const folder = dirname(await file(''));
    return (await openQuery(sources, { quote: null, header: true }, folder, undefined)).checksum;
  };
  const one = await rowsChecksum('SELECT i AS y FROM range(3) t(i)');
  expect(await rowsChecksum('SELECT 2 - i AS y FROM range(3) t(i) ORDER BY y')).toBe(one);
  expect(await rowsChecksum('SELECT 2 - i AS y FROM range(3) t(i)')).not.toBe(one);
  expect(await rowsChecksum('SELECT i * 2 AS y FROM range(3) t(i)')).not.toBe(one);
});
