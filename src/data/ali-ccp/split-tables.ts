import type { DuckDBConnection } from '@duckdb/node-api';
import { DataError } from '../../support/errors.js';
import { type AppendedColumn, appendColumns } from '../store/append-columns.js';
import { rowsOf } from '../store/database.js';
import { type Field, fields, fieldsOf } from './fields.js';
import { GrowingList } from './growing-list.js';
import type { RawFiles } from './raw-files.js';
import type { CommonRows, FileSplit, Keys, Samples } from './read-files.js';
import { Shelves } from './shelves.js';

const historyPlaces = fieldsOf('common', 'list').map((field) => fields.indexOf(field));

/**
 * The tables of the training files, or the test files. Samples come first, in the order of their file. A common row's place is that of its first
 * sample: neighbouring samples need neighbouring common rows. Common rows come in another order, and are stored in that of their places when all
 * have come.
 */
export class SplitTables {
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

export function rowNumbers(first: number, count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, row) => first + row);
}
