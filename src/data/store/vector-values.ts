import type { DuckDBBlobVector, DuckDBVector } from '@duckdb/node-api';

export type Numbers = Int32Array | Uint32Array | Uint8Array | Float32Array;

/** The array in which the package keeps a vector's values. `getItem` looks each up in a bitmap of NULLs, of which these vectors have none. */
export function itemsOf(vector: DuckDBVector): Numbers {
  const items: unknown = Reflect.get(vector, 'items');
  if (isNumbers(items)) return items;
  throw new Error('A vector of numbers of 32 or 8 bits was expected');
}

/** The bytes of a row. */
export function bytesOf(vector: DuckDBVector, row: number): Uint8Array {
  if (!isBlobs(vector)) throw new Error('A vector of bytes was expected');
  return vector.getItemBytes(row) ?? new Uint8Array();
}

function isNumbers(items: unknown): items is Numbers {
  return [Int32Array, Uint32Array, Uint8Array, Float32Array].some((kind) => items instanceof kind);
}

function isBlobs(vector: DuckDBVector): vector is DuckDBBlobVector {
  return 'getItemBytes' in vector;
}
