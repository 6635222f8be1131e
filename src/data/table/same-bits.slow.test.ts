import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { temporaryFolder } from '../../support/folder.fixture.js';
import { openDatabase, queryRows } from '../store/database.js';
import { columnRoles } from './column-roles.js';
import { prepareTable } from './prepare-table.js';
import { openTableFile } from './row-file.js';
import { tableOptions } from './table-options.js';

/** More than one row group of DuckDB, so that threads share the work. */
const rows = 125_000;

/** A CSV with a header; its folder goes when the test ends. */
function longFile(header: string, line: (row: number) => string): string {
  const path = join(temporaryFolder(), 'data.csv');
  writeFileSync(path, [header, ...Array.from({ length: rows }, (_, row) => line(row)), ''].join('\n'));
  return path;
}

/** A checksum of all rows and dictionaries in their order, prepared with this number of threads. */
async function preparedContent(path: string, options: object, threads: number): Promise<string> {
  const database = await openDatabase(':memory:', { threads });
  await database.run("ATTACH ':memory:' AS prepared");
  const files = [{ split: 'train', file: await openTableFile(path, { quote: '"', header: true }) }] as const;
  const parsed = z.strictObject(tableOptions).parse({ path, ...options });
  const roles = columnRoles(files[0].file, parsed);
  const stored = await prepareTable(database, files, roles, { ...parsed, checksum: '' }, {});
  const content = [JSON.stringify(stored)];
  for (const table of ['rows', 'dictionaries']) {
    const text = "string_agg(md5(CAST(t AS VARCHAR)), '' ORDER BY t.rowid)";
    content.push(String(await queryRows(database, `SELECT md5(${text}) FROM prepared.${table} t`)));
  }
  database.closeSync();
  return content.join();
}

test('lists, days and every way to split have the same bits with any number of threads', async () => {
  const path = longFile('user,x,few,tags,y,day', (i) =>
    [`u${(i * 7919) % 4001},${Math.sin(i)},${i % 12}`, `t${i % 5}|t${i % 7}`, Number(i % 3 === 0)]
      .concat(`2024-0${1 + (i % 9)}-11`)
      .join(),
  );
  const options = { tasks: { y: {} }, columns: { tags: { kind: 'list' } } };
  const one = await preparedContent(path, options, 1);
  for (const threads of [3, 8]) expect(await preparedContent(path, options, threads)).toBe(one);
  expect(await preparedContent(path, { ...options, splitSeed: 1 }, 2)).not.toBe(one);
  for (const split of [
    { fraction: { test: 0.2 }, stratify: ['y', 'few'] },
    { fraction: { test: 0.2 }, group: 'user' },
    { time: 'day' },
  ])
    expect(await preparedContent(path, { ...options, split }, 1)).toBe(
      await preparedContent(path, { ...options, split }, 5),
    );
});
