import type { DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api';
import { literal, openDatabase, sqlReason } from './database.js';
import type { Prepared } from './prepared.js';

/** Reads the DuckDB file of prepared data, as the database `prepared`. It is closed when nothing refers to it any longer. */
export class PreparedFile {
  readonly #entry: Prepared;
  readonly #columns: number;
  #database: Promise<DuckDBConnection> | undefined;

  /** @param columns of the widest table: its buffers need memory. */
  constructor(entry: Prepared, columns: number) {
    this.#entry = entry;
    this.#columns = columns;
  }

  /** A statement's result. Several may be read at once. @throws DamagedEntry for a file that cannot be read. */
  async *chunks(sql: string): AsyncGenerator<DuckDBDataChunk> {
    try {
      this.#database ??= this.#open();
      const result = await (await this.#database).run(sql);
      for (;;) {
        const chunk = await result.fetchChunk();
        if (!chunk || chunk.rowCount === 0) return;
        yield chunk;
      }
    } catch (error) {
      this.#database = undefined;
      throw await this.#entry.damaged(sqlReason(error));
    }
  }

  /** @throws DamagedEntry for another number of rows than there are to be. */
  async expectRows(what: string, found: number, expected: number): Promise<void> {
    if (found !== expected) throw await this.#entry.damaged(`of ${what} there are ${found}, not ${expected}`);
  }

  async #open(): Promise<DuckDBConnection> {
    const database = await openDatabase(':memory:', { memory: `${256 + this.#columns}MB`, threads: 1 });
    await database.run(`ATTACH ${literal(this.#entry.file)} AS prepared (READ_ONLY)`);
    return database;
  }
}
