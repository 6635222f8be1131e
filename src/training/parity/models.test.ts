import { describe, expect, it } from 'vitest';
import type { Engine, Program, Signature, Step } from '../../engine/engine.js';
import { candidate, deviceName, referenceEngine, testedEngine, tolerance } from '../../engine/parity-device.fixture.js';
import { createCompiledEngine } from '../../engine/run/compiled-engine.js';
import { byteCount } from '../../engine/run/transfers.js';
import { firstDifference, type Tolerance } from '../../engine/tolerance.fixture.js';
import { present } from '../../models/run.fixture.js';
import { float32, type HostArrays } from '../../support/arrays.js';
import { parityModels, steps } from './model.fixture.js';

describe.each(parityModels)(`$label on ${deviceName}`, ({ training, evaluation, trainingChunk, evaluationChunk }) => {
  it('has the loss and the gradients, and takes the steps, of the pure-JS backend', async () => {
    const [got, wanted] = await both(training, async (program) => {
      const first = await program.run(trainingChunk(0, 1));
      const before = program.transfers?.toDeviceBytes;
      const { loss } = await program.run(trainingChunk(1, steps));
      // On WebGPU the state stays on the device: what goes there is the batches.
      if (before !== undefined && candidate.device === 'webgpu')
        expect((program.transfers?.toDeviceBytes ?? 0) - before).toBe(
          byteCount(Object.values(trainingChunk(1, steps))),
        );
      const after: HostArrays = { ...(await program.readState()), loss: present(loss) };
      return { first, after };
    });
    expect(Object.keys(got.first)).toEqual(Object.keys(wanted.first));
    expect(Object.keys(wanted.first).filter((name) => name.startsWith('gradient/')).length).toBeGreaterThan(1);
    expect(differences(got.first, wanted.first, tolerance.step)).toEqual([]);
    expect(differences(got.after, wanted.after, tolerance.tenSteps)).toEqual([]);
    expect(wanted.after.step?.data[0]).toBe(steps);
  });

  it('predicts as the pure-JS backend does, also with other parameters', async () => {
    const [got, wanted] = await both(evaluation, async (program) => {
      const before = await program.run(evaluationChunk(0, 1));
      const doubled = Object.entries(await program.readState()).map(
        ([name, { shape, data }]) =>
          [
            name,
            float32(
              shape,
              Float32Array.from(data, (value) => 2 * value),
            ),
          ] as const,
      );
      await program.writeState(Object.fromEntries(doubled));
      return { before, after: await program.run(evaluationChunk(1, steps)) };
    });
    expect(differences(got.before, wanted.before, tolerance.step)).toEqual([]);
    expect(differences(got.after, wanted.after, tolerance.step)).toEqual([]);
  });
});

/** What the tested engine gives, and what the reference does. */
async function both<Result>(
  { step, signature }: { readonly step: Step; readonly signature: Signature },
  run: (program: Program) => Promise<Result>,
): Promise<[Result, Result]> {
  const by = async (engine: Engine) => {
    const program = await engine.compile(step, signature);
    const result = await run(program);
    await program.release();
    return result;
  };
  return [await by(wholeEngine()), await by(referenceEngine())];
}

/**
 * The tested engine. On WebGPU it refuses a graph unless every node runs on the device: a node that the provider lacks
 * would run on the CPU, with its operands copied there and back.
 */
function wholeEngine(): Engine {
  return candidate.device === 'webgpu'
    ? createCompiledEngine({ device: candidate.device, wholly: true })
    : testedEngine();
}

function differences(got: HostArrays, wanted: HostArrays, allowed: Tolerance): string[] {
  return Object.entries(wanted).flatMap(([name, { data }]) => {
    const largest = Array.from(data).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const found = firstDifference(got[name]?.data ?? [], data, allowed, largest);
    return found === undefined ? [] : [`${name}: ${found}`];
  });
}
