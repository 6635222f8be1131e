import type { DuckDBConnection } from '@duckdb/node-api';
import { type Cell, numberOf, textOf } from './cell.js';
import type { RowFile } from './file-rows.js';
import type { StagedType } from './staged-columns.js';
import { OtherTexts, type TableFile, type WantedColumn } from './table-file.js';

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

/** Appends rows to a table, cell by cell. @param missing Undefined: texts stay as they are. */
export async function insertRows(
  database: DuckDBConnection,
  table: string,
  rows: RowFile,
  columns: readonly WantedColumn[],
  missing: readonly string[] | undefined,
): Promise<void> {
  const { DuckDBDataChunk, DOUBLE, LIST, VARCHAR, listValue } = await import('@duckdb/node-api');
  const marks = new Set(missing?.map((mark) => mark.trim()));
  const places = columns.map(({ name }) => rows.names.indexOf(name));
  const databaseType = { text: VARCHAR, whole: VARCHAR, number: DOUBLE, list: LIST(VARCHAR) };
  const staged = (cell: Cell, type: StagedType) => {
    if (cell === null) return null;
    if (type === 'list') return listValue(typeof cell === 'object' ? cell.map(textOf) : [textOf(cell)]);
    const text = missing ? textOf(cell).trim() : textOf(cell);
    if (marks.has(text)) return null;
    if (type !== 'number') return text;
    if (typeof cell === 'number') return cell;
    if (Number.isNaN(numberOf(cell))) throw new OtherTexts();
    return Number(cell);
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
