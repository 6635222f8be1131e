import { on } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { DuckDBConnection } from '@duckdb/node-api';
import { DataError } from '../../support/errors.js';
import { advance, type LoaderContext } from '../loader.js';
import { appendColumns } from '../store/append-columns.js';
import { numbersOf, rowsOf } from '../store/database.js';
import type { FileDescription } from './description.js';
import { fields, fieldsOf } from './fields.js';
import { GrowingList, packed } from './growing-list.js';
import type { RawFiles } from './raw-files.js';
import { type CommonRows, type FileSplit, fileSplits, type Read, type Samples, type TableName } from './read-files.js';
import type { Sent } from './read-thread.js';

/** What the DuckDB file has beside its tables, which datasets/ali-ccp.md describes. */
export interface StoredFiles {
  /** By table. */
  readonly files: Readonly<Record<TableName, FileDescription>>;
  /** By field: its distinct ids. */
  readonly ids: Readonly<Record<string, number>>;
}

const script = import.meta.url.endsWith('.ts') ? './read-thread.fixture.mjs' : './read-thread.js';
const singles = { common: columnsOf('common', 'single'), skeleton: columnsOf('skeleton', 'single') };
const histories = columnsOf('common', 'list');

function columnsOf(...which: Parameters<typeof fieldsOf>): string[] {
  return fieldsOf(...which).map(({ name }) => `"${name}"`);
}

/**
 * Reads the four files into the attached database `prepared`. A thread reads lines, while this one stores what it read before.
 * @returns the entry's description.
 */
export async function prepareFiles(
  database: DuckDBConnection,
  files: RawFiles,
  context: Pick<LoaderContext, 'progress' | 'signal'>,
): Promise<StoredFiles> {
  await database.run("SET memory_limit = '320MB'");
  const tables = new Tables(database, files);
  await tables.create();
  const thread = new Worker(new URL(script, import.meta.url), { workerData: files });
  try {
    const total = [files.common, files.skeleton].reduce((sum, { train, test }) => sum + train.bytes + test.bytes, 0);
    for await (const [message] of on(thread, 'message', { close: ['exit'] })) {
      const sent: Sent = message;
      if (sent.kind === 'unusable') throw new DataError(sent.message);
      if (sent.kind === 'bytes') advance(context, sent.done, total);
      else {
        await tables.add(sent.read);
        thread.postMessage('taken');
      }
    }
    return tables.described();
  } finally {
    await thread.terminate();
  }
}

/** Stores what is read. */
class Tables {
  readonly #database: DuckDBConnection;
  readonly #files: RawFiles;
  readonly #descriptions = new Map<TableName, FileDescription>();
  readonly #ids: Record<string, number> = {};
  /** Of the file that is being read. */
  #rows = 0;
  /** Of each common row of the file, its place in the order in which samples need them; -1: none has needed it yet. */
  #places = new Int32Array();
  #needed = 0;

  constructor(database: DuckDBConnection, files: RawFiles) {
    this.#database = database;
    this.#files = files;
  }

