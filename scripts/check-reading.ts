import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { queryRows, withDatabase } from '../src/data/store/database.js';
import { openTableFile } from '../src/data/table/row-file.js';
import { textSql } from '../src/data/table/staged-columns.js';
import { stagedTable, stageRows } from '../src/data/table/staged-rows.js';
import { usualMissing } from '../src/data/table/table-options.js';
import { must } from '../src/support/must.js';
import { wordsOf } from './usage.js';

// Generated CSV files are read by `ple` and by Python's csv; JSON and Parquet files by `ple`, by Python's json and by
// pandas. `PYTHON` names the interpreter that has pandas and pyarrow. Exits with 1 if a cell differs.

const usage = 'npm run check:reading -- [--csv 900] [--others 200] [--seed 1] [--keep]';
const { values } = wordsOf(usage, {
  options: {
    csv: { type: 'string', default: '900' },
    others: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    keep: { type: 'boolean', default: false },
  },
});

const expectedShape = z.object({
  options: z.object({
    delimiter: z.string().optional(),
    quote: z.string().nullable().default('"'),
    encoding: z.string().nullable().default(null),
    header: z.boolean().default(true),
  }),
  names: z.array(z.string()),
  rows: z.array(z.array(z.union([z.string(), z.null(), z.array(z.string())]))),
});
type Cell = string | null | readonly string[];

/** The rows of a file as `ple` stages them, as texts. */
async function readByPle(path: string, { encoding, ...options }: z.infer<typeof expectedShape>['options']) {
  const file = await openTableFile(path, { ...options, encoding: encoding ?? undefined });
  return withDatabase(async (database) => {
    const { columns } = await stageRows(database, [{ split: 'train', file }], new Set(file.names), usualMissing);
    const sql = [...columns.values()].map((column) => (column.type === 'list' ? column.sql : textSql(column)));
    const rows = await queryRows(database, `SELECT ${sql.join(', ')} FROM ${stagedTable} ORDER BY rowid`);
    return { names: file.names, rows: rows.map((row) => row.map(cellOf)) };
  });
}

function cellOf(value: unknown): Cell {
  if (value === null || typeof value === 'string') return value;
  const items: unknown = value instanceof Object ? Reflect.get(value, 'items') : undefined;
  if (Array.isArray(items)) return items.map(String);
  throw new Error(`A cell of an unknown form: ${value}`);
}

/** Blanks around a text are no part of it, and some texts stand for a missing value. */
function wanted(cell: Cell): Cell {
  if (typeof cell !== 'string') return cell;
  return usualMissing.includes(cell.trim()) ? null : cell.trim();
}

/** Texts are equal, or spell one number: `1e3` and `1000.0`. Each digit of a long whole number counts. */
function isSame(read: Cell, expected: Cell): boolean {
  if (Array.isArray(read) && Array.isArray(expected))
    return read.length === expected.length && read.every((entry, e) => isSame(entry, must(expected[e], 'entry')));
  if (typeof read !== 'string' || typeof expected !== 'string') return read === expected;
  const isLong = /^-?\d{16,}$/.test(expected);
  return read === expected || (!isLong && read !== '' && Number(read) === Number(expected));
}

async function differenceOf(path: string): Promise<string | undefined> {
  const { options, ...expected } = expectedShape.parse(JSON.parse(readFileSync(`${path}.expected`, 'utf8')));
  const read = await readByPle(path, options).catch((error: unknown) => String(error));
  if (typeof read === 'string') return read;
  const names = expected.names.map((name) => name.trim());
  if (read.names.join('\n') !== names.join('\n'))
    return `names ${JSON.stringify(read.names)}, expected ${JSON.stringify(names)}`;
  if (read.rows.length !== expected.rows.length) return `${read.rows.length} rows, expected ${expected.rows.length}`;
  for (const [r, row] of expected.rows.entries())
    for (const [c, cell] of row.entries()) {
      const found = read.rows[r]?.[c] ?? null;
      if (!isSame(found, wanted(cell)))
        return `row ${r + 1}, '${names[c]}': ${JSON.stringify(found)}, expected ${JSON.stringify(cell)} (${JSON.stringify(options)})`;
    }
  return undefined;
}

const folder = mkdtempSync(join(tmpdir(), 'ple-check-reading-'));
try {
  const script = resolve(import.meta.dirname, 'check-reading.py');
  const words = [script, folder, values.csv, values.others, values.seed];
  const { status, error } = spawnSync(process.env.PYTHON ?? 'python3', words, { stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0) throw new Error(`check-reading.py ended with ${status}`);
  const files = readdirSync(folder).filter((name) => !name.endsWith('.expected'));
  let different = 0;
  for (const name of files) {
    const difference = await differenceOf(join(folder, name));
    if (difference === undefined) continue;
    different++;
    console.log(`${name}: ${difference}`);
  }
  console.log(`${files.length} files read (seed ${values.seed}), ${different} that differ`);
  process.exitCode = different > 0 ? 1 : 0;
} finally {
  if (values.keep) console.log(folder);
  else rmSync(folder, { recursive: true });
}
