import type { DuckDBConnection } from '@duckdb/node-api';
import { DataError } from '../../support/errors.js';
import { must } from '../../support/must.js';
import type { SplitName } from '../dataset.js';
import { queryRows, withProgress } from '../store/database.js';
import { shown } from './cell.js';
import { databaseTypes, macros, type StagedColumn, type StagedType, textSql } from './staged-columns.js';

/** The table of staged rows, in the connection's own database. */
export const stagedTable = 'staged';

/** A file, or what else has rows. */
export interface TableFile {
  readonly path: string;
  /** On disk. */
  readonly bytes: number;
  readonly names: readonly string[];
  /** What each column's values are. Those of text files are texts. */
  readonly types: ReadonlyMap<string, StagedType>;
  /** Columns of a type of dates, which are staged as days since 1970. */
  readonly times?: ReadonlySet<string>;
  /** Columns whose values have no meaning here, such as structs, and their types. */
  readonly unsupported: ReadonlyMap<string, string>;
  /**
   * Calls `insert` with the query of some columns, of all rows in their order. It returns how many there were.
   * @param missing Texts that stand for a missing value.
   * @throws DataError for what cannot be read.
   */
  read(
    database: DuckDBConnection,
    columns: readonly StagedColumn[],
    missing: readonly string[],
    insert: (query: string) => Promise<number>,
  ): Promise<void>;
  /** Where a row stands, for messages. @param row From 0. */
  place(row: number): Promise<string>;
}

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
 * Stages the columns of `used`. A column has the type that all files have, else that of texts: as such all keep their
 * digits.
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
  const columns = names.map((name, c): StagedColumn => {
    const types = new Set(files.map(({ file }) => file.types.get(name) ?? 'text'));
    const [type = 'text'] = types.size === 1 ? types : [types.has('list') ? 'list' : 'text'];
    return { name, type: asTexts && type === 'number' ? 'text' : type, sql: `c${c}` };
  });
  const types = columns.map(({ sql, type }) => `${sql} ${databaseTypes[type]}`);
  await database.run(`CREATE OR REPLACE TABLE ${stagedTable} (${types.join(', ')})`);
  const staged: (SplitFile & { readonly first: number; readonly rows: number })[] = [];
  let [rows, bytes] = [0, 0];
  for (const { split, file } of files) {
    let count = 0;
    const insert = async (query: string) => {
      count = (await database.run(`INSERT INTO ${stagedTable} ${query}`)).rowsChanged;
      return count;
    };
    const onShare = (share: number) => onBytes(bytes + share * file.bytes);
    await withProgress(database, onShare, () => file.read(database, columns, missing, insert));
    bytes += file.bytes;
    onBytes(bytes);
    staged.push({ split, file, first: rows, rows: count });
    rows += count;
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
