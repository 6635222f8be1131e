import type { DuckDBConnection } from '@duckdb/node-api';
import { type Cell, type RowChunk, textOf } from './cell.js';
import type { StagedType } from './staged-columns.js';

/** A column that is to be staged, and as what. */
export interface WantedColumn {
  readonly name: string;
  readonly type: StagedType;
  /** Of a column that is the same in every row: its text, cleaned. */
  readonly constant?: string | null;
}

/** A file of rows, or what else has rows, whatever its format. */
export interface TableFile {
  readonly path: string;
  /** On disk. */
  readonly bytes: number;
  readonly names: readonly string[];
  /** What each column's values are at their best: numbers of a text file may turn out to be others. */
  readonly types: ReadonlyMap<string, StagedType>;
  /** Of a text file, whose numbers may be staged as they are written: columns that begin with a few whole numbers, which may be categories. */
  readonly few?: ReadonlySet<string>;
  /** Columns whose values have no meaning here, as structs, and their types. */
  readonly unsupported: ReadonlyMap<string, string>;
  /**
   * Appends all rows, in their order, to a table of the database.
   * @param missing Texts that stand for a missing value.
   * @throws DataError for what cannot be read; OtherTexts.
   */
  insert(
    database: DuckDBConnection,
    table: string,
    columns: readonly WantedColumn[],
    missing: readonly string[],
  ): Promise<void>;
  /** Where a row stands, for messages. @param row From 0. */
  place(row: number): Promise<string>;
}

/** Not all values of a text file's columns are numbers that were taken for such. */
export class OtherTexts extends Error {}

/** Rows of a vector of DuckDB. */
const chunkRows = 2048;

/** A file that is read row by row. */
export function rowTable(rows: RowFile, types: ReadonlyMap<string, StagedType>): TableFile {
  const { path, bytes, names, unsupported } = rows;
  return {
    path,
    bytes,
    names,
    types,
    unsupported,
    insert: (database, table, columns, missing) => insertRows(database, table, rows, columns, missing),
    place: async (row) => `${path}, row ${row + 1}`,
  };
}

/** Appends rows to a table, cell by cell. */
async function insertRows(
  database: DuckDBConnection,
  table: string,
  rows: RowFile,
  columns: readonly WantedColumn[],
  missing: readonly string[],
): Promise<void> {
  const { DuckDBDataChunk, DOUBLE, LIST, VARCHAR, listValue } = await import('@duckdb/node-api');
  const marks = new Set(missing.map((mark) => mark.trim()));
  const places = columns.map(({ name }) => rows.names.indexOf(name));
  const databaseType = { text: VARCHAR, whole: VARCHAR, number: DOUBLE, list: LIST(VARCHAR) };
  const staged = (cell: Cell, type: StagedType) => {
    if (cell === null) return null;
    if (type === 'list') return listValue(typeof cell === 'object' ? cell.map(textOf) : [textOf(cell)]);
    const text = textOf(cell).trim();
    if (marks.has(text)) return null;
    return type === 'number' ? Number(cell) : text;
  };
  const appender = await database.createAppender(table);
  try {
    for await (const { records } of rows.read(new Set(columns.map(({ name }) => name)))) {
      for (let from = 0; from < records.length; from += chunkRows) {
        const part = records.slice(from, from + chunkRows);
        const chunk = DuckDBDataChunk.create(columns.map(({ type }) => databaseType[type]));
        chunk.setColumns(
          columns.map(({ type, constant }, c) =>
            part.map(
              (record) => constant ?? (constant === null ? null : staged(record[places[c] ?? -1] ?? null, type)),
            ),
          ),
        );
        appender.appendDataChunk(chunk);
      }
    }
  } finally {
    appender.closeSync();
  }
}

/** A file of rows, whatever its format. */
export interface RowFile {
  readonly path: string;
  /** On disk. */
  readonly bytes: number;
  readonly names: readonly string[];
  /** Names of columns whose values have no meaning here, as structs, and their types. Their cells are null. */
  readonly unsupported: ReadonlyMap<string, string>;
  /**
   * All rows, from the first.
   * @param used names the columns whose cells are wanted, where others need not be decoded: those may be null. Absent: all.
   */
  read(used?: ReadonlySet<string>): AsyncGenerator<RowChunk>;
}

export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replaceAll(/\s+/g, ' ').slice(0, 200).replace(/\.$/, '');
}
