/** A file's rows, column by column, as a loader keeps them before they are split. */
export interface Table {
  readonly rows: number;
  /** SHA-256 (hex) of the unpacked file that it was made of. */
  readonly checksum: string;
  readonly columns: readonly TableColumn[];
}

export type TableColumn = NominalColumn | ContinuousColumn;

export interface NominalColumn {
  readonly kind: 'nominal';
  readonly name: string;
  /** Distinct texts in the order in which they first appear. */
  readonly dictionary: readonly string[];
  readonly values: Uint16Array;
}

export interface ContinuousColumn {
  readonly kind: 'continuous';
  readonly name: string;
  readonly values: Float32Array;
}

/** Most distinct texts of a nominal column. */
export const maximumCategories = 2 ** 16;

/** Collects one nominal column; grows by doubling. */
export class NominalBuilder {
  readonly #indexes = new Map<string, number>();
  #values = new Uint16Array(1024);
  #rows = 0;

  /** @returns the text's index in the dictionary. */
  push(text: string): number {
    let index = this.#indexes.get(text);
    if (index === undefined) {
      index = this.#indexes.size;
      this.#indexes.set(text, index);
    }
    if (this.#rows === this.#values.length) {
      const grown = new Uint16Array(2 * this.#rows);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.#rows++] = index;
    return index;
  }

  finish(name: string): NominalColumn {
    return {
      kind: 'nominal',
      name,
      dictionary: [...this.#indexes.keys()],
      values: this.#values.slice(0, this.#rows),
    };
  }
}

/** Collects one continuous column; grows by doubling. */
export class ContinuousBuilder {
  #values = new Float32Array(1024);
  #rows = 0;

  push(value: number): void {
    if (this.#rows === this.#values.length) {
      const grown = new Float32Array(2 * this.#rows);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.#rows++] = value;
  }

  finish(name: string): ContinuousColumn {
    return { kind: 'continuous', name, values: this.#values.slice(0, this.#rows) };
  }
}
