import type { DuckDBConnection } from '@duckdb/node-api';
import { DataError } from '../../support/errors.js';
import type { SplitName } from '../dataset.js';
import { numbersOf, rowsOf, told } from '../store/database.js';
import { shown } from './cell.js';
import { databaseTypes, macros, mostWhole, type StagedColumn, type StagedType, textSql } from './staged-columns.js';
import { OtherTexts, type TableFile, type WantedColumn } from './table-file.js';

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
 * Stages the columns of `used`. A column has the type that all files' values allow: of whole numbers and others a number, else a text.
 * @param isText Columns of text files whose values count as they are written. `few`: they begin with a few whole numbers.
 * @param onBytes is told how many bytes of the files have been read.
 * @throws OtherTexts for a column of a text file that is a number by its beginning, but has other texts.
 */
export async function stageRows(
  database: DuckDBConnection,
  files: readonly SplitFile[],
  used: ReadonlySet<string>,
  isText: (name: string, few: boolean) => boolean,
  missing: readonly string[],
  onBytes: (bytes: number) => void = () => undefined,
): Promise<StagedRows> {
  for (const macro of macros) await database.run(macro);
  const [first] = files;
  if (!first) throw new Error('There are no files');
  const names = first.file.names.filter((name) => used.has(name));
  const few = (name: string) => files.some(({ file }) => file.few?.has(name));
  const wanted = names.map((name): WantedColumn => {
    const types = files.map(({ file }) => file.types.get(name) ?? 'text');
    const textual = types.every((type) => type === 'text' || type === 'number');
    return { name, type: textual && isText(name, few(name)) ? 'text' : common(types) };
  });
  await database.run(`DROP TABLE IF EXISTS ${stagedTable}`);
  await database.run(
    `CREATE TABLE ${stagedTable} (${wanted.map(({ type }, c) => `c${c} ${databaseTypes[type]}`).join(', ')})`,
  );
  const staged: (SplitFile & { readonly first: number; readonly rows: number })[] = [];
  let [rows, bytes] = [0, 0];
  for (const { split, file } of files) {
    const onShare = (share: number) => onBytes(bytes + share * file.bytes);
    await told(database, onShare, () => file.insert(database, stagedTable, wanted, missing));
    bytes += file.bytes;
    onBytes(bytes);
    const [count = 0] = await numbersOf(database, ['count(*)'], stagedTable);
    staged.push({ split, file, first: rows, rows: count - rows });
    rows = count;
  }
  const columns = new Map(
    wanted.map(({ name, type }, c): [string, StagedColumn] => {
      const retyped = type === 'number' && files.some(({ file }) => file.few);
      return [name, { name, type, sql: `c${c}`, ...(retyped ? { apart: !few(name) } : {}) }];
    }),
  );
  const wrong = [...columns.values()].flatMap(({ apart, sql }) =>
    apart === undefined
      ? []
      : [
          `count(*) FILTER (NOT isfinite(TRY_CAST(${sql} AS FLOAT)))`,
          `count(${sql}) - count(TRY_CAST(${sql} AS FLOAT))`,
          `count(*) FILTER (abs(${sql}) >= ${mostWhole} AND ${sql} = trunc(${sql}))`, // their texts say more
        ],
  );
  if ((await numbersOf(database, wrong, stagedTable)).some((count) => count > 0)) throw new OtherTexts();
  return {
    columns,
    rows,
    files: staged,
    async where(row, name) {
      const column = columns.get(name);
      const from = staged.findLast(({ first }) => first <= row);
      const sql = column ? textSql(column) : 'NULL';
      const [[text] = []] = await rowsOf(database, `SELECT ${sql} FROM ${stagedTable} WHERE rowid = ${row}`);
      const place = await from?.file.place(row - from.first);
      return `${place}: column '${name}' is ${shown(typeof text === 'string' ? text : '')}`;
    },
  };
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
