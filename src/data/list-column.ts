import type { ListEncoding } from './column-encodings.js';
import { vocabulary } from './column-fits.js';
import type { ListValues } from './dataset.js';

export interface ListOptions {
  /** Most entries that are fed: the heaviest, of equal ones the first. */
  readonly length: number;
  /** `sum` of the entries' embeddings by weight, or that divided by the sum of the weights. */
  readonly pool: 'sum' | 'mean';
  /** Entries seen less often in training share one index. */
  readonly minCount: number;
}

export interface ListFit {
  readonly kind: 'list';
  add(values: ListValues, rows: Int32Array): void;
  finish(): ListEncoding;
  /** What the truncation leaves out of the training rows; null if nothing. */
  truncation(): { readonly rows: number; readonly entries: number } | null;
}

/** Learns a list's vocabulary, and how many entries the longest rows lose. */
export function listFit(size: number, options: ListOptions): ListFit {
  const counts = new Uint32Array(size);
  const lost = { rows: 0, entries: 0 };
  return {
    kind: 'list',
    add({ offsets, indexes }, rows) {
      for (const row of rows) {
        const [begin = 0, end = 0] = [offsets[row], offsets[row + 1]];
        for (let i = begin; i < end; i++) counts[indexes[i] ?? 0] = (counts[indexes[i] ?? 0] ?? 0) + 1;
        if (end - begin <= options.length) continue;
        lost.rows++;
        lost.entries += end - begin - options.length;
      }
    },
    finish: () => listEncoding(vocabulary(counts, options.minCount), options),
    truncation: () => (lost.rows > 0 ? lost : null),
  };
}

function listEncoding(
  { indexes: known, cardinality }: { readonly indexes: Int32Array; readonly cardinality: number },
  { length, pool }: ListOptions,
): ListEncoding {
  return {
    kind: 'list',
    cardinality,
    length,
    write(values, rows, begin, end, indexes, at, stride, weights, weightAt, weightStride) {
      for (let i = begin, to = at, weightTo = weightAt; i < end; i++, to += stride, weightTo += weightStride) {
        const kept = heaviest(values, rows[i] ?? 0, length);
        let total = 0;
        for (const entry of kept) total += values.weights?.[entry] ?? 1;
        const scale = pool === 'mean' && total !== 0 ? 1 / total : 1;
        for (let k = 0; k < length; k++) {
          const entry = kept[k];
          indexes[to + k] = entry === undefined ? 0 : (known[values.indexes[entry] ?? 0] ?? 0);
          weights[weightTo + k] = entry === undefined ? 0 : (values.weights?.[entry] ?? 1) * scale;
        }
      }
    },
  };
}

/** Positions of a row's entries that are fed, in the order of the row. */
function heaviest({ offsets, weights }: ListValues, row: number, length: number): readonly number[] {
  const [begin = 0, end = 0] = [offsets[row], offsets[row + 1]];
  const entries = Array.from({ length: end - begin }, (_, i) => begin + i);
  if (entries.length <= length) return entries;
  if (!weights) return entries.slice(0, length);
  return entries
    .toSorted((a, b) => (weights[b] ?? 0) - (weights[a] ?? 0) || a - b)
    .slice(0, length)
    .toSorted((a, b) => a - b);
}
