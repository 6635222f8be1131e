import type { ListValues, SourceBlock } from '../dataset.js';
import { sharedLists } from '../encode/shared-lists.js';
import type { PreparedFile } from '../store/prepared.js';
import { bytesOf, itemsOf, listsOf, type Numbers } from '../store/vector-values.js';
import { crosses, type Field, fields, fieldsOf } from './fields.js';
import type { FileSplit } from './read-files.js';

const singles = { common: fieldsOf('common', 'single'), skeleton: fieldsOf('skeleton', 'single') };
const lists = { common: fieldsOf('common', 'list'), skeleton: fieldsOf('skeleton', 'list') };
/**
 * A gap of at most this many unwanted common rows is read too. This costs less than another statement, since DuckDB
 * reads this many rows at once.
 */
const gap = 2048;

/** How the label and sample space of the second task are defined. */
export interface LabelRule {
  /** The second task is defined for clicks only. */
  readonly clicksOnly: boolean;
}

/** Which samples of a range are read. */
export interface SampleRange {
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
  readonly #file: PreparedFile;
  readonly #split: FileSplit;
  readonly #rule: LabelRule;

  constructor(file: PreparedFile, split: FileSplit, rule: LabelRule) {
    this.#file = file;
    this.#split = split;
    this.#rule = rule;
  }

  /**
   * Columns: the single fields of common features and of samples, the sums of crosses, the lists of both. Tasks: click,
   * conversion.
   */
  async read({ from, to, chosen, skip, rows }: SampleRange): Promise<SourceBlock> {
    const common = new Int32Array(rows);
    const [clicks, conversions] = [new Float32Array(rows), new Float32Array(rows)];
    const own = singles.skeleton.map(() => new Int32Array(rows));
    const targets = [common, clicks, conversions, ...own];
    const ownLists = new FieldLists(lists.skeleton, rows);
    const columns = ['common', 'click', 'conversion', ...names(singles.skeleton), 'entries'].join(', ');
    let [passed, at] = [0, 0];
    for await (const chunk of this.#rows(columns, 'samples', from, to)) {
      const values = targets.map((_, c) => itemsOf(chunk.getColumnVector(c)));
      const picked: number[] = [];
      for (const [r, number] of (values[0] ?? []).entries())
        if (chosen(number) && passed++ >= skip && at + picked.length < rows) picked.push(r);
      for (const [c, target] of targets.entries()) copyPicked(values[c], picked, target, at);
      const { range, fields } = listsOf(chunk.getColumnVector(targets.length), 3);
      const [places, indexes, weights] = fields;
      for (const r of picked) {
        const [begin, end] = range(r);
        for (let e = begin; e < end; e++) ownLists.at(places?.[e])?.add(indexes?.[e] ?? 0, weights?.[e] ?? 0);
        ownLists.endRow();
      }
      at += picked.length;
    }
    await this.#file.expectRows(`the samples ${from} to ${to} of ${this.#split}`, at, rows);
    const { ofUsers, histories, places } = await this.#readCommon(common);
    const crossLists = crosses.map((name) => lists.skeleton.findIndex((field) => field.name === name));
    const ones = new Float32Array(rows).fill(1);
    return {
      rows,
      columns: [
        ...ofUsers.map((values) => places.map((place) => values[place] ?? 0)),
        ...own,
        ...crossLists.map((list) => sums(ownLists.values[list], rows)),
        ...histories.map((values) => sharedLists(values, places)),
        ...ownLists.values,
      ],
      labels: [clicks, conversions],
      masks: [ones, this.#rule.clicksOnly ? clicks : ones],
    };
  }

  /** The common rows of samples, each once, and each sample's index among them. */
  async #readCommon(common: Int32Array) {
    const distinct = Int32Array.from(new Set(common)).sort();
    const placeOf = new Map<number, number>();
    for (const [place, number] of distinct.entries()) placeOf.set(number, place);
    const ofUsers = singles.common.map(() => new Int32Array(distinct.length));
    const histories = new FieldLists(lists.common, distinct.length);
    const columns = ['"row"', ...names(singles.common), ...names(lists.common)].join(', ');
    let at = 0;
    for (const [from, to] of rangesOf(distinct)) {
      for await (const chunk of this.#rows(columns, 'common', from, to)) {
        const picked: number[] = [];
        for (const [r, number] of itemsOf(chunk.getColumnVector(0)).entries()) if (placeOf.has(number)) picked.push(r);
        for (const [c, target] of ofUsers.entries())
          copyPicked(itemsOf(chunk.getColumnVector(1 + c)), picked, target, at);
        for (const [c, list] of histories.lists.entries()) {
          const packed = chunk.getColumnVector(1 + ofUsers.length + c);
          for (const r of picked) list.putRow(bytesOf(packed, r));
        }
        at += picked.length;
      }
    }
    await this.#file.expectRows(`the common rows of some samples of ${this.#split}`, at, distinct.length);
    return { ofUsers, histories: histories.values, places: common.map((number) => placeOf.get(number) ?? 0) };
  }

