import type { Tensor } from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { float32, type HostArray, type HostArrays, int32, sizeOf } from '../../../support/arrays.js';
import { type Random, randomFromSeed } from '../../../support/random.js';
import { createEngine } from '../../create.js';
import type { Signature, Step } from '../../engine.js';
import { trace } from '../trace.js';
import type { Translations } from './translation.js';

/** For tests: one call of a kernel, or of a gradient, on random inputs of given shapes. */
export interface KernelCase {
  readonly inputs: readonly Input[];
  readonly run: Run;
  /** What the pure-JS backend runs instead, where it lacks the kernel. */
  readonly reference: Run;
}

type Run = (...inputs: Tensor[]) => Tensor | Tensor[];

export interface Input {
  readonly dtype: 'float32' | 'int32';
  readonly shape: readonly number[];
  /** Element `index`. */
  draw(random: Random, index: number): number;
}

type Shape = readonly number[];

export const normal = (...shape: Shape): Input => ({ dtype: 'float32', shape, draw: (random) => random.normal() });
/** Sums of some hundred products stay of order 1. */
export const small = (...shape: Shape): Input => ({ dtype: 'float32', shape, draw: (random) => 0.2 * random.normal() });
export const positive = (...shape: Shape): Input => ({
  dtype: 'float32',
  shape,
  draw: (random) => 0.1 + random.uniform(),
});
/** -1, 0 and 1: many ties. */
export const few = (...shape: Shape): Input => ({
  dtype: 'float32',
  shape,
  draw: (random) => random.below(3) - 1,
});
export const signed = (...shape: Shape): Input => ({ dtype: 'int32', shape, draw: (random) => random.below(9) - 4 });
/** int32 in [0, bound). */
export const indexes = (bound: number, ...shape: Shape): Input => ({
  dtype: 'int32',
  shape,
  draw: (random) => random.below(bound),
});
/** These numbers again and again. */
export const listed =
  (...values: readonly number[]) =>
  (...shape: Shape): Input => ({ dtype: 'float32', shape, draw: (_, index) => values[index % values.length] ?? 0 });

export const kernelCase = (inputs: readonly Input[], run: Run, reference = run): KernelCase => ({
  inputs,
  run,
  reference,
});

/** Every kernel of `group` has a case, every case calls its kernel and equals the pure-JS backend. */
export function testKernels(group: Translations, cases: Readonly<Record<string, readonly KernelCase[]>>): void {
  it('every translated kernel has a case', () => {
    expect(Object.keys(cases).sort()).toEqual(Object.keys(group).sort());
  });
  const labelled = Object.entries(cases).flatMap(([kernel, tested]) =>
    tested.map((one, index) => ({ kernel, tested: one, label: `${kernel} ${index + 1}` })),
  );
  it.each(labelled)('$label equals the pure-JS backend', async ({ kernel, tested }) => {
    const { step, signature } = stepOf(tested, tested.run);
    expect(trace(step, signature).kernels).toContain(kernel);
    await expectEqual(tested);
  });
}

const compiled = createEngine({ name: 'compiled', device: 'cpu', threads: 1 });
const eager = createEngine({ name: 'tfjs', device: 'cpu' });

/** Two steps on other numbers each, with both engines. */
export async function expectEqual(tested: KernelCase): Promise<void> {
  const steps = 2;
  const random = randomFromSeed(1);
  const { signature } = stepOf(tested, tested.run);
  const chunk: Record<string, HostArray> = { tick: float32([steps]) };
  for (const [index, { dtype, shape, draw }] of tested.inputs.entries()) {
    const whole = [steps, ...shape];
    const values = Array.from({ length: sizeOf(whole) }, (_, i) => draw(random, i));
    chunk[`x${index}`] =
      dtype === 'float32' ? float32(whole, Float32Array.from(values)) : int32(whole, Int32Array.from(values));
  }
  const results: HostArrays[] = [];
  for (const [engine, run] of [
    [compiled, tested.run],
    [eager, tested.reference],
  ] as const) {
    const program = await engine.compile(stepOf(tested, run).step, signature);
    results.push(await program.run(chunk));
    await program.release();
  }
  const [got, wanted] = results.map((result) => Object.entries(result));
  expect(got?.map(([name, { dtype, shape }]) => [name, dtype, shape])).toEqual(
    wanted?.map(([name, { dtype, shape }]) => [name, dtype, shape]),
  );
  for (const [index, [, array]] of (wanted ?? []).entries()) expectClose(got?.[index]?.[1].data ?? [], array.data);
}

/** The batch holds the inputs, and an array that counts the steps of cases without any. */
function stepOf(tested: KernelCase, run: Run): { readonly step: Step; readonly signature: Signature } {
  const inputs = tested.inputs.map(({ dtype, shape }, index) => [`x${index}`, { dtype, shape }] as const);
  const step: Step = (_, batch) => {
    const given = inputs.flatMap(([name]) => batch[name] ?? []);
    const results = [run(...given)].flat();
    return { state: {}, outputs: Object.fromEntries(results.map((result, index) => [`y${index}`, result])) };
  };
  const tick = { dtype: 'float32', shape: [] } as const;
  return { step, signature: { state: {}, batch: { ...Object.fromEntries(inputs), tick } } };
}

/** Equal up to rounding in float32, for numbers of order 1. */
function expectClose(got: ArrayLike<number>, wanted: ArrayLike<number>): void {
  expect(got.length).toBe(wanted.length);
  for (let i = 0; i < wanted.length; i++) {
    const [a, b] = [got[i] ?? 0, wanted[i] ?? 0];
    const close = Object.is(a, b) || a === b || Math.abs(a - b) <= 2e-6 + 1e-5 * Math.abs(b);
    if (!close) expect.fail(`element ${i} is ${a}, should be ${b}`);
  }
}
