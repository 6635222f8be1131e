import type { ListValues, SourceBlock } from '../dataset.js';
import { sharedLists } from '../shared-lists.js';
import type { PreparedFile } from '../store/prepared-file.js';
import { bytesOf, itemsOf, type Numbers } from '../store/vector-values.js';
import { crosses, type Field, fields, fieldsOf } from './fields.js';
import { GrowingList } from './growing-list.js';
import type { FileSplit } from './read-files.js';

const singles = { common: fieldsOf('common', 'single'), skeleton: fieldsOf('skeleton', 'single') };
const lists = { common: fieldsOf('common', 'list'), skeleton: fieldsOf('skeleton', 'list') };
/** Common rows that are read for nothing rather than by a statement more: DuckDB reads so many at once. */
const gap = 2048;

/** How the second task's label and sample space are made. */
export interface LabelRule {
  /** The second task is defined for clicks only. */
  readonly clicksOnly: boolean;
}

/** Which samples of a range are read. */
export interface SampleRange {
  /** Numbers of samples, [from, to), of which those are chosen whose common row is; `skip` of them are left out, then `rows` are read. */
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

  /** Columns: the single fields of the common features and of samples, the crosses' values, the lists of both. Tasks: click, conversion. */
  async read({ from, to, chosen, skip, rows }: SampleRange): Promise<SourceBlock> {
    const [numbers, common] = [new Int32Array(rows), new Int32Array(rows)];
    const [clicks, conversions] = [new Float32Array(rows), new Float32Array(rows)];
    const own = singles.skeleton.map(() => new Int32Array(rows));
    const targets = [numbers, common, clicks, conversions, ...own];
    const columns = ['"row"', 'common', 'click', 'conversion', ...names(singles.skeleton)].join(', ');
    let [passed, at] = [0, 0];
    for await (const chunk of this.#rows(columns, 'samples', '"row"', from, to)) {
      const values = targets.map((_, c) => itemsOf(chunk.getColumnVector(c)));
      const picked: number[] = [];
      for (const [r, number] of (values[1] ?? []).entries())
        if (chosen(number) && passed++ >= skip && at + picked.length < rows) picked.push(r);
      for (const [c, target] of targets.entries()) copyPicked(values[c], picked, target, at);
      at += picked.length;
    }
    await this.#file.expectRows(`the samples ${from} to ${to} of ${this.#split}`, at, rows);
    const ownLists = await this.#readEntries(numbers);
    const { ofUsers, histories, places } = await this.#readCommon(common);
    const crossLists = crosses.map((name) => lists.skeleton.findIndex((field) => field.name === name));
    const ones = new Float32Array(rows).fill(1);
    return {
      rows,
      columns: [
        ...ofUsers.map((values) => places.map((place) => values[place] ?? 0)),
        ...own,
        ...crossLists.map((list) => sums(ownLists[list], rows)),
        ...histories.map((values) => sharedLists(values, places)),
        ...ownLists,
      ],
      labels: [clicks, conversions],
      masks: [ones, this.#rule.clicksOnly ? clicks : ones],
    };
  }

  /** The lists of samples, whose numbers ascend. */
  async #readEntries(numbers: Int32Array): Promise<ListValues[]> {
    const found = lists.skeleton.map(() => new GrowingList(numbers.length));
    const byPlace = new Map(lists.skeleton.map((field, k) => [fields.indexOf(field), found[k]]));
    const [from = 0, to = 0] = [numbers[0], (numbers.at(-1) ?? -1) + 1];
    let row = 0;
    const endRow = () => {
      for (const list of found) list.endRow();
      row++;
    };
    for await (const chunk of this.#rows('sample, field, "index", "value"', 'entries', 'sample', from, to)) {
      const [samples, places, indexes, values] = [0, 1, 2, 3].map((c) => itemsOf(chunk.getColumnVector(c)));
      for (let e = 0; e < chunk.rowCount; e++) {
        const sample = samples?.[e] ?? 0;
        while ((numbers[row] ?? to) < sample) endRow();
        if (numbers[row] === sample) byPlace.get(places?.[e] ?? 0)?.add(indexes?.[e] ?? 0, values?.[e] ?? 0);
      }
    }
    while (row < numbers.length) endRow();
    return found.map(({ values }) => values);
  }

  /** The common rows of samples, each once, and each sample's place among them. */
  async #readCommon(common: Int32Array) {
    const distinct = Int32Array.from(new Set(common)).sort();
    const placeOf = new Map<number, number>();
    for (const [place, number] of distinct.entries()) placeOf.set(number, place);
    const ofUsers = singles.common.map(() => new Int32Array(distinct.length));
    const histories = lists.common.map(() => new GrowingList(distinct.length));
    const columns = ['"row"', ...names(singles.common), ...names(lists.common)].join(', ');
    let at = 0;
    for (const [from, to] of rangesOf(distinct)) {
      for await (const chunk of this.#rows(columns, 'common', '"row"', from, to)) {
        const picked: number[] = [];
        for (const [r, number] of itemsOf(chunk.getColumnVector(0)).entries()) if (placeOf.has(number)) picked.push(r);
        for (const [c, target] of ofUsers.entries())
          copyPicked(itemsOf(chunk.getColumnVector(1 + c)), picked, target, at);
        for (const [k, list] of histories.entries()) {
          const vector = chunk.getColumnVector(1 + ofUsers.length + k);
          for (const r of picked) {
            list.addPacked(bytesOf(vector, r));
            list.endRow();
          }
        }
        at += picked.length;
      }
    }
    await this.#file.expectRows(`the common rows of some samples of ${this.#split}`, at, distinct.length);
    const places = common.map((number) => placeOf.get(number) ?? 0);
    return { ofUsers, histories: histories.map(({ values }) => values), places };
  }

  /** Rows of a table, of which `column` is in [from, to). */
  #rows(columns: string, table: string, column: string, from: number, to: number) {
    return this.#file.chunks(
      `SELECT ${columns} FROM prepared.${table}_${this.#split} WHERE ${column} BETWEEN ${from} AND ${to - 1}`,
    );
  }
}

function names(some: readonly Field[]): string[] {
  return some.map(({ name }) => `"${name}"`);
}

/** Ranges [from, to) that have all of some ascending numbers, and little else. */
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

/** Of each row's weights. */
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
