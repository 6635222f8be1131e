import type { DuckDBDataChunk } from '@duckdb/node-api';
import type { SourceBlock } from '../dataset.js';
import { ListBuilder } from '../encode/list-builder.js';
import { sharedLists } from '../encode/shared-lists.js';
import type { TableReader } from '../store/prepared.js';
import { itemsOf, listVector } from '../store/vector-values.js';
import { crosses, type Field, fields, fieldsOf } from './fields.js';
import type { FileSplit, StoredFiles } from './prepare-files.js';

/**
 * A gap of at most this many unwanted common rows is read too. This costs less than another statement, since DuckDB
 * reads this many rows at once.
 */
const gap = 2048;

/** Which samples of a range are read. */
interface SampleRange {
  /**
   * A range of sample numbers, [from, to). Samples are chosen by their common row. `skip` of them are skipped, then
   * `rows` are read.
   */
  readonly from: number;
  readonly to: number;
  readonly chosen: (common: number) => boolean;
  readonly skip: number;
  readonly rows: number;
}

/** Reads samples of one file, with the common features that they share. */
export class SampleReader {
  readonly #file: TableReader;
  readonly #split: FileSplit;
  readonly #ids: StoredFiles['ids'];
  readonly #clicksOnly: boolean;

  /** @param clicksOnly The second task is defined for clicks only. */
  constructor(file: TableReader, split: FileSplit, ids: StoredFiles['ids'], clicksOnly: boolean) {
    this.#file = file;
    this.#split = split;
    this.#ids = ids;
    this.#clicksOnly = clicksOnly;
  }

  /**
   * Columns: the single fields of common features and of samples, the sums of crosses, the lists of both. Tasks: click,
   * conversion.
   */
  async read({ from, to, chosen, skip, rows }: SampleRange): Promise<SourceBlock> {
    const links = await numbersIn(this.#file, `links_${this.#split}`, 'common', from, to);
    const picked = [...links.keys()].filter((row) => chosen(links[row] ?? 0)).slice(skip, skip + rows);
    await this.#file.expectRows(`the samples ${from} to ${to} of ${this.#split}`, picked.length, rows);
    const own = new FeatureRows('skeleton', rows, this.#ids);
    const [clicks, conversions] = [new Float32Array(rows), new Float32Array(rows)];
    let [begin, at] = [from, 0];
    for await (const chunk of this.#chunks('click, conversion', 'samples', from, to)) {
      const [click, conversion] = [0, 1].map((c) => itemsOf(chunk.getColumnVector(c)));
      const add = own.adder(chunk, 2);
      for (; at < rows && from + (picked[at] ?? 0) < begin + chunk.rowCount; at++) {
        const row = from + (picked[at] ?? 0) - begin;
        clicks[at] = click?.[row] ?? 0;
        conversions[at] = this.#clicksOnly && clicks[at] === 0 ? Number.NaN : (conversion?.[row] ?? 0);
        add(row);
      }
      begin += chunk.rowCount;
    }
    const common = Int32Array.from(picked, (row) => links[row] ?? 0);
    const { users, places } = await this.#readCommon(common);
    return {
      rows,
      columns: [
        ...users.singles.map(({ values }) => places.map((place) => values[place] ?? 0)),
        ...own.singles.map(({ values }) => values),
        ...crosses.map((name) => sums(own.list(name), rows)),
        ...users.lists.map((list) => sharedLists(list.values, places)),
        ...own.lists.map(({ values }) => values),
      ],
      labels: [clicks, conversions],
    };
  }

  /** The common rows of samples, each once, and each sample's index among them. */
  async #readCommon(common: Int32Array) {
    const distinct = Int32Array.from(new Set(common)).sort();
    const placeOf = new Map<number, number>();
    for (const [place, number] of distinct.entries()) placeOf.set(number, place);
    const users = new FeatureRows('common', distinct.length, this.#ids);
    let found = 0;
    for (const [from, to] of rangesOf(distinct)) {
      let begin = from;
      for await (const chunk of this.#chunks('', 'common', from, to)) {
        const add = users.adder(chunk, 0);
        for (let row = 0; row < chunk.rowCount; row++) {
          if (!placeOf.has(begin + row)) continue;
          add(row);
          found++;
        }
        begin += chunk.rowCount;
      }
    }
    await this.#file.expectRows(`the common rows of some samples of ${this.#split}`, found, distinct.length);
    return { users, places: common.map((number) => placeOf.get(number) ?? 0) };
  }

  /** The rows [from, to) of a table: some columns, and the entries. */
  #chunks(columns: string, table: string, from: number, to: number) {
    const selected = [...(columns ? [columns] : []), 'places', 'ids', 'weights'].join(', ');
    const rows = `rowid BETWEEN ${from} AND ${to - 1}`;
    return this.#file.chunks(`SELECT ${selected} FROM prepared.${table}_${this.#split} WHERE ${rows}`);
  }
}

/** A column of 32-bit numbers, of the rows [from, to). */
export async function numbersIn(
  file: TableReader,
  table: string,
  column: string,
  from: number,
  to: number,
): Promise<Int32Array> {
  const numbers = new Int32Array(to - from);
  let at = 0;
  const rows = `rowid BETWEEN ${from} AND ${to - 1}`;
  for await (const chunk of file.chunks(`SELECT ${column} FROM prepared.${table} WHERE ${rows}`)) {
    numbers.set(itemsOf(chunk.getColumnVector(0)).subarray(0, chunk.rowCount), at);
    at += chunk.rowCount;
  }
  await file.expectRows(`the rows ${from} to ${to} of ${table}`, at, to - from);
  return numbers;
}

/** Ranges [from, to) that cover some ascending numbers, and little else. */
function rangesOf(numbers: Int32Array): (readonly [number, number])[] {
  const ranges: [number, number][] = [];
  for (const number of numbers) {
    const last = ranges.at(-1);
    if (last && number < last[1] + gap) last[1] = number + 1;
    else ranges.push([number, number + 1]);
  }
  return ranges;
}

/** Rows' features, field by field, from their entries. An id's index is its distance from the field's smallest id, from 1; 0 is none. */
class FeatureRows {
  /** The index of each row's heaviest entry; of equal ones the first. */
  readonly singles: readonly { readonly values: Int32Array; readonly weights: Float32Array }[];
  readonly lists: readonly ListBuilder[];
  readonly #listed: readonly Field[];
  // by a field's place
  readonly #first: Int32Array;
  readonly #listOf: readonly (ListBuilder | undefined)[];
  readonly #singleOf: readonly (FeatureRows['singles'][number] | undefined)[];
  #rows = 0;

