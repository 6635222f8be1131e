import type { DuckDBConnection } from '@duckdb/node-api';
import { DataError } from '../../support/errors.js';
import { must } from '../../support/must.js';
import type { SplitName } from '../dataset.js';
import { queryNumbers, queryRows, withProgress } from '../store/database.js';
import { shown } from './cell.js';
import { databaseTypes, macros, mostWhole, type StagedColumn, type StagedType, textSql } from './staged-columns.js';
import type { TableFile } from './table-file.js';

/** The table of staged rows, in the connection's own database. */
export const stagedTable = 'staged';

/** Files by the split that they are for; those of `train` may be cut. */
export interface SplitFile {
  readonly split: SplitName;
  readonly file: TableFile;
}

/** Rows of files in a table, one file after the other. */
export interface StagedRows {
  /** By name. */
  readonly columns: ReadonlyMap<string, StagedColumn>;
  readonly rows: number;
  /** Where each file's rows begin. */
  readonly files: readonly (SplitFile & { readonly first: number; readonly rows: number })[];
  /** `file:line: column 'x' is 'text'` of a row. */
  where(row: number, column: string): Promise<string>;
}

/**
 * Stages the columns of `used`. A column has the type that all files' values allow: of whole numbers and others a
 * number, if that keeps their digits, else a text.
 * @param onBytes gets the number of bytes of the files that have been read.
 * @param asTexts Numbers of typed files become texts, too.
 */
export async function stageRows(
  database: DuckDBConnection,
  files: readonly SplitFile[],
  used: ReadonlySet<string>,
  missing: readonly string[],
  onBytes: (bytes: number) => void = () => undefined,
  asTexts = false,
): Promise<StagedRows> {
  for (const macro of macros) await database.run(macro);
  const names = must(files[0], 'file').file.names.filter((name) => used.has(name));
  const columns: StagedColumn[] = [];
  for (const [c, name] of names.entries()) {
    const type = common(files.map(({ file }) => file.types.get(name) ?? 'text'));
    const isText = type === 'number' && (asTexts || (await losesDigits(database, files, name)));
    columns.push({ name, type: isText ? 'text' : type, sql: `c${c}` });
  }
  await database.run(`DROP TABLE IF EXISTS ${stagedTable}`);
  await database.run(
    `CREATE TABLE ${stagedTable} (${columns.map(({ sql, type }) => `${sql} ${databaseTypes[type]}`).join(', ')})`,
  );
  const staged: (SplitFile & { readonly first: number; readonly rows: number })[] = [];
  let [rows, bytes] = [0, 0];
  for (const { split, file } of files) {
    const select = selectValues(file, columns, missing);
    const insert = (from: string) => database.run(`INSERT INTO ${stagedTable} ${select} FROM ${from})`);
    const onShare = (share: number) => onBytes(bytes + share * file.bytes);
    await withProgress(database, onShare, () => file.rows(database, missing, insert));
    bytes += file.bytes;
    onBytes(bytes);
    const [count = 0] = await queryNumbers(database, ['count(*)'], stagedTable);
    staged.push({ split, file, first: rows, rows: count - rows });
    rows = count;
  }
  const byName = new Map(columns.map((column) => [column.name, column]));
  return {
    columns: byName,
    rows,
    files: staged,
    async where(row, name) {
      const column = byName.get(name);
      const from = staged.findLast(({ first }) => first <= row);
      const sql = column ? textSql(column) : 'NULL';
      const [[text] = []] = await queryRows(database, `SELECT ${sql} FROM ${stagedTable} WHERE rowid = ${row}`);
      const place = await from?.file.place(row - from.first);
      return `${place}: column '${name}' is ${shown(typeof text === 'string' ? text : '')}`;
    },
  };
}

/**
 * SQL of a file's values, up to its rows. One expression cleans all raw texts, as elements of a list: DuckDB's time to
 * plan an expression a column is quadratic.
 */
function selectValues(file: TableFile, columns: readonly StagedColumn[], missing: readonly string[]): string {
  const values = columns.map(({ name, type }) => file.value(name, type));
  const raw = values.filter(({ isRaw }) => isRaw);
  const texts = `list_transform([${raw.map(({ sql }) => sql).join(', ')}]::VARCHAR[], raw -> ${file.clean('raw', missing)}) AS texts`;
  const others = values.flatMap(({ sql, isRaw }, c) => (isRaw ? [] : [`${sql} AS v${c}`]));
  const staged = values.map((value, c) => (value.isRaw ? `texts[${raw.indexOf(value) + 1}]` : `v${c}`));
  return `SELECT ${staged.join(', ')} FROM (SELECT ${[texts, ...others].join(', ')}`;
}

/** Whether a file has whole numbers that would not be exact as the decimals that another file has. */
async function losesDigits(database: DuckDBConnection, files: readonly SplitFile[], name: string): Promise<boolean> {
  let isLost = false;
  for (const { file } of files) {
    if (file.types.get(name) !== 'whole') continue;
    const { sql: value } = file.value(name, 'whole');
    const test = `coalesce(bool_or(${value} NOT BETWEEN ${-mostWhole} AND ${mostWhole}), false)`;
    await file.rows(database, [], async (from) => {
      isLost ||= (await queryRows(database, `SELECT ${test} FROM ${from}`))[0]?.[0] === true;
    });
  }
  return isLost;
}

function common(types: readonly StagedType[]): StagedType {
  const [first = 'text'] = types;
  if (types.every((type) => type === first)) return first;
  if (types.includes('list')) return 'list';
  return types.includes('text') ? 'text' : 'number';
}

/** @throws DataError for files that have other columns than the first, and for a used column of structs or the like. */
export function checkColumns(files: readonly SplitFile[], used: ReadonlySet<string> | undefined): void {
  const first = files[0]?.file;
  for (const { file } of files) {
    const lost = first?.names.find((name) => !file.names.includes(name));
    const extra = file.names.find((name) => !first?.names.includes(name));
    if (lost !== undefined) throw new DataError(`${file.path} has no column '${lost}', which ${first?.path} has.`);
    if (extra !== undefined) throw new DataError(`${first?.path} has no column '${extra}', which ${file.path} has.`);
    for (const [name, type] of file.unsupported) {
      if (!used?.has(name)) continue;
      throw new DataError(
        `${file.path}: column '${name}' is of type ${shown(type)}, which is not supported; leave it out: columns: { ${name}: ignored }.`,
      );
    }
  }
}
