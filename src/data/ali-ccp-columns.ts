import type { Field } from './ali-ccp-fields.js';
import { IdMap } from './id-map.js';
import type { PreparedValues } from './prepared/prepared-columns.js';

/** A field's values for a block of rows, filled entry by entry. */
export class FieldColumn {
  readonly field: Field;
  readonly ids = new IdMap();
  readonly #isList: boolean;
  /** Of a list. */
  readonly #offsets: Int32Array; // [blockRows + 1]
  /** Of a single field: 0 where the row has none. Of a list: its entries. */
  #indexes: Int32Array;
  #weights = new Float32Array();
  /** Rows of a single field with several entries, of which one is kept. */
  repeated = 0;
  #row = 0;
  #entries = 0;
  #heaviest = 0;
  #counted = false;

  constructor(field: Field, blockRows: number) {
    this.field = field;
    this.#isList = field.kind === 'list';
    this.#offsets = new Int32Array(this.#isList ? blockRows + 1 : 0);
    this.#indexes = new Int32Array(blockRows);
    if (this.#isList) this.#weights = new Float32Array(blockRows);
  }

  /** Of the row that is being read. */
  add(id: number, value: number): void {
    const index = this.ids.index(id);
    if (this.#isList) {
      if (this.#entries === this.#indexes.length) this.#grow();
      this.#indexes[this.#entries] = index;
      this.#weights[this.#entries++] = value;
    } else {
      this.#addSingle(index, value);
    }
  }

  /** The heaviest entry, of equal ones the first. */
  #addSingle(index: number, value: number): void {
    const held = this.#indexes[this.#row] ?? 0;
    if (held !== 0) {
      if (!this.#counted) this.repeated++;
      this.#counted = true;
      if (value <= this.#heaviest) return;
    }
    this.#indexes[this.#row] = index;
    this.#heaviest = value;
  }

  /** Of the block so far; views that further rows may leave behind. */
  get values(): PreparedValues {
    if (!this.#isList) return this.#indexes;
    return { offsets: this.#offsets, indexes: this.#indexes, weights: this.#weights };
  }

  endRow(): void {
    this.#row++;
    if (this.#isList) this.#offsets[this.#row] = this.#entries;
    else this.#startRow();
  }

  #startRow(): void {
    this.#counted = false;
    if (this.#row < this.#indexes.length) this.#indexes[this.#row] = 0;
  }

  /** Starts a new block. */
  clear(): void {
    this.#row = 0;
    this.#entries = 0;
    if (!this.#isList) this.#startRow();
  }

  #grow(): void {
    const [indexes, weights] = [new Int32Array(2 * this.#entries), new Float32Array(2 * this.#entries)];
    indexes.set(this.#indexes);
    weights.set(this.#weights);
    this.#indexes = indexes;
    this.#weights = weights;
  }
}
