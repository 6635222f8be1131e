import { elementCount, float32, type HostArray, type HostArrays, int32 } from '../support/arrays.js';
import { must } from '../support/must.js';
import { mapValues } from '../support/records.js';
import type { ArraySpec, Signature } from './engine.js';

/** Checks names, shapes and types of a chunk against the signature. Returns the number of its steps. */
export function countSteps(chunk: HostArrays, batch: Signature['batch']): number {
  let steps: number | undefined;
  for (const [name, spec] of Object.entries(batch)) {
    const array = arrayNamed(chunk, name);
    const [length, ...shape] = array.shape;
    if (length === undefined) throw new Error(`'${name}' has no leading axis of steps`);
    if (steps !== undefined && steps !== length) throw new Error(`'${name}' has ${length} steps, others have ${steps}`);
    steps = length;
    check(name, { ...array, shape }, spec, length);
  }
  if (steps === undefined) throw new Error('a step needs at least one array of a batch, to count the steps by');
  if (steps === 0) throw new Error('a chunk without steps');
  return steps;
}

/** Fails if `array` does not match `spec`, or if its data does not match its shape. */
export function check(name: string, array: HostArray, spec: ArraySpec, repeats = 1): void {
  const same = array.shape.length === spec.shape.length && array.shape.every((side, axis) => side === spec.shape[axis]);
  if (array.dtype !== spec.dtype || !same) {
    throw new Error(`'${name}' is ${array.dtype} [${array.shape}], the signature says ${spec.dtype} [${spec.shape}]`);
  }
  if (array.data.length !== repeats * elementCount(spec.shape)) {
    throw new Error(
      `'${name}' holds ${array.data.length} numbers, its shape needs ${repeats * elementCount(spec.shape)}`,
    );
  }
}

export function arrayNamed(arrays: HostArrays, name: string): HostArray {
  return must(arrays[name], `array '${name}'`);
}

/** A copy, so that changes to the original do not affect it. */
export function copyArray(array: HostArray): HostArray {
  return array.dtype === 'float32' ? { ...array, data: array.data.slice() } : { ...array, data: array.data.slice() };
}

/** The arrays of one step of a chunk, [steps, ...shape] each: the same memory. */
export function stepArrays(
  chunk: HostArrays,
  shapes: Readonly<Record<string, Pick<ArraySpec, 'shape'>>>,
  step: number,
): HostArrays {
  return mapValues(shapes, ({ shape }, name) => stepArray(arrayNamed(chunk, name), shape, step));
}

function stepArray({ dtype, data }: HostArray, shape: readonly number[], step: number): HostArray {
  const size = elementCount(shape);
  const [from, to] = [step * size, (step + 1) * size];
  return dtype === 'float32'
    ? { dtype, shape, data: data.subarray(from, to) }
    : { dtype, shape, data: data.subarray(from, to) };
}

/** An array of zeros. */
export function zeros({ dtype, shape }: ArraySpec): HostArray {
  return dtype === 'float32' ? float32(shape) : int32(shape);
}
