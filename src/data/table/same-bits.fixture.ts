import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { z } from 'zod';
import { openDatabase, rowsOf } from '../store/database.js';
import { prepareTable } from './prepare-table.js';
import { openTableFile } from './row-file.js';
import { tableOptions } from './table-options.js';

/** More than one row group of DuckDB, so that threads share the work. */
const rows = 125_000;

/** A CSV with a header; its folder goes when the test ends. */
export function longFile(header: string, line: (row: number) => string): string {
  const folder = mkdtempSync(join(tmpdir(), 'ple-bits-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'data.csv');
  writeFileSync(path, [header, ...Array.from({ length: rows }, (_, row) => line(row)), ''].join('\n'));
  return path;
}

/** A checksum of all rows and dictionaries in their order, prepared with so many threads. */
export async function contentOf(path: string, options: object, threads: number): Promise<string> {
  const database = await openDatabase(':memory:', { threads });
  await database.run("ATTACH ':memory:' AS prepared");
  const files = [{ split: 'train', file: await openTableFile(path, { quote: '"', header: true }) } as const];
  const parsed = z.strictObject(tableOptions).parse({ path, ...options });
  const stored = await prepareTable(database, files, parsed, { checksum: '' }, {});
  const content = [JSON.stringify(stored)];
  for (const table of ['rows', 'dictionaries']) {
    const text = "string_agg(md5(CAST(t AS VARCHAR)), '' ORDER BY t.rowid)";
    content.push(String(await rowsOf(database, `SELECT md5(${text}) FROM prepared.${table} t`)));
  }
  database.closeSync();
  return content.join();
}
