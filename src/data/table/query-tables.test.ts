import { expect, test } from 'vitest';
import { withoutComments } from './sql-comments.js';
import { file, open } from './table-loader.fixture.js';

async function failure(query: string): Promise<string> {
  const rows = Array.from({ length: 100 }, (_, i) => `${i},${i % 2}`).join('\n');
  const path = await file(`x,y\n${rows}\n`, 'ratings.csv');
  const files = { ratings: path, movies: path };
  return open({ query: query.replace('PATH', path), files, tasks: { y: {} } }).then(() => '', String);
}

test.each([
  [
    'a file by its path',
    "FROM 'PATH' JOIN movies USING (x)",
    /reads the file \S+ratings\.csv directly: list it in dat/,
  ],
  ['a file that is not there', "FROM ratings JOIN 'ml/a.parquet' USING (x)", /reads the file ml\/a\.parquet directly/],
  ['a function', "WITH m AS (FROM read_csv('PATH')) FROM m", /reads the file \S+ratings\.csv directly/],
  [
    'a file in a text',
    "FROM query('FROM ''PATH''')",
    /query: its plan cannot be checked \(.*\); files that it reads belong/,
  ],
  ['a function of several', "FROM read_json(['a', 'b'], sample_size = 3)", /reads the file a directly/],
  [
    'no table',
    'FROM ratngs',
    /there is no table 'ratngs' \(did you mean 'ratings'\?\); dataset\.files has ratings, movies/,
  ],
  [
    'a table that it does not read',
    'FROM ratings -- JOIN movies',
    /dataset\.files\.movies: the query does not .* reads ratings\./,
  ],
])('a query of %s is refused', async (_, query, message) => {
  expect(await failure(query)).toMatch(message);
});

test.each([
  'SELECT r.* FROM ratings r WHERE x IN (SELECT x FROM "Movies")',
  'WITH m AS (FROM movies) SELECT r.* FROM ratings r JOIN (FROM m) USING (x)',
  'WITH "a/b.csv" AS (FROM movies) SELECT r.* FROM ratings r JOIN "a/b.csv" USING (x)',
  "FROM query('FROM ratings JOIN movies USING (x, y)')",
])('a query reads its tables wherever it names them: %s', async (query) => {
  expect(await failure(query)).toBe('');
});

test.each([
  ['SELECT 1 -- one\n, 2', 'SELECT 1  \n, 2'],
  ['a /* b /* c */ d */ e -- f', 'a   e  '],
  ["'it''s -- no' /* don't */ || \"a -- \"\"b\" --", '\'it\'\'s -- no\'   || "a -- ""b"  '],
  ["e'a\\'--b' $$ -- $$ $t$ /* $$ $t$", "e'a\\'--b' $$ -- $$ $t$ /* $$ $t$"],
  ['a /* b', 'a  '],
])('comments are taken out of %s', (sql, without) => {
  expect(withoutComments(sql)).toBe(without);
});
