import type { DuckDBConnection } from '@duckdb/node-api';
import type { StagedType } from './staged-columns.js';

/** A file, or what else has rows, as a relation in SQL. */
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
  /** SQL of a column's values. `isRaw`: of texts as they stand in the file, which `clean` makes values. */
  value(name: string, type: StagedType): { readonly sql: string; readonly isRaw: boolean };
  /** SQL of the value of a raw text, NULL for a missing one. @param missing Texts that stand for a missing value. */
  clean(text: string, missing: readonly string[]): string;
  /**
   * Calls `use` with SQL that stands behind FROM: all rows, in their order. If `use` fails, it may be called again,
   * with other SQL.
   * @throws DataError for what cannot be read.
   */
  rows(
    database: DuckDBConnection,
    missing: readonly string[],
    use: (from: string) => Promise<unknown>,
  ): Promise<unknown>;
  /** Where a row stands, for messages. @param row From 0. */
  place(row: number): Promise<string>;
}
