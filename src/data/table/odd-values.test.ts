import { dirname, join } from 'node:path';
import { Table, tableToIPC, vectorFromArray } from 'apache-arrow';
import { expect, test } from 'vitest';
import { literal, withDatabase } from '../store/database.js';
import { file, open, rowsOf } from './table-loader.fixture.js';

const ids = Array.from({ length: 100 }, (_, row) => 2n ** 53n + BigInt(row));
const lines = ids.map((id, row) => `${id},${row % 2}`).join('\n');

const parquet = async () => {
  const path = join(dirname(await file('')), 'data.parquet');
  const sql = `SELECT 9007199254740992 + i AS id, (i % 2)::INTEGER AS y FROM range(100) t(i)`;
  await withDatabase((database) => database.run(`COPY (${sql}) TO ${literal(path)} (FORMAT parquet)`));
  return path;
};
const json = `${lines.replaceAll(/^(.*),(.*)$/gm, '{"id": $1, "y": $2}')}\n`;
const arrow = () =>
  tableToIPC(
    new Table({
      id: vectorFromArray(BigInt64Array.from(ids)),
      y: vectorFromArray(Int32Array.from(ids.keys(), (row) => row % 2)),
    }),
  );

test.each<[string, () => Promise<string>]>([
  ['CSV', () => file(`id,y\n${lines}\n`)],
  ['JSON', () => file(json, 'data.jsonl')],
  ['Parquet', parquet],
  ['Arrow', () => file(arrow(), 'data.arrow')],
])('whole numbers beyond 2^53 are categories, each its own: %s', async (_, path) => {
  const source = await open({ path: await path(), tasks: { y: {} } });
  expect(source.columns).toMatchObject([{ name: 'id', kind: 'categorical' }]);
  const own = new Set((await rowsOf(source, 'train')).map(({ id }) => id));
  expect(own.size).toBeGreaterThan(60);
});

test('notes on the data are told whenever they are opened', async () => {
  const rows = Array.from({ length: 100 }, (_, row) => `${row ? row / 2 : 'odd'},${row % 2}`).join('\n');
  const settings = { path: await file(`x,y\n${rows}\n`), tasks: { y: {} } };
  const [first, second]: [string[], string[]] = [[], []];
  await open(settings, first);
  await open(settings, second);
  expect(first).toEqual([expect.stringContaining("'odd'"), expect.stringContaining('were inferred')]);
  expect(second).toEqual(first);
});
