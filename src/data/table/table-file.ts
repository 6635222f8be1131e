import type { DuckDBConnection } from '@duckdb/node-api';
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
