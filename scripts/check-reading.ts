import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { queryRows, withDatabase } from '../src/data/store/database.js';
import { openTableFile } from '../src/data/table/row-file.js';
import { stagedTable, stageRows, textSql } from '../src/data/table/staged-rows.js';
import { usualMissing } from '../src/data/table/table-options.js';
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

type Cell = string | null | readonly string[];

/** What check-reading.py has written of a file. */
interface Expected {
  readonly options: { delimiter?: string; quote?: string | null; encoding?: string | null; header?: boolean };
  readonly names: readonly string[];
  /** Columns that are refused. */
  readonly unsupported?: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

/** The rows of a file as `ple` stages them, as texts. */
async function readByPle(path: string, { encoding, header = true, quote = '"', delimiter }: Expected['options']) {
  const file = await openTableFile(path, { delimiter, header, quote, encoding: encoding ?? undefined });
  const names = file.names.filter((name) => !file.unsupported.has(name));
  const unsupported = [...file.unsupported.keys()].toSorted();
  return withDatabase(async (database) => {
    const { columns } = await stageRows(database, [{ split: 'train', file }], new Set(names), usualMissing);
    const sql = [...columns.values()].map((column) => (column.type === 'list' ? column.sql : textSql(column)));
    const rows = await queryRows(database, `SELECT ${sql.join(', ')} FROM ${stagedTable} ORDER BY rowid`);
    return { names, unsupported, rows: rows.map((row) => row.map(cellOf)) };
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

/** One spelling for each number: of `1e3` and `1000.0`. Each digit of a long whole number counts. */
function plain(cell: Cell): Cell {
  if (cell === null || cell === '') return cell;
  if (typeof cell !== 'string') return cell.map((entry) => String(plain(entry)));
  return /^-?\d{16,}$/.test(cell) || !Number.isFinite(Number(cell)) ? cell : String(Number(cell));
}

/** The first line that differs: of the names, or of a row. */
async function differenceOf(path: string): Promise<string | undefined> {
  const { options, names, unsupported = [], rows }: Expected = JSON.parse(readFileSync(`${path}.expected`, 'utf8'));
  const linesOf = (all: readonly (readonly Cell[])[]) => all.map((cells) => JSON.stringify(cells.map(plain)));
  const expected = linesOf([names.map((name) => name.trim()), unsupported, ...rows.map((row) => row.map(wanted))]);
  const found = await readByPle(path, options).then(
    (read) => linesOf([read.names, read.unsupported, ...read.rows]),
    (error: unknown) => [String(error)],
  );
  const at = Array.from({ length: Math.max(found.length, expected.length) }, (_, line) => line).find(
    (line) => found[line] !== expected[line],
  );
  if (at === undefined) return undefined;
  return `line ${at}: ${found[at]}, expected ${expected[at]} (${JSON.stringify(options)})`;
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
    if (difference !== undefined) console.log(`${name}: ${difference}`);
    different += Number(difference !== undefined);
  }
  console.log(`${files.length} files read (seed ${values.seed}), ${different} that differ`);
  process.exitCode = different > 0 ? 1 : 0;
} finally {
  if (values.keep) console.log(folder);
  else rmSync(folder, { recursive: true });
}
