import { on } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { DuckDBAppender, DuckDBConnection } from '@duckdb/node-api';
import { DataError } from '../../support/errors.js';
import { advance, type LoaderContext } from '../loader.js';
import { type AppendedColumn, appendColumns } from '../store/append-columns.js';
import { rowsOf } from '../store/database.js';
import { type Field, fields, fieldsOf } from './fields.js';
import type { RawFiles } from './raw-files.js';
import {
  type CommonRows,
  type FileDescription,
  type FileSplit,
  fileSplits,
  type Keys,
  type Read,
  type Samples,
  type TableName,
} from './read-files.js';
import type { Sent } from './read-thread.js';
import { GrowingList } from './sample-reader.js';

/** What the DuckDB file has beside its tables, which datasets/ali-ccp.md describes. */
export interface StoredFiles {
  /** By table. */
  readonly files: Readonly<Record<TableName, FileDescription>>;
  /** Common rows that some sample needs. */
  readonly common: Readonly<Record<FileSplit, number>>;
  /** By field: its distinct ids. */
  readonly ids: Readonly<Record<string, number>>;
}

const script = import.meta.url.endsWith('.ts') ? './read-thread.fixture.mjs' : './read-thread.js';

const historyPlaces = fieldsOf('common', 'list').map((field) => fields.indexOf(field));
/** Places of a shelf, whose rows are sorted at once. */
const shelfPlaces = 2 ** 12;

/**
 * Reads the four files into the attached database `prepared`. A thread reads lines, while this one stores what it read before.
 * @returns the entry's description.
 */
export async function prepareFiles(
  database: DuckDBConnection,
  files: RawFiles,
  context: Pick<LoaderContext, 'progress' | 'signal'>,
): Promise<StoredFiles> {
  await database.run("SET memory_limit = '256MB'");
  const store = new Store(database, files);
  await store.create();
  const total = [files.common, files.skeleton].reduce((sum, { train, test }) => sum + train.bytes + test.bytes, 0);
  const thread = new Worker(new URL(script, import.meta.url), { workerData: files });
  try {
    for await (const [message] of on(thread, 'message', { close: ['exit'] })) {
      const sent: Sent = message;
      if (sent.kind === 'bytes') advance(context, sent.done, total);
      else if (sent.kind === 'unusable') throw new DataError(sent.message);
      else {
        thread.postMessage('taken'); // the thread may be two batches ahead
        await store.add(sent.read);
      }
    }
  } finally {
    await thread.terminate();
  }
  return store.described();
}

class Store {
  readonly #database: DuckDBConnection;
  readonly #splits: Readonly<Record<FileSplit, SplitTables>>;
  readonly #descriptions = new Map<TableName, FileDescription>();
  readonly #ids: Record<string, number> = {};

