import { describe, expect, it } from 'vitest';
import { float32, type HostArrays, int32 } from '../../support/arrays.js';
import { tf } from '../../support/tf.js';
import type { Signature, Step } from '../engine.js';
import { trace } from '../record/trace.js';
import { firstDifference } from '../tolerance.fixture.js';
import { modelNames } from './model-graph.js';
import { openSession } from './session.js';
import { stepModel } from './step-program.js';

/** The outputs and the next states of one step, as WebGPU's operators compute them on the CPU. */
async function stepped(step: Step, given: Signature, batch: HostArrays) {
  const model = stepModel(trace(step, given));
  const session = await openSession(model.bytes, { device: 'cpu', threads: 1 });
  const feeds = [
    ...[...model.changed, ...model.read].map((name) => [modelNames.state(name), of(given.state[name])] as const),
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
    const tanh: Step = (_, given) => ({ state: {}, outputs: { y: tf.tanh(of(given.x)) } });
    const { host } = await stepped(tanh, { state: {}, batch }, batch);
    const got = of(host[modelNames.output('float32')]).data;
    expect(firstDifference(got, Array.from(x, Math.tanh), { absolute: 0, relative: 2e-7 })).toBeUndefined();
  });

  it('copies what the step returns as it got it', async () => {
    const same: Step = ({ w }, { x }) => ({
      state: { w: of(x) },
      outputs: { before: of(w), x: of(x), one: tf.scalar(1) },
    });
    const state = { w: int32([2], Int32Array.of(1, 2)) };
    const batch = { x: int32([2], Int32Array.of(3, 4)) };
    const { host } = await stepped(same, { state, batch }, batch);
    expect(of(host[modelNames.next('w')]).data).toEqual(Int32Array.of(3, 4));
    expect(of(host[modelNames.output('int32')]).data).toEqual(Int32Array.of(1, 2, 3, 4));
    expect(of(host[modelNames.output('float32')]).data).toEqual(Float32Array.of(1));
  });
});

function of<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('missing');
  return value;
}
