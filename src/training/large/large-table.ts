import { must } from '../../support/must.js';

/** An array with a row for each id: the table itself, or a slot of its optimizer. */
interface RowArray {
  /** In the step's state. */
  readonly name: string;
  readonly width: number;
  /** [rows, width] */
  readonly values: Float32Array;
}

/** Some rows of a table, as stored in checkpoints. */
export interface SavedRows {
  readonly table: string;
  /** The epoch after which the table had these values. Absent: current values, with the optimizer's slots. */
  readonly epoch?: number;
  readonly ids: Int32Array;
  /** By the array's name in the state: [ids, width]. */
  readonly values: Readonly<Record<string, Float32Array>>;
}

/** The rows of a table after an epoch that have changed since. */
interface Version {
  /** [rows, width]; the system gives memory only to what is written. */
  readonly saved: Float32Array;
  readonly flags: Uint8Array;
}

/** Bits of a row's flags: it was ever written (in a version: saved), and it is not in a checkpoint yet. */
const [written, unsaved] = [1, 2];

/** Rows of one part of a checkpoint. */
const mostSaved = 2 ** 20;

/**
 * An embedding table on the host, with its optimizer's slots. Kept epochs share the rows that have not changed since. A
 * row is copied before its first change, so an epoch costs at most one copy of the table.
 */
export class LargeTable {
  readonly name: string;
  /** Set if the table belongs to one task's own network. */
  readonly task: string | undefined;
  /** The index of that task's mask in a batch. */
  readonly maskRow: number | undefined;
  readonly rows: number;
  readonly width: number;
  /** The table itself, then its slots. */
  readonly arrays: readonly RowArray[];
  readonly #table: RowArray;
  readonly #flags: Uint8Array;
  /** By epoch; undefined: nothing has changed since. */
  readonly #versions = new Map<number, Version | undefined>();

  constructor(table: RowArray, slots: readonly RowArray[], task?: { readonly name: string; readonly index: number }) {
    this.name = table.name;
    this.task = task?.name;
    this.maskRow = task?.index;
    this.width = table.width;
    this.rows = table.values.length / table.width;
    this.arrays = [table, ...slots];
    this.#table = table;
    this.#flags = new Uint8Array(this.rows);
  }

