import type { Tensor } from '@tensorflow/tfjs';
import { elementCount, float32, type HostArray, type HostArrays, int32 } from '../../../support/arrays.js';
import { type Random, randomFromSeed } from '../../../support/random.js';
import type { Engine, Signature, Step } from '../../engine.js';
import { pureJs } from '../../tfjs/backends.js';
import { createTfjsEngine } from '../../tfjs/tfjs-engine.js';
import { firstDifference, type Tolerance } from '../../tolerance.fixture.js';

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

export type KernelCases = Readonly<Record<string, readonly KernelCase[]>>;

interface LabelledCase {
  readonly label: string;
  readonly kernel: string;
  readonly tested: KernelCase;
}

export function labelled(cases: KernelCases): LabelledCase[] {
  return Object.entries(cases).flatMap(([kernel, tested]) =>
    tested.map((one, index) => ({ kernel, tested: one, label: `${kernel} ${index + 1}` })),
  );
}

const eager = createTfjsEngine(pureJs);

/** An engine's result of a case, and the pure-JS backend's. */
interface Outcome {
  readonly got: HostArrays;
  readonly wanted: HostArrays;
}

/** Two steps on other numbers each, all cases in one program. */
export async function outcomes(engine: Engine, cases: readonly KernelCase[]): Promise<Outcome[]> {
  const steps = 2;
  const chunk: Record<string, HostArray> = { tick: float32([steps]) };
  for (const [place, tested] of cases.entries()) {
    const random = randomFromSeed(1);
    for (const [index, { dtype, shape, draw }] of tested.inputs.entries()) {
      const whole = [steps, ...shape];
      const values = Array.from({ length: elementCount(whole) }, (_, i) => draw(random, i));
      chunk[inputName(place, index)] =
        dtype === 'float32' ? float32(whole, Float32Array.from(values)) : int32(whole, Int32Array.from(values));
    }
  }
  const run = async (by: Engine, part: 'run' | 'reference') => {
    const { step, signature } = casesStep(cases, part);
    const program = await by.compile(step, signature);
    const results = await program.run(chunk);
    await program.release();
    return cases.map((_, place) =>
      Object.fromEntries(
        Object.entries(results).flatMap(([name, array]) => {
          const [owner, own = ''] = name.split('/');
          return owner === String(place) ? [[own, array]] : [];
        }),
      ),
    );
  };
  const [got, wanted] = [await run(engine, 'run'), await run(eager, 'reference')];
  return cases.map((_, place) => ({ got: got[place] ?? {}, wanted: wanted[place] ?? {} }));
}

const inputName = (place: number, index: number) => `${place}/x${index}`;

/** The batch has the inputs of all cases, and an array that counts steps for cases without inputs. */
export function casesStep(
  cases: readonly KernelCase[],
  part: 'run' | 'reference',
): { readonly step: Step; readonly signature: Signature } {
  const inputs = cases.flatMap(({ inputs: own }, place) =>
    own.map(({ dtype, shape }, index) => [inputName(place, index), { dtype, shape }] as const),
  );
  const step: Step = (_, batch) => {
    const outputs = cases.flatMap((tested, place) => {
      const given = tested.inputs.flatMap((__, index) => batch[inputName(place, index)] ?? []);
      const results = [tested[part](...given)].flat();
      return results.map((result, index) => [`${place}/y${index}`, result] as const);
    });
    return { state: {}, outputs: Object.fromEntries(outputs) };
  };
  const tick = { dtype: 'float32', shape: [] } as const;
  return { step, signature: { state: {}, batch: { ...Object.fromEntries(inputs), tick } } };
}

/** The first result of another kind, or element that is not close enough to the reference. */
export function difference({ got, wanted }: Outcome, tolerance: Tolerance): string | undefined {
  const described = (array?: HostArray) => `${array?.dtype} [${array?.shape}]`;
  for (const [name, array] of Object.entries(wanted)) {
    const found = got[name];
    const [is, should] = [described(found), described(array)];
    if (is !== should) return `${name}: ${is}, should be ${should}`;
    const message = firstDifference(found?.data ?? [], array.data, tolerance);
    if (message) return `${name}: ${message}`;
  }
  return undefined;
}
