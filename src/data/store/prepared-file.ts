import type { DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api';
import { DataError } from '../../support/errors.js';
import { literal, openDatabase, sqlReason } from './database.js';
import type { Prepared } from './prepared.js';

/** Reads the DuckDB file of prepared data, as the database `prepared`. It is closed when nothing refers to it any longer. */
export class PreparedFile {
  readonly #entry: Prepared<unknown>;
  readonly #columns: number;
  #database: Promise<DuckDBConnection> | undefined;

  /** @param columns of the widest table: its buffers need memory. */
  constructor(entry: Prepared<unknown>, columns: number) {
    this.#entry = entry;
    this.#columns = columns;
  }

  /** A statement's result. Several may be read at once. @throws DamagedEntry for a damaged file, DataError for what else keeps it from being read. */
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
      const reason = sqlReason(error);
      if (isDamage(reason)) throw await this.#entry.damaged(reason);
      throw new DataError(`${this.#entry.file} cannot be read: ${reason}. ${adviceOn(reason)}.`);
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

const damages = [
  /^(Serialization|INTERNAL|FATAL|Catalog|Binder) Error/,
  /^IO Error: .*(checksum|corrupt|not a valid DuckDB|Could not read enough bytes)/i,
];

/** Whether the file's content is at fault, not the machine or another program. A name in quotes does not count. */
function isDamage(reason: string): boolean {
  const words = reason.replaceAll(/"[^"]*"/g, '""');
  return damages.some((damage) => damage.test(words));
}

const advice: readonly (readonly [RegExp, string])[] = [
  [/set lock on file/, 'Close the program that has it open for writing; to look at prepared data, open them read-only'],
  [/^Out of Memory Error/, 'Free some memory, or train fewer runs at a time (--jobs)'],
  [/Too many open files/, 'Raise the limit of open files (ulimit -n), or train fewer runs at a time (--jobs)'],
];

function adviceOn(reason: string): string {
  return advice.find(([sign]) => sign.test(reason))?.[1] ?? 'Start again';
}
