import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Comparison } from '../comparison/comparison.js';
import { identifier, literal, withDatabase } from '../data/store/database.js';
import { gainColumns, gainLines } from './gains-csv.js';

/**
 * gains.parquet: the lines of gains.csv without those of contrasts, unrounded, with one type per column and null for
 * undefined values. DuckDB writes it from lines of JSON. Equal results give equal bytes.
 */
export async function gainsParquet(comparison: Comparison): Promise<Uint8Array> {
  const columns = gainColumns(comparison);
  const lines = gainLines(comparison)
    .filter(({ isContrast }) => !isContrast)
    .map((line) => JSON.stringify(Object.fromEntries(columns.map(({ name, of }) => [name, of(line)]))));
  const types = columns.map(({ name, type }) => `${identifier(name)}: ${literal(type)}`).join(', ');
  const folder = await mkdtemp(join(tmpdir(), 'ple-gains-'));
  const [from, to] = [join(folder, 'gains.json'), join(folder, 'gains.parquet')];
  try {
    await writeFile(from, lines.join('\n'));
    await withDatabase(async (database) => {
      await database.run('SET threads = 1'); // so that equal rows give equal bytes
      const rows = `read_json(${literal(from)}, format = 'newline_delimited', columns = {${types}})`;
      await database.run(`COPY (FROM ${rows}) TO ${literal(to)} (FORMAT parquet)`);
    });
    return await readFile(to);
  } finally {
    await rm(folder, { recursive: true });
  }
}
