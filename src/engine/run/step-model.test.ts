import { describe, expect, it, test } from 'vitest';
import { float32, type HostArrays, int32 } from '../../support/arrays.js';
import { UserError } from '../../support/errors.js';
import { must } from '../../support/must.js';
import { tf } from '../../support/tf.js';
import type { Signature, Step } from '../engine.js';
import { trace } from '../record/trace.js';
import { firstDifference } from '../tolerance.fixture.js';
import { modelNames } from './model-graph.js';
import { openSession } from './session.js';
import { stepFailure, stepModel } from './step-program.js';

/** The outputs and the next states of one step, as WebGPU's operators compute them on the CPU. */
async function stepped(step: Step, given: Signature, batch: HostArrays) {
  const model = stepModel(trace(step, given));
  const session = await openSession(model.bytes, { device: 'cpu', threads: 1 });
  const feeds = [
    ...[...model.changed, ...model.read].map(
      (name) => [modelNames.state(name), must(given.state[name], 'array')] as const,
    ),
    ...Object.entries(batch).map(([name, array]) => [modelNames.batch(name), array] as const),
  ];
  const fetched = [...model.changed.map(modelNames.next), ...model.rows.map(({ name }) => name)];
  const { host } = await session.run(Object.fromEntries(feeds), fetched);
  await session.release();
  return { model, host };
}

describe('a model of one step', () => {
  it('has a tanh that is exact to the last digits near 0', async () => {
    const x = Float32Array.of(5e-4, -5e-4, 1e-7, 0.01, 0.1, 0.199, -0.199, 0.201, 3, -30, 0);
    const batch = { x: float32([x.length], x) };
    const tanh: Step = (_, given) => ({ state: {}, outputs: { y: tf.tanh(must(given.x, 'array')) } });
    const { host } = await stepped(tanh, { state: {}, batch }, batch);
    const got = must(host[modelNames.output('float32')], 'array').data;
    expect(firstDifference(got, Array.from(x, Math.tanh), { absolute: 0, relative: 2e-7 })).toBeUndefined();
  });

  it('copies what the step returns as it got it', async () => {
    const same: Step = ({ w }, { x }) => ({
      state: { w: must(x, 'array') },
      outputs: { before: must(w, 'array'), x: must(x, 'array'), one: tf.scalar(1) },
    });
    const state = { w: int32([2], Int32Array.of(1, 2)) };
    const batch = { x: int32([2], Int32Array.of(3, 4)) };
    const { host } = await stepped(same, { state, batch }, batch);
    expect(must(host[modelNames.next('w')], 'array').data).toEqual(Int32Array.of(3, 4));
    expect(must(host[modelNames.output('int32')], 'array').data).toEqual(Int32Array.of(1, 2, 3, 4));
    expect(must(host[modelNames.output('float32')], 'array').data).toEqual(Float32Array.of(1));
  });
});

test('a state array above 128 MiB is named, in one line for the user', () => {
  const told = stepFailure(new Error('ScatterND: no such key\n    at somewhere'), {
    small: float32([2, 2]),
    table: float32([2 ** 22 + 1, 8]),
  });
  expect(told).toBeInstanceOf(UserError);
  expect(told).toMatchObject({
    message: expect.stringMatching(/^engine\.device: webgpu .*'table' has 129 MiB.*engine\.device=cpu.*no such key$/),
  });
});
