/** How many rows of a split have the inputs of a training row. */
export interface RowsInCommon {
  /** Rows of the split that were looked at. */
  readonly rows: number;
  /** Those whose inputs a training row has too: counted, or estimated from `share`. */
  readonly found: number;
  /** What chance alone explains: see `TrainingRows`. */
  readonly expected: number;
  /** Standard error of `found` around `expected` if chance alone is at work. */
  readonly error: number;
  /** Of all possible rows, those that were kept for this: 1, 1/2, 1/4, … */
  readonly share: number;
}

/**
 * The training rows' hashes, and how many rows of another split have one of these.
 *
 * By chance: if training rows and others are independent draws of one population, a new row has the inputs of a training row as
 * often as a training row has those of another one. So the expected share is that of the training rows that are not alone, which
 * is 1 - (rows that occur once) / rows: Good and Turing's estimate of the population that a sample has seen (Good 1953). It needs no
 * model of the columns, and holds for few inputs as for many. Rows come in groups of equals: a pair adds 4 to the variance,
 * a group of n about n; 2 a row bounds both, and the estimate has an error of its own: error^2 = 2 expected (1 + rows / training rows).
 *
 * Memory: `most` different rows are kept. Where there are more, every row whose hash ends in a zero bit stays, then in two,
 * and so on: equal rows stay or go together, in every split.
 */
export class TrainingRows {
  readonly #most: number;
  readonly #counts = new Map<number, number>();
  #bits = 0;

  constructor(most: number) {
    this.#most = most;
  }

  add(hashes: Float64Array): void {
    for (const hash of hashes) {
      if (!this.#keeps(hash)) continue;
      this.#counts.set(hash, (this.#counts.get(hash) ?? 0) + 1);
      if (this.#counts.size > this.#most) this.#halve();
    }
  }

  /** Counts the rows of another split, once the training rows are complete. */
  matches(hashes: Float64Array): number {
    let count = 0;
    for (const hash of hashes) if (this.#keeps(hash) && this.#counts.has(hash)) count++;
    return count;
  }

  /** Training rows that were kept, and those of them that occur once. */
  #population(): { readonly rows: number; readonly alone: number } {
    let [rows, alone] = [0, 0];
    for (const count of this.#counts.values()) {
      rows += count;
      if (count === 1) alone++;
    }
    return { rows, alone };
  }

  /** Training rows whose inputs another training row has too. */
  repeated(): number {
    const { rows, alone } = this.#population();
    return (rows - alone) * 2 ** this.#bits;
  }

  inCommon(rows: number, matches: number): RowsInCommon {
    const training = this.#population();
    const scale = 2 ** this.#bits;
    const seen = training.rows === 0 ? 0 : 1 - training.alone / training.rows;
    const expected = (rows / scale) * seen; // of the kept rows
    const error = Math.sqrt(2 * expected * (1 + rows / scale / Math.max(1, training.rows)));
    return { rows, found: matches * scale, expected: expected * scale, error: error * scale, share: 1 / scale };
  }

  #keeps(hash: number): boolean {
    return hash % 2 ** this.#bits === 0;
  }

  #halve(): void {
    this.#bits++;
    for (const hash of this.#counts.keys()) if (!this.#keeps(hash)) this.#counts.delete(hash);
  }
}
