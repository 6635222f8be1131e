import type { DuckDBAppender, DuckDBConnection } from '@duckdb/node-api';

/** Places of a shelf, whose rows are sorted at once. */
const shelfPlaces = 2 ** 12;

/**
 * Rows of a table, which begin with a place, that come in any order of their places. Those of neighbouring places wait in a table of the connection's
 * own database, which may spill to disk. (DuckDB sorts rows of variable length in memory only, so it gets them shelf by shelf.)
 */
export class Shelves {
  readonly #database: DuckDBConnection;
  readonly #table: string;
  readonly #appenders: DuckDBAppender[] = [];

  /** @param table of the database `prepared`. */
  constructor(database: DuckDBConnection, table: string) {
    this.#database = database;
    this.#table = table;
  }

  /** Takes a row of this place. */
  async at(place: number): Promise<DuckDBAppender> {
    const index = Math.floor(place / shelfPlaces);
    for (let shelf = this.#appenders.length; shelf <= index; shelf++) {
      await this.#database.run(`CREATE TABLE ${this.#table}_${shelf} AS FROM prepared.${this.#table} LIMIT 0`);
      this.#appenders.push(await this.#database.createAppender(`${this.#table}_${shelf}`));
    }
    const appender = this.#appenders[index];
    if (!appender) throw new Error(`There is no shelf ${index}`);
    return appender;
  }

  /** Moves the rows that were taken to the tables. */
  flush(): void {
    for (const appender of this.#appenders) appender.flushSync();
  }

  /** Puts all rows into the table, in the order of their places. */
  async empty(): Promise<void> {
    for (const appender of this.#appenders) appender.closeSync();
    await this.#database.run('BEGIN'); // DuckDB then writes whole row groups, however many rows a shelf has
    for (const shelf of this.#appenders.keys())
      await this.#database.run(`INSERT INTO prepared.${this.#table} FROM ${this.#table}_${shelf} ORDER BY "row"`);
    await this.#database.run('COMMIT');
    for (const shelf of this.#appenders.keys()) await this.#database.run(`DROP TABLE ${this.#table}_${shelf}`);
  }
}
