import { describe, expect, it } from 'vitest';
import { createCompiledEngine } from '../../engine/run/compiled-engine.js';
import { firstDifference, tolerances } from '../../engine/tolerance.fixture.js';
import { models } from '../../models/catalogue.js';
import { balancingSteps } from '../parity/balancing.fixture.js';

const engine = createCompiledEngine({ threads: 1 });

async function stateAfter({ step, signature, chunk }: ReturnType<typeof balancingSteps>) {
  const program = await engine.compile(step, signature);
  const { loss } = await program.run(chunk);
  const state = await program.readState();
  await program.release();
  return { ...state, loss };
}

// The sum of all tasks' gradients and the penalty's, put together from shared parts and those of one task.
describe.each(models.names.filter((name) => name !== 'single-task'))('%s', (model) => {
  it.each([
    ['cagrad', { c: 0 }],
    ['metabalance', { relax: 0 }],
  ])('trains as with fixed weights where %s has nothing to do', async (name, options) => {
    const wanted = await stateAfter(balancingSteps('fixed', model));
    const got: Readonly<Record<string, { readonly data: ArrayLike<number> } | undefined>> = await stateAfter(
      balancingSteps(name, model, options),
    );
    const differences = Object.entries(wanted).flatMap(([array, value]) => {
      const data = Array.from(value?.data ?? []);
      const size = data.reduce((most, one) => Math.max(most, Math.abs(one)), 0);
      const found = firstDifference(got[array]?.data ?? [], data, tolerances.cpu.tenSteps, size);
      return found === undefined ? [] : [`${array}: ${found}`];
    });
    expect(differences).toEqual([]);
  });
});
