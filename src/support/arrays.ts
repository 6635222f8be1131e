export interface FloatArray {
  readonly dtype: 'float32';
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export interface IntArray {
  readonly dtype: 'int32';
  readonly shape: readonly number[];
  readonly data: Int32Array;
}

/** An array that belongs to no engine: row-major values with a shape. */
export type HostArray = FloatArray | IntArray;

export type HostArrays = Readonly<Record<string, HostArray>>;

/** Consecutive rows of a table, and the columns of ids that index them: an id's row is `first + id`. */
export interface RowPart {
  readonly columns: readonly number[];
  readonly first: number;
  readonly rows: number;
}

export function float32(
  shape: readonly number[],
  data: Float32Array = new Float32Array(elementCount(shape)),
): FloatArray {
  return { dtype: 'float32', shape, data };
}

export function int32(shape: readonly number[], data: Int32Array = new Int32Array(elementCount(shape))): IntArray {
  return { dtype: 'int32', shape, data };
}

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1);
}

/** An array's bytes in pieces: hashes and files take at most 2 GiB at once. */
export function* bytesOf({ data }: HostArray, most = 2 ** 28): Generator<Uint8Array> {
  for (let from = 0; from < data.byteLength; from += most)
    yield new Uint8Array(data.buffer, data.byteOffset + from, Math.min(most, data.byteLength - from));
}

/** How many of ascending numbers are not above the value. */
export function countNotAbove(ascending: Float64Array, value: number): number {
  return countBelow(ascending, value, true);
}

/** How many of ascending numbers are below a limit, or at it. */
export function countBelow(ascending: Float32Array | Float64Array, limit: number, orEqual = false): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const value = ascending[middle] ?? 0;
    if (value < limit || (orEqual && value === limit)) low = middle + 1;
    else high = middle;
  }
  return low;
}
