import { describe, expect, it } from 'vitest';
import type { Engine } from '../../engine/engine.js';
import { deviceName, referenceEngine, testedEngine, tolerance, whole } from '../../engine/parity-device.fixture.js';
import { firstDifference } from '../../engine/tolerance.fixture.js';
import { balancingNames, balancingSteps } from './balancing.fixture.js';

const size = whole ? { steps: 10, batchSize: 64 } : { steps: 4, batchSize: 32 };

// Without the whole product, the methods take turns with the models.
describe.each(balancingNames.map((name, index) => [name, index] as const))(`%s on ${deviceName}`, (name, index) => {
  it.each(['ple', 'mmoe'].filter((_, model) => whole || index % 2 === model))(
    'trains %s to the losses, weights and state of the pure-JS backend',
    async (model) => {
      const { step, signature, chunk } = balancingSteps(name, model, {}, size);
      const run = async (engine: Engine) => {
        const program = await engine.compile(step, signature);
        const outputs = await program.run(chunk);
        const state = await program.readState();
        await program.release();
        return { ...outputs, ...state };
      };
      const [got, wanted] = [await run(testedEngine()), await run(referenceEngine())];
      expect(Object.keys(got)).toEqual(Object.keys(wanted));
      const differences = Object.entries(wanted).flatMap(([array, { data }]) => {
        const largest = Array.from(data).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        const found = firstDifference(got[array]?.data ?? [], data, tolerance.tenSteps, largest);
        return found === undefined ? [] : [`${array}: ${found}`];
      });
      expect(differences).toEqual([]);
      expect(Array.from(wanted.loss?.data ?? []).filter(Number.isFinite)).toHaveLength(size.steps);
    },
  );
});
