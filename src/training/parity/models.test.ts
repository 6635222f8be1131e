import { describe, expect, it } from 'vitest';
import type { Engine, Program, Signature, Step } from '../../engine/engine.js';
import { candidate, deviceName, referenceEngine, testedEngine, tolerance } from '../../engine/parity-device.fixture.js';
import { createCompiledEngine } from '../../engine/run/compiled-engine.js';
import { bytesOf } from '../../engine/run/transfers.js';
import { firstDifference, type Tolerance } from '../../engine/tolerance.fixture.js';
import type { HostArrays } from '../../support/arrays.js';
import { parityModels, steps } from './model.fixture.js';

describe.each(parityModels)(`$label on ${deviceName}`, ({ training, evaluation, trainingChunk, evaluationChunk }) => {
  it('has the loss and the gradients, and takes the steps, of the pure-JS backend', async () => {
    const [got, wanted] = await both(training, trainingChunk, (program) =>
      program.writeState(training.signature.state),
    );
    const outputs = Object.keys(wanted.outputs);
    expect(Object.keys(got.outputs)).toEqual(outputs);
    expect(outputs.filter((name) => name.startsWith('gradient/')).length).toBeGreaterThan(1);
    const first = outputs.map((name) => compare(name, step(got.outputs, name, 0), step(wanted.outputs, name, 0)));
    expect(first.filter((message) => message !== undefined)).toEqual([]);
    const losses = compare('loss', data(got.outputs, 'loss'), data(wanted.outputs, 'loss'), tolerance.tenSteps);
    const after = Object.keys(wanted.state).map((name) =>
      compare(name, data(got.state, name), data(wanted.state, name), tolerance.tenSteps),
    );
    expect([losses, ...after].filter((message) => message !== undefined)).toEqual([]);
    expect(data(wanted.state, 'step')[0]).toBe(steps);
  });

  it('predicts as the pure-JS backend does, also with other parameters', async () => {
    const [got, wanted] = await both(evaluation, evaluationChunk, async (program) => {
      const state = await program.readState();
      const doubled = Object.entries(state).map(([name, { shape, data: values }]) => [
        name,
        { dtype: 'float32', shape, data: Float32Array.from(values, (value) => 2 * value) } as const,
      ]);
      await program.writeState(Object.fromEntries(doubled));
    });
    const differences = Object.keys(wanted.outputs).map((name) =>
      compare(name, data(got.outputs, name), data(wanted.outputs, name)),
    );
    expect(differences.filter((message) => message !== undefined)).toEqual([]);
  });

  // A node that the provider lacks would run on the CPU, with its operands copied there and back.
  if (candidate.device === 'webgpu') {
    it('runs on the device to the last node, where its state stays', async () => {
      const engine = createCompiledEngine({ device: candidate.device, wholly: true });
      for (const [given, chunk] of [
        [training, trainingChunk],
        [evaluation, evaluationChunk],
      ] as const) {
        const program = await engine.compile(given.step, given.signature);
        await program.run(chunk(0, 1));
        const before = program.transfers?.toDeviceBytes ?? Number.NaN;
        await program.run(chunk(1, 3));
        expect((program.transfers?.toDeviceBytes ?? 0) - before).toBe(bytesOf(Object.values(chunk(1, 3))));
        await program.release();
      }
    });
  }
});

interface Given {
  readonly step: Step;
  readonly signature: Signature;
}

interface Ran {
  readonly outputs: HostArrays;
  readonly state: HostArrays;
}

/** Ten steps with the tested engine and with the reference, after one step and `prepare`. */
async function both(
  given: Given,
  chunk: (from: number, to: number) => HostArrays,
  prepare: (program: Program) => Promise<void>,
): Promise<[Ran, Ran]> {
  const run = async (engine: Engine): Promise<Ran> => {
    const program = await engine.compile(given.step, given.signature);
    await program.run(chunk(0, 1));
    await prepare(program);
    const outputs = await program.run(chunk(0, steps));
    const state = await program.readState();
    await program.release();
    return { outputs, state };
  };
  return [await run(testedEngine()), await run(referenceEngine())];
}

function data(arrays: HostArrays, name: string): ArrayLike<number> {
  return arrays[name]?.data ?? [];
}

/** An output's values at one step. */
function step(arrays: HostArrays, name: string, index: number): ArrayLike<number> {
  const size = data(arrays, name).length / steps;
  return Array.from(data(arrays, name)).slice(index * size, (index + 1) * size);
}

function compare(
  name: string,
  got: ArrayLike<number>,
  wanted: ArrayLike<number>,
  allowed: Tolerance = tolerance.step,
): string | undefined {
  const size = Array.from(wanted).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const found = firstDifference(got, wanted, allowed, size);
  return found === undefined ? undefined : `${name}: ${found}`;
}