  async create(): Promise<void> {
    const integers = (names: readonly string[]) => names.map((name) => `${name} INTEGER`).join(', ');
    const common = `number INTEGER, ${integers(singles.common)}, ${histories.map((name) => `${name} BLOB`).join(', ')}`;
    const samples = `"row" INTEGER, common INTEGER, click UTINYINT, conversion UTINYINT, ${integers(singles.skeleton)}`;
    const entries = 'sample INTEGER, field UTINYINT, "index" INTEGER, "value" FLOAT';
    await this.#database.run(
      [
        ...fileSplits.flatMap((split) => [
          `CREATE TABLE prepared.common_${split} ("row" INTEGER, ${common})`,
          `CREATE TABLE prepared.samples_${split} (${samples})`,
          `CREATE TABLE prepared.entries_${split} (${entries})`,
        ]),
        'CREATE TABLE prepared.ids (field UTINYINT, "index" INTEGER, id INTEGER)',
        `CREATE TABLE common (${common})`,
        'CREATE TABLE keys (high UINTEGER, low UINTEGER, number INTEGER)',
        'CREATE TABLE runs (high UINTEGER, low UINTEGER, run INTEGER)',
        'CREATE TABLE places (number INTEGER, place INTEGER)',
      ].join('; '),
    );
  }

  async add(read: Read): Promise<void> {
    if (read.kind === 'common') await this.#addCommon(read);
    else if (read.kind === 'samples') await this.#addSamples(read);
    else if (read.kind === 'ids') {
      const { place, ids } = read;
      this.#ids[fields[place]?.name ?? ''] = ids.length;
      const field = new Uint8Array(ids.length).fill(place);
      await appendColumns(this.#database, 'prepared.ids', [field, rowNumbers(1, ids.length), ids], ids.length);
    } else {
      this.#descriptions.set(read.table, read.description);
      if (read.table.startsWith('common')) await this.#endCommon(read.split);
      else await this.#endSamples(read.split);
      this.#rows = 0;
    }
  }

  described(): StoredFiles {
    const of = (table: TableName) => {
      const description = this.#descriptions.get(table);
      if (!description) throw new Error(`The thread ended before ${table} was read`);
      return description;
    };
    const train = { common_train: of('common_train'), samples_train: of('samples_train') };
    return { files: { ...train, common_test: of('common_test'), samples_test: of('samples_test') }, ids: this.#ids };
  }

  /** Common rows wait in memory, or on disk, until the order is known in which samples need them. */
  async #addCommon({ rows, keys: { high, low }, features }: CommonRows): Promise<void> {
    const numbers = rowNumbers(this.#rows, rows);
    this.#rows += rows;
    await appendColumns(this.#database, 'keys', [high, low, numbers], rows);
    const { singles, ends, places, indexes, values } = features;
    const lists = new Map(fieldsOf('common', 'list').map((field) => [fields.indexOf(field), new GrowingList(rows)]));
    for (let row = 0, entry = 0; row < rows; row++) {
      for (const end = ends[row] ?? 0; entry < end; entry++)
        lists.get(places[entry] ?? 0)?.add(indexes[entry] ?? 0, values[entry] ?? 0);
      for (const list of lists.values()) list.endRow();
    }
    const dealt = [...lists.values()].map(({ values }) => values);
    const appender = await this.#database.createAppender('common');
    for (let row = 0; row < rows; row++) {
      appender.appendInteger(numbers[row] ?? 0);
      for (const single of singles) appender.appendInteger(single[row] ?? 0);
      for (const { offsets, indexes, weights } of dealt) {
        const [begin, end] = [offsets[row], offsets[row + 1]];
        appender.appendBlob(packed(indexes.subarray(begin, end), weights.subarray(begin, end)));
      }
      appender.endRow();
    }
    appender.closeSync();
  }

  async #endCommon(split: FileSplit): Promise<void> {
    const again = 'row_number() OVER (PARTITION BY high, low ORDER BY number) = 2';
    const keys = `(SELECT number FROM keys QUALIFY ${again})`;
    const [twice = Number.NaN] = await numbersOf(this.#database, ['min(number)'], keys);
    const { path } = this.#files.common[split];
    if (twice >= 0) throw new DataError(`${path}: row ${twice + 1} has the index of a row before it.`);
    this.#places = new Int32Array(this.#rows).fill(-1);
    this.#needed = 0;
  }

  async #addSamples(samples: Samples): Promise<void> {
    const { split, rows, click, conversion, features } = samples;
    const { singles, ends, places, indexes, values } = features;
    const numbers = rowNumbers(this.#rows, rows);
    this.#rows += rows;
    const columns = [numbers, await this.#commonRows(samples), click, conversion, ...singles];
    await appendColumns(this.#database, `prepared.samples_${split}`, columns, rows);
    const owners = new Int32Array(indexes.length);
    for (let row = 0, begin = 0; row < rows; row++) {
      const end = ends[row] ?? begin;
      owners.fill(numbers[row] ?? 0, begin, end);
      begin = end;
    }
    const entries = [owners, places, indexes, values];
    await appendColumns(this.#database, `prepared.entries_${split}`, entries, indexes.length);
  }

  /** The join: of each sample, the place of its common row. */
  async #commonRows({ split, rows, runs: { high, low, first, lines } }: Samples): Promise<Int32Array> {
    await this.#database.run('TRUNCATE runs');
    await appendColumns(this.#database, 'runs', [high, low, rowNumbers(0, first.length)], first.length);
    const joined = 'SELECT number FROM runs LEFT JOIN keys USING (high, low) ORDER BY run';
    const common = new Int32Array(rows);
    for (const [run, [found]] of (await rowsOf(this.#database, joined)).entries()) {
      if (found === null) {
        const { path } = this.#files.common[split];
        const where = `${this.#files.skeleton[split].path}:${lines[run]}`;
        throw new DataError(`${where}: ${path} has no row for the index of its common features.`);
      }
      common.fill(this.#placeOf(Number(found)), first[run], first[run + 1] ?? rows);
    }
    return common;
  }

  #placeOf(number: number): number {
    if (this.#places[number] === -1) this.#places[number] = this.#needed++;
    return this.#places[number] ?? 0;
  }

  /** Stores the common rows in their order: neighbouring samples need neighbouring rows. */
  async #endSamples(split: FileSplit): Promise<void> {
    const rows = this.#places.length;
    for (let number = 0; number < rows; number++) this.#placeOf(number); // those that no sample needs come last
    await appendColumns(this.#database, 'places', [rowNumbers(0, rows), this.#places], rows);
    const columns = ['number', ...singles.common, ...histories].join(', ');
    await this.#database.run(
      `INSERT INTO prepared.common_${split} SELECT place, ${columns} FROM common JOIN places USING (number) ORDER BY place`,
    );
    await this.#database.run('TRUNCATE common; TRUNCATE keys; TRUNCATE places');
  }
}

function rowNumbers(first: number, count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, row) => first + row);
}