  constructor(database: DuckDBConnection, files: RawFiles) {
    this.#database = database;
    this.#splits = {
      train: new SplitTables(database, files, 'train'),
      test: new SplitTables(database, files, 'test'),
    };
  }

  async create(): Promise<void> {
    await this.#database.run('CREATE TABLE prepared.ids (field UTINYINT, "index" INTEGER, id INTEGER)');
    for (const split of fileSplits) await this.#splits[split].create();
  }

  async add(read: Read): Promise<void> {
    if (read.kind === 'samples') await this.#splits[read.split].addSamples(read);
    else if (read.kind === 'common') await this.#splits[read.split].addCommon(read);
    else if (read.kind === 'end') {
      this.#descriptions.set(`${read.of}_${read.split}`, read.description);
      if (read.of === 'common') await this.#splits[read.split].endCommon();
    } else {
      const { place, ids } = read;
      const count = ids.length;
      this.#ids[fields[place]?.name ?? ''] = count;
      const columns = [new Uint8Array(count).fill(place), rowNumbers(1, count), ids];
      await appendColumns(this.#database, 'prepared.ids', columns, count);
    }
  }

  described(): StoredFiles {
    const of = (table: TableName) => {
      const description = this.#descriptions.get(table);
      if (!description) throw new Error(`The thread ended before ${table} was read`);
      return description;
    };
    const train = { common_train: of('common_train'), samples_train: of('samples_train') };
    return {
      files: { ...train, common_test: of('common_test'), samples_test: of('samples_test') },
      common: { train: this.#splits.train.common, test: this.#splits.test.common },
      ids: this.#ids,
    };
  }
}

/**
 * The tables of the training files, or the test files. Samples come first, in the order of their file. A common row's place is that of its first
 * sample: neighbouring samples need neighbouring common rows. Common rows come in another order, and are stored in that of their places when all
 * have come.
 */
class SplitTables {
  /** Common rows that samples need. */
  common = 0;
  readonly #database: DuckDBConnection;
  readonly #files: RawFiles;
  readonly #split: FileSplit;
  #samples = 0;
  /** Of each place: the line of its first sample. */
  readonly #lines: number[] = [];
  /** Rows of the file of common features. */
  #rows = 0;
  /** Of each place: whether its common row has come. */
  #filled = new Uint8Array();
  readonly #shelves: Shelves;

  constructor(database: DuckDBConnection, files: RawFiles, split: FileSplit) {
    this.#database = database;
    this.#files = files;
    this.#split = split;
    this.#shelves = new Shelves(database, `common_${split}`);
  }

  async create(): Promise<void> {
    const integers = (side: Field['file']) => fieldsOf(side, 'single').map(({ name }) => `"${name}" INTEGER`);
    const lists = fieldsOf('common', 'list').map(({ name }) => `"${name}" BLOB USING COMPRESSION uncompressed`);
    const labels = ['click UTINYINT', 'conversion UTINYINT'];
    const entries = 'entries STRUCT(field UTINYINT, "index" INTEGER, "value" FLOAT)[]';
    const common = ['"row" INTEGER', 'number INTEGER', ...integers('common'), ...lists];
    const samples = ['"row" INTEGER', 'common INTEGER', ...labels, ...integers('skeleton'), entries];
    for (const statement of [
      `TABLE prepared.samples_${this.#split} (${samples.join(', ')})`,
      `TABLE prepared.common_${this.#split} (${common.join(', ')})`,
      `TABLE keys_${this.#split} (high UINTEGER, low UINTEGER, place INTEGER)`,
      `TABLE wanted_${this.#split} (high UINTEGER, low UINTEGER, number INTEGER)`,
    ])
      await this.#database.run(`CREATE ${statement}`);
  }

  async addSamples({ rows, runs, click, conversion, features }: Samples): Promise<void> {
    const { singles, ends, places, indexes, values } = features;
    const common = new Int32Array(rows);
    for (const [run, place] of (await this.#placesOfRuns(runs)).entries())
      common.fill(place, runs.first[run], runs.first[run + 1] ?? rows);
    const numbers = rowNumbers(this.#samples, rows);
    this.#samples += rows;
    const entries = { ends, fields: [places, indexes, values] };
    await this.#append('prepared.samples', [numbers, common, click, conversion, ...singles, entries], rows);
  }

  async addCommon({ rows, keys, features }: CommonRows): Promise<void> {
    if (this.#rows === 0) this.#filled = new Uint8Array(this.common);
    const common = await this.#placesOf(keys);
    for (const [row, place] of common.entries()) {
      if (this.#filled[place] === 1) {
        const { path } = this.#files.common[this.#split];
        throw new DataError(`${path}: row ${this.#rows + row + 1} has the index of a row before it.`);
      }
      if (place >= 0) this.#filled[place] = 1;
    }
    const { singles, ends, places, indexes, values } = features;
    const lists = new Map(historyPlaces.map((field) => [field, new GrowingList(1)]));
    for (const [row, place] of common.entries()) {
      if (place < 0) continue;
      const shelf = await this.#shelves.at(place);
      shelf.appendInteger(place);
      shelf.appendInteger(this.#rows + row);
      for (const single of singles) shelf.appendInteger(single[row] ?? 0);
      for (let e = row === 0 ? 0 : (ends[row - 1] ?? 0); e < (ends[row] ?? 0); e++)
        lists.get(places[e] ?? 0)?.add(indexes[e] ?? 0, values[e] ?? 0);
      for (const list of lists.values()) shelf.appendBlob(list.take());
      shelf.endRow();
    }
    this.#shelves.flush();
    this.#rows += rows;
  }

  async endCommon(): Promise<void> {
    const lost = this.#filled.indexOf(0);
    if (lost >= 0) {
      const where = `${this.#files.skeleton[this.#split].path}:${this.#lines[lost]}`;
      const { path } = this.#files.common[this.#split];
      throw new DataError(`${where}: ${path} has no row for the index of its common features.`);
    }
    await this.#shelves.empty();
    for (const table of ['keys', 'wanted']) await this.#database.run(`DROP TABLE ${table}_${this.#split}`);
  }

  /** Of each run, the place of its common row; places that are new are the next ones. */
  async #placesOfRuns({ high, low, lines }: Samples['runs']): Promise<Int32Array> {
    const places = await this.#placesOf({ high, low });
    const added = new Map<string, number>();
    const rows: number[] = [];
    for (const [run, place] of places.entries()) {
      if (place >= 0) continue;
      const key = `${high[run]} ${low[run]}`;
      const known = added.get(key);
      places[run] = known ?? this.common;
      if (known !== undefined) continue;
      added.set(key, this.common++);
      rows.push(run);
      this.#lines.push(lines[run] ?? 0);
    }
    const [highs, lows] = [high, low].map((half) => Uint32Array.from(rows, (run) => half[run] ?? 0));
    if (highs && lows)
      await this.#append('keys', [highs, lows, Int32Array.from(rows, (run) => places[run] ?? 0)], rows.length);
    return places;
  }

  /** The join: of each key, the place of its common row; -1 for none so far. */
  async #placesOf({ high, low }: Keys): Promise<Int32Array> {
    const wanted = `wanted_${this.#split}`;
    await this.#database.run(`TRUNCATE ${wanted}`);
    await this.#append('wanted', [high, low, rowNumbers(0, high.length)], high.length);
    const joined = `${wanted} LEFT JOIN keys_${this.#split} USING (high, low)`;
    const found = await rowsOf(this.#database, `SELECT coalesce(place, -1) FROM ${joined} ORDER BY number`);
    return Int32Array.from(found, ([place]) => Number(place));
  }

  #append(table: string, columns: readonly AppendedColumn[], rows: number): Promise<void> {
    return appendColumns(this.#database, `${table}_${this.#split}`, columns, rows);
  }
}

/**
 * Rows of a table, which begin with a place, that come in any order of their places. Those of neighbouring places wait in a table of the connection's
 * own database, which may spill to disk. (DuckDB sorts rows of variable length in memory only, so it gets them shelf by shelf.)
 */
class Shelves {
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

function rowNumbers(first: number, count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, row) => first + row);
}
