import { expect } from 'vitest';
import { createCompiledEngine } from '../../engine/run/compiled-engine.js';
import { firstDifference, tolerances } from '../../engine/tolerance.fixture.js';
import type { HostArrays } from '../../support/arrays.js';
import { balancingSteps } from '../parity/balancing.fixture.js';

const engine = createCompiledEngine({ threads: 1 });
/** Options with which a method changes no gradient. */
const idle = { cagrad: { c: 0 }, metabalance: { relax: 0 } };

async function stateAfter({ step, signature, chunk }: ReturnType<typeof balancingSteps>): Promise<HostArrays> {
  const program = await engine.compile(step, signature);
  const { loss } = await program.run(chunk);
  const state = await program.readState();
  await program.release();
  return { ...state, ...(loss ? { loss } : {}) };
}

/**
 * The sum of all tasks' gradients and the penalty's, assembled from shared parts and single tasks' parts, must equal
 * the gradient with fixed weights.
 */
export async function expectAsFixed(method: keyof typeof idle, model: string): Promise<void> {
  const wanted = await stateAfter(balancingSteps('fixed', model));
  const got = await stateAfter(balancingSteps(method, model, idle[method]));
  const differences = Object.entries(wanted).flatMap(([array, { data }]) => {
    const size = Array.from(data).reduce((most, one) => Math.max(most, Math.abs(one)), 0);
    const found = firstDifference(got[array]?.data ?? [], data, tolerances.cpu.tenSteps, size);
    return found === undefined ? [] : [`${array}: ${found}`];
  });
  expect(differences).toEqual([]);
}
