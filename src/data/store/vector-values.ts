import type { DuckDBBlobVector, DuckDBListVector, DuckDBStructVector, DuckDBVector } from '@duckdb/node-api';

export type Numbers = Int32Array | Uint32Array | Uint8Array | Float32Array;

/**
 * The array in which the package stores a vector's values. `getItem` also checks a bitmap of NULLs, which these vectors
 * do not have.
 */
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

/** Lists of structs: the position of each row's entries, and the values of all entries, field by field. */
export function listsOf(vector: DuckDBVector, fieldCount: number) {
  const lists = listVector(vector);
  const entries = lists.childVector;
  if (!isStructs(entries)) throw new Error('A vector of structs was expected');
  return {
    range: (row: number): readonly [number, number] => {
      const begin = lists.getEntryOffset(row);
      return [begin, begin + lists.getEntryLength(row)];
    },
    fields: Array.from({ length: fieldCount }, (_, field) => itemsOf(entries.entryVectorAt(field))),
  };
}

function isNumbers(items: unknown): items is Numbers {
  return [Int32Array, Uint32Array, Uint8Array, Float32Array].some((kind) => items instanceof kind);
}

function isBlobs(vector: DuckDBVector): vector is DuckDBBlobVector {
  return 'getItemBytes' in vector;
}

export function listVector(vector: DuckDBVector): DuckDBListVector {
  if (isLists(vector)) return vector;
  throw new Error('A vector of lists was expected');
}

function isLists(vector: DuckDBVector): vector is DuckDBListVector {
  return 'getEntryOffset' in vector;
}

function isStructs(vector: DuckDBVector): vector is DuckDBStructVector {
  return 'entryVectorAt' in vector;
}
