import type { ArraySpec } from '../engine/engine.js';
import { elementCount, float32, type HostArrays, int32 } from '../support/arrays.js';

/**
 * For tests: the inputs of some steps. Arrays that are given stay as they are; of others, `valuesOf` tells each element
 * by its place, from the array's name and its size in a step.
 */
export function stepChunk(
  arrays: Readonly<Record<string, ArraySpec>>,
  steps: number,
  valuesOf: (name: string, size: number) => (place: number) => number,
  given: HostArrays = {},
): HostArrays {
  return Object.fromEntries(
    Object.entries(arrays).map(([name, spec]) => {
      const size = elementCount(spec.shape);
      const value = valuesOf(name, size);
      const shape = [steps, ...spec.shape];
      const length = { length: steps * size };
      const made =
        spec.dtype === 'int32'
          ? int32(
              shape,
              Int32Array.from(length, (_, place) => value(place)),
            )
          : float32(
              shape,
              Float32Array.from(length, (_, place) => value(place)),
            );
      return [name, given[name] ?? made];
    }),
  );
}
