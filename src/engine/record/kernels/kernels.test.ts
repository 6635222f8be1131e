import { describe, expect, it } from 'vitest';
import { elementwiseOperators } from '../../lower/pass.js';
import { deviceName, testedEngine, tolerance } from '../../parity-device.fixture.js';
import { gradientCases } from '../gradient-cases.fixture.js';
import { trace } from '../trace.js';
import { elementwiseKernels, gatherKernels, productKernels, reductionKernels } from './catalogue.js';
import { elementwiseCases } from './elementwise-cases.fixture.js';
import { gatherCases } from './gather-cases.fixture.js';
import { casesStep, difference, type KernelCases, labelled, outcomes } from './kernel-case.fixture.js';
import { productCases } from './product-cases.fixture.js';
import { reductionCases } from './reduction-cases.fixture.js';
import { shapeKernels } from './shape.js';
import { shapeCases } from './shape-cases.fixture.js';

const groups = [
  { group: 'elementwise', cases: elementwiseCases, kernels: elementwiseKernels },
  { group: 'gather', cases: gatherCases, kernels: gatherKernels },
  { group: 'product', cases: productCases, kernels: productKernels },
  { group: 'reduction', cases: reductionCases, kernels: reductionKernels },
  { group: 'shape', cases: shapeCases, kernels: shapeKernels },
];
const traced = (cases: KernelCases) =>
  labelled(cases).map(({ label, kernel, tested }) => {
    const { step, signature } = casesStep([tested], 'run');
    return { label, kernel, ...trace(step, signature) };
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

const gradients = Object.fromEntries(Object.entries(gradientCases).map(([name, one]) => [name, [one]]));

// One program for each group: a device builds what it runs anew for each.
it.each([...groups, { group: 'gradients', cases: gradients }])(
  `$group on ${deviceName} equal those of the pure-JS backend`,
  async ({ cases }) => {
    const all = labelled(cases);
    const found = await outcomes(
      testedEngine(),
      all.map(({ tested }) => tested),
    );
    const differences = all.flatMap(({ label }, index) => {
      const outcome = found[index];
      if (!outcome || Object.keys(outcome.wanted).length === 0) return [`${label}: no outcome`];
      const message = difference(outcome, tolerance.kernel);
      return message === undefined || label in tolerance.undefined ? [] : [`${label}: ${message}`];
    });
    expect(differences).toEqual([]);
  },
);