  /** The rows [from, to) of a table. */
  #rows(columns: string, table: string, from: number, to: number) {
    const rows = `"row" BETWEEN ${from} AND ${to - 1}`;
    return this.#file.chunks(`SELECT ${columns} FROM prepared.${table}_${this.#split} WHERE ${rows}`);
  }
}

function names(some: readonly Field[]): string[] {
  return some.map(({ name }) => `"${name}"`);
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

function copyPicked(
  values: Numbers | undefined,
  picked: readonly number[],
  target: Int32Array | Float32Array,
  at: number,
): void {
  for (let i = 0; i < picked.length; i++) target[at + i] = values?.[picked[i] ?? 0] ?? 0;
}

/** Lists of several fields. */
class FieldLists {
  readonly lists: readonly GrowingList[];
  readonly #byPlace: (GrowingList | undefined)[] = [];

  constructor(some: readonly Field[], rows: number) {
    this.lists = some.map(() => new GrowingList(rows));
    for (const [k, field] of some.entries()) this.#byPlace[fields.indexOf(field)] = this.lists[k];
  }

  /** The list of the field with this index in `fields`. */
  at(place: number | undefined): GrowingList | undefined {
    return this.#byPlace[place ?? 0];
  }

  endRow(): void {
    for (const list of this.lists) list.endRow();
  }

  get values(): ListValues[] {
    return this.lists.map(({ values }) => values);
  }
}

/** A column of lists that grows entry by entry. */
class GrowingList {
  readonly #offsets: Int32Array;
  #indexes: Int32Array;
  #weights: Float32Array;
  #rows = 0;
  #count = 0;

  constructor(rows: number) {
    this.#offsets = new Int32Array(rows + 1);
    this.#indexes = new Int32Array(rows);
    this.#weights = new Float32Array(rows);
  }

  add(index: number, weight: number): void {
    if (this.#count === this.#indexes.length) this.#grow();
    this.#indexes[this.#count] = index;
    this.#weights[this.#count++] = weight;
  }

  endRow(): void {
    this.#offsets[++this.#rows] = this.#count;
  }

  /** Adds a row's bytes: all indexes, then all weights, four bytes each. */
  putRow(bytes: Uint8Array): void {
    const half = bytes.length / 2;
    while (this.#count + half / 4 > this.#indexes.length) this.#grow();
    new Uint8Array(this.#indexes.buffer, 4 * this.#count).set(bytes.subarray(0, half));
    new Uint8Array(this.#weights.buffer, 4 * this.#count).set(bytes.subarray(half));
    this.#count += half / 4;
    this.endRow();
  }

  get values(): ListValues {
    const [indexes, weights] = [this.#indexes.subarray(0, this.#count), this.#weights.subarray(0, this.#count)];
    return { offsets: this.#offsets, indexes, weights };
  }

  #grow(): void {
    const length = 2 * this.#indexes.length;
    const [indexes, weights] = [new Int32Array(length), new Float32Array(length)];
    indexes.set(this.#indexes);
    weights.set(this.#weights);
    [this.#indexes, this.#weights] = [indexes, weights];
  }
}

/** Sums of each row's weights. */
function sums(values: ListValues | undefined, rows: number): Float32Array {
  const target = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    const [begin = 0, end = 0] = [values?.offsets[row], values?.offsets[row + 1]];
    let sum = 0;
    for (let i = begin; i < end; i++) sum += values?.weights?.[i] ?? 0;
    target[row] = sum;
  }
  return target;
}