  constructor(side: Field['file'], rows: number, ids: StoredFiles['ids']) {
    const single = fieldsOf(side, 'single');
    this.#listed = fieldsOf(side, 'list');
    this.singles = single.map(() => ({ values: new Int32Array(rows), weights: new Float32Array(rows) }));
    this.lists = this.#listed.map(() => new ListBuilder(rows));
    this.#first = Int32Array.from(fields, ({ name }) => (ids[name]?.[0] ?? 0) - 1);
    this.#listOf = fields.map((field) => this.lists[this.#listed.indexOf(field)]);
    this.#singleOf = fields.map((field) => this.singles[single.indexOf(field)]);
  }

  list(name: string): ListBuilder | undefined {
    return this.lists[this.#listed.findIndex((field) => field.name === name)];
  }

  /** @param column The chunk's column of the entries' places; those of ids and weights follow. @returns what adds a row of the chunk. */
  adder(chunk: DuckDBDataChunk, column: number): (row: number) => void {
    const [first, second, third] = [0, 1, 2].map((c) => listVector(chunk.getColumnVector(column + c)));
    if (!first || !second || !third) throw new Error('There are three lists');
    const [places, ids, weights] = [first, second, third].map(({ childVector }) => itemsOf(childVector));
    return (row) => {
      let [place, id, weight] = [first.getEntryOffset(row), second.getEntryOffset(row), third.getEntryOffset(row)];
      for (const end = place + first.getEntryLength(row); place < end; place++)
        this.#add(places?.[place] ?? 0, ids?.[id++] ?? 0, weights?.[weight++] ?? 0);
      for (const list of this.lists) list.endRow();
      this.#rows++;
    };
  }

  #add(place: number, id: number, weight: number): void {
    const index = id - (this.#first[place] ?? 0);
    const list = this.#listOf[place];
    if (list) {
      list.add(index, weight);
      return;
    }
    const single = this.#singleOf[place];
    const row = this.#rows;
    if (!single || (single.values[row] !== 0 && weight <= (single.weights[row] ?? 0))) return;
    single.values[row] = index;
    single.weights[row] = weight;
  }
}

/** Sums of each row's weights. */
function sums(list: ListBuilder | undefined, rows: number): Float32Array {
  const { offsets = [], weights = [] } = list?.values ?? {};
  return Float32Array.from({ length: rows }, (_, row) => {
    let sum = 0;
    for (let i = offsets[row] ?? 0; i < (offsets[row + 1] ?? 0); i++) sum += weights[i] ?? 0;
    return sum;
  });
}
