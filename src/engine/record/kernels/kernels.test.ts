import { describe, expect, it } from 'vitest';
import { elementCount, float32, type HostArray, type HostArrays, int32 } from '../../../support/arrays.js';
import { must } from '../../../support/must.js';
import { randomFromSeed } from '../../../support/random.js';
import type { Engine, Signature, Step } from '../../engine.js';
import { elementwiseOperators } from '../../lower/pass.js';
import { deviceName, referenceEngine, testedEngine, tolerance } from '../../parity-device.fixture.js';
import { firstDifference } from '../../tolerance.fixture.js';
import { trace } from '../trace.js';
import {
  elementwiseCases,
  gatherCases,
  gradientCases,
  type KernelCase,
  type KernelCases,
  productCases,
  reductionCases,
  shapeCases,
} from './cases.fixture.js';
import { elementwiseKernels, gatherKernels, productKernels, reductionKernels, shapeKernels } from './catalogue.js';

const groups = [
  { group: 'elementwise', cases: elementwiseCases, kernels: elementwiseKernels },
  { group: 'gather', cases: gatherCases, kernels: gatherKernels },
  { group: 'product', cases: productCases, kernels: productKernels },
  { group: 'reduction', cases: reductionCases, kernels: reductionKernels },
  { group: 'shape', cases: shapeCases, kernels: shapeKernels },
];
const traced = (cases: KernelCases) =>
  labelled(cases).map((labelled) => {
    const { step, signature } = casesStep([labelled], 'run');
    return { ...labelled, ...trace(step, signature) };
  });

describe.each(groups)('$group kernels', ({ cases, kernels }) => {
  it('have cases, all of them, and each case calls its kernel', () => {
    expect(Object.keys(cases).sort()).toEqual(Object.keys(kernels).sort());
    const idle = traced(cases).filter(({ kernel, kernels: called }) => !called.has(kernel));
    expect(idle.map(({ label }) => label)).toEqual([]);
  });
});

it('elementwise kernels record operators that broadcasts pass through', () => {
  const called = traced(elementwiseCases).flatMap(({ graph }) => graph.nodes.map(({ op }) => op));
  const others = new Set(called.filter((op) => !elementwiseOperators.has(op)));
  expect([...others].filter((op) => !['Expand', 'Reshape', 'Product', 'ReduceSum'].includes(op))).toEqual([]);
});

// One program for each group: a device builds what it runs anew for each.
it.each([...groups, { group: 'gradients', cases: gradientCases }])(
  `$group on ${deviceName} equal those of the pure-JS backend`,
  async ({ cases }) => {
    const all = labelled(cases);
    const [got, wanted] = [await run(testedEngine(), all, 'run'), await run(referenceEngine(), all, 'reference')];
    expect(new Set(Object.keys(wanted).map(labelOf)).size).toBe(all.length);
    const differences = Object.entries(wanted).flatMap(([name, array]) => {
      const [is, should] = [got[name], array].map((found) => `${found?.dtype} [${found?.shape}]`);
      const wrongType = is === should ? undefined : `${is}, should be ${should}`;
      const message = wrongType ?? firstDifference(got[name]?.data ?? [], array.data, tolerance.kernel);
      return message === undefined || labelOf(name) in tolerance.undefined ? [] : [`${name}: ${message}`];
    });
    expect(differences).toEqual([]);
  },
);

interface LabelledCase {
  readonly label: string;
  readonly kernel: string;
  readonly tested: KernelCase;
}

function labelled(cases: KernelCases): LabelledCase[] {
  return Object.entries(cases).flatMap(([kernel, tested]) =>
    tested.map((one, index) => ({ kernel, tested: one, label: `${kernel} ${index + 1}` })),
  );
}

const labelOf = (name: string) => must(name.split('/')[0], 'label');

/** Two steps on other numbers each, all cases in one program. Outputs are named `<label>/<index>`. */
async function run(engine: Engine, cases: readonly LabelledCase[], part: 'run' | 'reference'): Promise<HostArrays> {
  const steps = 2;
  const chunk: Record<string, HostArray> = { tick: float32([steps]) };
  for (const { label, tested } of cases) {
    const random = randomFromSeed(1);
    for (const [index, { dtype, shape, draw }] of tested.inputs.entries()) {
      const whole = [steps, ...shape];
      const values = Array.from({ length: elementCount(whole) }, (_, i) => draw(random, i));
      chunk[`${label}/${index}`] =
        dtype === 'float32' ? float32(whole, Float32Array.from(values)) : int32(whole, Int32Array.from(values));
    }
  }
  const { step, signature } = casesStep(cases, part);
  const program = await engine.compile(step, signature);
  const results = await program.run(chunk);
  await program.release();
  return results;
}

/** The batch has the inputs of all cases, and an array that counts steps for cases without inputs. */
function casesStep(
  cases: readonly LabelledCase[],
  part: 'run' | 'reference',
): { readonly step: Step; readonly signature: Signature } {
  const inputs = cases.flatMap(({ label, tested }) =>
    tested.inputs.map(({ dtype, shape }, index) => [`${label}/${index}`, { dtype, shape }] as const),
  );
  const step: Step = (_, batch) => {
    const outputs = cases.flatMap(({ label, tested }) => {
      const given = tested.inputs.flatMap((__, index) => batch[`${label}/${index}`] ?? []);
      return [tested[part](...given)].flat().map((result, index) => [`${label}/${index}`, result] as const);
    });
    return { state: {}, outputs: Object.fromEntries(outputs) };
  };
  const tick = { dtype: 'float32', shape: [] } as const;
  return { step, signature: { state: {}, batch: { ...Object.fromEntries(inputs), tick } } };
}
