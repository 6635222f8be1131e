import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Comparison } from '../comparison/comparison.js';
import { identifier, literal, withDatabase } from '../data/store/database.js';
import { cannotWriteFile, partialPath, syncPath } from '../support/whole-file.js';
import { gainLines, typedColumns } from './gains-csv.js';

/**
 * Writes gains.parquet into a folder: the lines of gains.csv without those of contrasts, unrounded, with one type per
 * column and null for undefined values. DuckDB writes it from lines of JSON. Equal results give equal bytes.
 */
export async function writeGainsParquet(folder: string, comparison: Comparison): Promise<void> {
  const columns = typedColumns(comparison);
  const lines = gainLines(comparison)
    .filter(({ isContrast }) => !isContrast)
    .map((line, index) =>
      JSON.stringify(Object.fromEntries(columns.map(({ head, cell }) => [head, cell(line, index)]))),
    );
  const types = columns.map(({ head, type }) => `${identifier(head)}: ${literal(type)}`).join(', ');
  const path = join(folder, 'gains.parquet');
  const partial = partialPath(path);
  const [from, to] = [join(partial, 'gains.json'), join(partial, 'gains.parquet')];
  try {
    await mkdir(partial);
    await writeFile(from, lines.join('\n'));
    await withDatabase(async (database) => {
      await database.run('SET threads = 1'); // so that equal rows give equal bytes
      const rows = `read_json(${literal(from)}, format = 'newline_delimited', columns = {${types}})`;
      await database.run(`COPY (FROM ${rows}) TO ${literal(to)} (FORMAT parquet)`);
    });
    await syncPath(to);
    await rename(to, path);
  } catch (error) {
    throw cannotWriteFile(path, error);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}
