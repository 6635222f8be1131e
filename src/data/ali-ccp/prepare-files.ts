import { on } from 'node:events';
import { appendFile, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
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
  type Features,
  type FileDescription,
  type FileSplit,
  fileSplits,
  type Keys,
  type Read,
  type Samples,
  type TableName,
} from './read-files.js';
import type { Sent } from './read-thread.js';

/** The description of the DuckDB file. datasets/ali-ccp.md describes its tables. */
export interface StoredFiles {
  /** By table. */
  readonly files: Readonly<Record<TableName, FileDescription>>;
  /** Number of common rows that some sample needs. */
  readonly common: Readonly<Record<FileSplit, number>>;
  /** Number of distinct ids, by field. */
  readonly ids: Readonly<Record<string, number>>;
}

const script = import.meta.url.endsWith('.ts') ? './read-thread.fixture.mjs' : './read-thread.js';

const historyPlaces = fieldsOf('common', 'list').map((field) => fields.indexOf(field));
/** Places per shelf. A shelf's rows are sorted in memory at once. */
const shelfPlaces = 2 ** 12;

/**
 * Reads the four files into the attached database `prepared`. A thread reads lines while this thread stores earlier
 * ones.
 * @returns the entry's description.
 */
export async function prepareFiles(
  database: DuckDBConnection,
  folder: string,
  files: RawFiles,
  context: Pick<LoaderContext, 'progress' | 'signal'>,
): Promise<StoredFiles> {
  await database.run("SET memory_limit = '256MB'");
  const store = new Store(database, folder, files);
  await store.create();
  const total = [files.common, files.skeleton].reduce((sum, { train, test }) => sum + train.bytes + test.bytes, 0);
  const thread = new Worker(new URL(script, import.meta.url), { workerData: files });
  try {
    for await (const [message] of on(thread, 'message', { close: ['exit'] })) {
      const sent: Sent = message;
      if (sent.kind === 'bytes') advance(context, sent.done, total);
      else if (sent.kind === 'unusable') throw new DataError(sent.message);
      else {
        thread.postMessage('taken');
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

  constructor(database: DuckDBConnection, folder: string, files: RawFiles) {
    this.#database = database;
    this.#splits = {
      train: new SplitTables(database, folder, files, 'train'),
      test: new SplitTables(database, folder, files, 'test'),
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
 * The tables of the training files, or of the test files.
 *
 * Samples come first, in the order of their file. A common row's place is the order of its first sample, so that
 * neighbouring samples need neighbouring common rows. Common rows arrive in another order. They are stored in the order
 * of their places once all have arrived.
 */
class SplitTables {
  /** Number of common rows that samples need. */
  common = 0;
  readonly #database: DuckDBConnection;
  readonly #files: RawFiles;
  readonly #split: FileSplit;
  #samples = 0;
  /** By place: the line of its first sample. */
  readonly #lines: number[] = [];
  /** Number of rows in the file of common features. */
  #rows = 0;
  /** By place: whether its common row has arrived. */
  #filled = new Uint8Array();
  readonly #shelves: Shelves;

  /** @param folder Folder for temporary files. */
  constructor(database: DuckDBConnection, folder: string, files: RawFiles, split: FileSplit) {
    this.#database = database;
    this.#files = files;
    this.#split = split;
    this.#shelves = new Shelves(join(folder, `common-${split}`));
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
    await this.#shelves.put(common, this.#rows, features);
    this.#rows += rows;
  }

  async endCommon(): Promise<void> {
    const lost = this.#filled.indexOf(0);
    if (lost >= 0) {
      const where = `${this.#files.skeleton[this.#split].path}:${this.#lines[lost]}`;
      const { path } = this.#files.common[this.#split];
      throw new DataError(`${where}: ${path} has no row for the index of its common features.`);
    }
    await this.#shelves.empty(this.#database, `common_${this.#split}`);
    for (const table of ['keys', 'wanted']) await this.#database.run(`DROP TABLE ${table}_${this.#split}`);
  }

  /** The place of each run's common row. New places are appended. */
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

  /** The join: the place of each key's common row; -1 if it has none yet. */
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
 * Common rows that arrive in any order, in a file of the work folder until all have arrived. Rows with neighbouring
 * places form a shelf, which is sorted in memory.
 *
 * A row consists of 32-bit words: the number of words, its place, its number, its single fields, the number of entries
 * of each list, and for each list all indexes and all values.
 */
class Shelves {
  readonly #path: string;
  #end = 0;
  /** By shelf: where its rows are in the file. */
  readonly #parts: { readonly position: number; readonly bytes: number }[][] = [];

  constructor(path: string) {
    this.#path = path;
  }

  /** @param common The place of each row; -1 if no sample needs it. @param first Number of the first row. */
  async put(common: Int32Array, first: number, { singles, ends, places, indexes, values }: Features): Promise<void> {
    const header = 3 + singles.length;
    const words = new Int32Array(common.length * (header + historyPlaces.length) + 2 * indexes.length);
    const floats = new Float32Array(words.buffer);
    const order = common
      .map((_, row) => row)
      .filter((row) => (common[row] ?? -1) >= 0)
      .sort((row, other) => (common[row] ?? 0) - (common[other] ?? 0));
    let at = 0;
    for (const row of order) {
      const place = common[row] ?? 0;
      const [begin, end] = [row === 0 ? 0 : (ends[row - 1] ?? 0), ends[row] ?? 0];
      words.set([place, first + row, ...singles.map((single) => single[row] ?? 0)], at + 1);
      let to = at + header + historyPlaces.length;
      for (const [list, field] of historyPlaces.entries()) {
        const from = to;
        for (let e = begin; e < end; e++) if (places[e] === field) words[to++] = indexes[e] ?? 0;
        words[at + header + list] = to - from;
        for (let e = begin; e < end; e++) if (places[e] === field) floats[to++] = values[e] ?? 0;
      }
      words[at] = to - at;
      this.#addPart(Math.floor(place / shelfPlaces), 4 * (to - at));
      at = to;
    }
    await appendFile(this.#path, new Uint8Array(words.buffer, 0, 4 * at));
  }

  #addPart(shelf: number, bytes: number): void {
    while (this.#parts.length <= shelf) this.#parts.push([]);
    const parts = this.#parts[shelf] ?? [];
    const last = parts.at(-1);
    const position = this.#end;
    this.#end += bytes;
    if (last && last.position + last.bytes === position)
      parts[parts.length - 1] = { ...last, bytes: last.bytes + bytes };
    else parts.push({ position, bytes });
  }

  /** Moves all rows into a table of the database `prepared`, in the order of their places. */
  async empty(database: DuckDBConnection, table: string): Promise<void> {
    const file = await open(this.#path);
    try {
      const appender = await database.createAppender(table, null, 'prepared');
      await database.run('BEGIN'); // DuckDB then writes whole row groups, whatever the number of rows per shelf
      for (const parts of this.#parts) {
        const bytes = Buffer.alloc(parts.reduce((sum, part) => sum + part.bytes, 0));
        let filled = 0;
        for (const part of parts) filled += (await file.read(bytes, filled, part.bytes, part.position)).bytesRead;
        if (filled < bytes.length) throw new Error(`${this.#path} has become shorter`);
        appendShelf(appender, bytes);
        appender.flushSync();
      }
      appender.closeSync();
      await database.run('COMMIT');
    } finally {
      await file.close();
    }
    await rm(this.#path);
  }
}

function appendShelf(appender: DuckDBAppender, bytes: Buffer): void {
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const begins: number[] = [];
  for (let at = 0; at < words.length; at += words[at] ?? words.length) begins[(words[at + 1] ?? 0) % shelfPlaces] = at;
  for (const begin of begins) {
    const lists = begin + 3 + fieldsOf('common', 'single').length;
    for (let at = begin + 1; at < lists; at++) appender.appendInteger(words[at] ?? 0);
    let from = lists + historyPlaces.length;
    for (const list of historyPlaces.keys()) {
      const to = from + 2 * (words[lists + list] ?? 0);
      appender.appendBlob(bytes.subarray(4 * from, 4 * to));
      from = to;
    }
    appender.endRow();
  }
}

function rowNumbers(first: number, count: number): Int32Array {
  const numbers = new Int32Array(count);
  for (let row = 0; row < count; row++) numbers[row] = first + row;
  return numbers;
}
