import type { DuckDBListVector, DuckDBVector } from '@duckdb/node-api';

export type Numbers = Int32Array | Uint32Array | Uint8Array | Float32Array;

/**
 * The array in which the package stores a vector's values. `getItem` also checks a bitmap of NULLs, which these vectors
 * do not have.
 */
export function vectorItems(vector: DuckDBVector): Numbers {
  const items: unknown = Reflect.get(vector, 'items');
  if (isNumbers(items)) return items;
  throw new Error('A vector of numbers of 32 or 8 bits was expected');
}

function isNumbers(items: unknown): items is Numbers {
  return [Int32Array, Uint32Array, Uint8Array, Float32Array].some((kind) => items instanceof kind);
}

export function listVector(vector: DuckDBVector): DuckDBListVector {
  if (isLists(vector)) return vector;
  throw new Error('A vector of lists was expected');
}

function isLists(vector: DuckDBVector): vector is DuckDBListVector {
  return 'getEntryOffset' in vector;
}
