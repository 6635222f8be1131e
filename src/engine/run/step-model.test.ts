import { describe, expect, it } from 'vitest';
import { float32, type HostArrays, int32, sizeOf } from '../../support/arrays.js';
import { tf } from '../../support/tf.js';
import type { Signature, Step } from '../engine.js';
import { trace } from '../record/trace.js';
import { firstDifference } from '../tolerance.fixture.js';
import { signature, step } from '../training-step.fixture.js';
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
  it('reads what does not change, and has a row of outputs of each type', () => {
    const model = stepModel(trace(step, signature));
    expect(model.read).toEqual(['scale']);
    expect(model.rows.map(({ type, outputs }) => [type, outputs.map(({ name }) => name)])).toEqual([
      ['float32', ['loss', 'steps']],
      ['int32', ['rows']],
    ]);
  });

  it('multiplies transposed matrices, single and in batches, and sums rows', async () => {
    const product: Step = (_, { a, b, c, d }) => ({
      state: {},
      outputs: {
        single: tf.matMul(of(a), of(b), true, true),
        left: tf.matMul(of(c), of(d), true, false),
        right: tf.matMul(of(c), of(d), false, true),
        rows: tf.sum(of(b), 0),
      },
    });
    const shapes = { a: [4, 2], b: [3, 4], c: [2, 5, 5], d: [1, 5, 5] };
    const arrays = Object.fromEntries(
      Object.entries(shapes).map(([name, shape], place) => {
        const data = Float32Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(1 + i + 10 * place));
        return [name, float32(shape, data)];
      }),
    );
    const { host } = await stepped(product, { state: {}, batch: arrays }, arrays);
    const tensors = Object.fromEntries(
      Object.entries(arrays).map(([name, { data, shape }]) => [name, tf.tensor(data, [...shape])]),
    );
    const wanted = Object.values(product({}, tensors).outputs).flatMap((tensor) => [...tensor.dataSync()]);
    const got = of(host[modelNames.output('float32')]).data;
    expect(firstDifference(got, wanted, { absolute: 1e-6, relative: 1e-5 })).toBeUndefined();
  });

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
