import { describe, expect, it } from 'vitest';
import { deviceName, testedEngine, tolerance } from '../../engine/parity-device.fixture.js';
import { gradientCases } from '../../engine/record/gradient-cases.fixture.js';
import { elementwiseCases } from '../../engine/record/kernels/elementwise-cases.fixture.js';
import { gatherCases } from '../../engine/record/kernels/gather-cases.fixture.js';
import { difference, type KernelCases, labelled, outcomes } from '../../engine/record/kernels/kernel-case.fixture.js';
import { productCases } from '../../engine/record/kernels/product-cases.fixture.js';
import { reductionCases } from '../../engine/record/kernels/reduction-cases.fixture.js';
import { shapeCases } from '../../engine/record/kernels/shape-cases.fixture.js';

const groups: Readonly<Record<string, KernelCases>> = {
  elementwise: elementwiseCases,
  gather: gatherCases,
  product: productCases,
  reduction: reductionCases,
  shape: shapeCases,
  gradients: Object.fromEntries(Object.entries(gradientCases).map(([name, one]) => [name, [one]])),
};

// One program for each group: a device builds what it runs anew for each.
describe(`kernels on ${deviceName}`, () => {
  it.each(Object.entries(groups))('%s: equal those of the pure-JS backend', async (_, group) => {
    const cases = labelled(group);
    const found = await outcomes(
      testedEngine(),
      cases.map(({ tested }) => tested),
    );
    const differences = cases.flatMap(({ label }, index) => {
      const outcome = found[index];
      if (!outcome || Object.keys(outcome.wanted).length === 0) return [`${label}: no outcome`];
      const message = difference(outcome, tolerance.kernel);
      return message === undefined || label in tolerance.undefined ? [] : [`${label}: ${message}`];
    });
    expect(differences).toEqual([]);
  });
});