  /** Replaces rows. @param sources in the order of `arrays`: [at least count, width] */
  write(ids: Int32Array, count: number, sources: readonly Float32Array[]): void {
    for (const epoch of this.#versions.keys()) this.#save(epoch, ids, count);
    for (let i = 0; i < count; i++) this.#flags[ids[i] ?? 0] = written | unsaved;
    for (const [index, { values, width }] of this.arrays.entries())
      scatter(must(sources[index], 'rows'), ids, count, width, values);
  }

  /** Rows of the table itself. @param epoch a kept epoch; absent: the current rows */
  read(ids: Int32Array, count: number, target: Float32Array, epoch?: number): void {
    const { width, values } = this.#table;
    gather(values, ids, count, width, target);
    const version = epoch === undefined ? undefined : this.#at(epoch);
    if (!version) return;
    for (let i = 0; i < count; i++) {
      const id = ids[i] ?? 0;
      if (version.flags[id] !== 0) target.set(version.saved.subarray(id * width, (id + 1) * width), i * width);
    }
  }

  /** Rows of a slot. @param index in `arrays` */
  readSlot(index: number, ids: Int32Array, count: number, target: Float32Array): void {
    const { width, values } = must(this.arrays[index], 'a slot');
    gather(values, ids, count, width, target);
  }

  /** The whole table after a kept epoch; the table's own memory if nothing has changed since. */
  whole(epoch: number): Float32Array {
    const { values, width } = this.#table;
    const version = this.#at(epoch);
    if (!version) return values;
    const all = values.slice();
    for (let id = 0; id < this.rows; id++)
      if (version.flags[id] !== 0) all.set(version.saved.subarray(id * width, (id + 1) * width), id * width);
    return all;
  }

  /** Keeps only these epochs. A new one is the current table. */
  keep(epochs: ReadonlySet<number>): void {
    for (const epoch of this.#versions.keys()) if (!epochs.has(epoch)) this.#versions.delete(epoch);
    for (const epoch of epochs) if (!this.#versions.has(epoch)) this.#versions.set(epoch, undefined);
  }

  /** The rows to store in a checkpoint: those changed since the start, or since the last `saved()`. */
  *changes(since: 'start' | 'saved'): Generator<SavedRows> {
    const bit = since === 'start' ? written : unsaved;
    for (const ids of idsWith(this.#flags, bit))
      yield { table: this.name, ids, values: Object.fromEntries(this.arrays.map((array) => rowsOf(array, ids))) };
    for (const [epoch, version] of this.#versions) {
      const saved = { ...this.#table, values: version?.saved ?? this.#table.values };
      for (const ids of idsWith(version?.flags ?? new Uint8Array(), bit))
        yield { table: this.name, epoch, ids, values: Object.fromEntries([rowsOf(saved, ids)]) };
    }
  }

  /** Marks all changes so far as stored in a checkpoint. */
  saved(): void {
    for (const flags of this.#allFlags)
      for (let id = 0; id < flags.length; id++) flags[id] = (flags[id] ?? 0) & written;
  }

  /** The number of rows in `changes('start')`. */
  savedRows(): number {
    let count = 0;
    for (const flags of this.#allFlags) for (const flag of flags) if (flag !== 0) count++;
    return count;
  }

  /** Restores rows of a checkpoint. Rows of an epoch that is not kept are left out. */
  restore({ epoch, ids, values }: SavedRows): void {
    if (epoch === undefined) {
      for (const { name, width, values: target } of this.arrays)
        scatter(must(values[name], name), ids, ids.length, width, target);
      for (const id of ids) this.#flags[id] = written;
    } else if (this.#versions.has(epoch)) {
      const { saved, flags } = this.#version(epoch);
      scatter(must(values[this.name], this.name), ids, ids.length, this.width, saved);
      for (const id of ids) flags[id] = written;
    }
  }

  get #allFlags(): readonly Uint8Array[] {
    return [this.#flags, ...[...this.#versions.values()].flatMap((version) => version?.flags ?? [])];
  }

  /** Copies the rows that change for the first time since the epoch. */
  #save(epoch: number, ids: Int32Array, count: number): void {
    const { width, values } = this.#table;
    const { saved, flags } = this.#version(epoch);
    for (let i = 0; i < count; i++) {
      const id = ids[i] ?? 0;
      if (flags[id] !== 0) continue;
      flags[id] = written | unsaved;
      for (let at = id * width; at < (id + 1) * width; at++) saved[at] = values[at] ?? 0;
    }
  }

  #version(epoch: number): Version {
    const version = this.#at(epoch) ?? {
      saved: new Float32Array(this.rows * this.width),
      flags: new Uint8Array(this.rows),
    };
    this.#versions.set(epoch, version);
    return version;
  }

  #at(epoch: number): Version | undefined {
    if (!this.#versions.has(epoch)) throw new Error(`${this.name} has not kept epoch ${epoch}`);
    return this.#versions.get(epoch);
  }
}

/** Rows of an array one after the other. */
function gather(values: Float32Array, ids: Int32Array, count: number, width: number, target: Float32Array): void {
  for (let i = 0, to = 0; i < count; i++)
    for (let k = 0, from = (ids[i] ?? 0) * width; k < width; k++) target[to++] = values[from++] ?? 0;
}

function scatter(source: Float32Array, ids: Int32Array, count: number, width: number, values: Float32Array): void {
  for (let i = 0, from = 0; i < count; i++)
    for (let k = 0, to = (ids[i] ?? 0) * width; k < width; k++) values[to++] = source[from++] ?? 0;
}

function rowsOf({ name, width, values }: RowArray, ids: Int32Array): readonly [string, Float32Array] {
  const rows = new Float32Array(ids.length * width);
  gather(values, ids, ids.length, width, rows);
  return [name, rows];
}

/** The ids whose flags have this bit, ascending, in pieces. */
function* idsWith(flags: Uint8Array, bit: number): Generator<Int32Array> {
  let ids: number[] = [];
  for (let id = 0; id < flags.length; id++) {
    if (((flags[id] ?? 0) & bit) === 0) continue;
    ids.push(id);
    if (ids.length < mostSaved) continue;
    yield Int32Array.from(ids);
    ids = [];
  }
  if (ids.length > 0) yield Int32Array.from(ids);
}
