import type { SourceBlock, SourceTask } from '../data/dataset.js';
import { Moments } from '../data/encode/column-fits.js';

/** A task's labels in one split, over the rows read that are in its sample space. */
export interface LabelSummary {
  readonly rows: number;
  /** Labels that are 1, of binary tasks; null for others. Of multiclass tasks, what follows is of the classes' indexes. */
  readonly positives: number | null;
  /** For a binary task: the share of positives. Null without rows. */
  readonly mean: number | null;
  readonly deviation: number | null;
  readonly range: readonly [number, number] | null;
  /** Labels that are not numbers. */
  readonly missing: number;
  /** Labels of a binary task that are numbers other than 0 and 1. */
  readonly others: number;
}

/** Counts one task's labels in one split. */
export class LabelCounts {
  readonly #type: SourceTask['type'];
  readonly #masked: boolean;
  readonly #moments = new Moments();
  #rows = 0;
  #missing = 0;
  #positives = 0;
  #others = 0;
  #least = Number.POSITIVE_INFINITY;
  #most = Number.NEGATIVE_INFINITY;

  /** @param masked See `Source`. */
  constructor(type: SourceTask['type'], masked = false) {
    this.#type = type;
    this.#masked = masked;
  }

  /** @param task The task's index in the source. */
  add(block: SourceBlock, task: number): void {
    const labels = block.labels[task] ?? new Float32Array();
    for (let row = 0; row < block.rows; row++) {
      const label = labels[row] ?? Number.NaN;
      if (this.#masked && Number.isNaN(label)) continue;
      this.#rows++;
      if (Number.isNaN(label)) this.#missing++;
      else {
        if (label === 1) this.#positives++;
        else if (label !== 0) this.#others++;
        this.#moments.add(label);
        if (label < this.#least) this.#least = label;
        if (label > this.#most) this.#most = label;
      }
    }
  }

  finish(): LabelSummary {
    const known = this.#rows > this.#missing;
    const binary = this.#type === 'binary';
    return {
      rows: this.#rows,
      positives: binary ? this.#positives : null,
      mean: known ? this.#moments.mean : null,
      deviation: known ? this.#moments.deviation : null,
      range: known ? [this.#least, this.#most] : null,
      missing: this.#missing,
      others: binary ? this.#others : 0,
    };
  }
}
