import { describe, expect, it } from 'vitest';
import { float32, type HostArray, int32, sizeOf } from '../../support/arrays.js';
import { tf } from '../../support/tf.js';
import type { Signature, Step } from '../engine.js';
import { trace } from '../record/trace.js';
import { createCompiledEngine } from '../run/compiled-engine.js';
import { chunkOf, cut, signature, step } from '../training-step.fixture.js';
import { modelNames } from './model-graph.js';
import { openSession } from './session.js';
import { stepModel } from './step-program.js';

const steps = 3;
const onCpu = { device: 'cpu', threads: 1 } as const;

describe('a model of one step', () => {
  it('run again and again gives the states and outputs of a scan', async () => {
    const model = stepModel(trace(step, signature));
    const session = await openSession(model.bytes, onCpu);
    const state: Record<string, HostArray> = { ...signature.state };
    const outputs: Record<string, number[]> = {};
    const chunk = chunkOf(steps);
    for (let index = 0; index < steps; index++) {
      const feeds: Record<string, HostArray> = {};
      for (const name of [...model.changed, ...model.read]) feeds[modelNames.state(name)] = of(state[name]);
      for (const [name, array] of Object.entries(cut(chunk, index, index + 1))) {
        feeds[modelNames.batch(name)] = { ...array, shape: array.shape.slice(1) };
      }
      const { host } = await session.run(feeds, [
        ...model.changed.map(modelNames.next),
        ...model.rows.map(({ name }) => name),
      ]);
      for (const name of model.changed) state[name] = of(host[modelNames.next(name)]);
      for (const row of model.rows) {
        let from = 0;
        for (const { name, shape } of row.outputs) {
          const made = of(host[row.name]).data.subarray(from, from + sizeOf(shape));
          outputs[name] = [...(outputs[name] ?? []), ...made];
          from += sizeOf(shape);
        }
        expect(from).toBe(row.size);
      }
    }
    await session.release();

    const program = await createCompiledEngine({ threads: 1 }).compile(step, signature);
    const expected = await program.run(chunk);
    const after = await program.readState();
    await program.release();
    for (const [name, { data }] of Object.entries(expected)) expectClose(of(outputs[name]), data);
    for (const [name, { data }] of Object.entries(after)) expectClose(of(state[name]).data, data);
    expect(model.read).toEqual(['scale']);
    expect(model.rows.map(({ type, outputs: own }) => [type, own.map(({ name }) => name)])).toEqual([
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
    const spec = (...shape: readonly number[]) => ({ dtype: 'float32', shape }) as const;
    const given: Signature = { state: {}, batch: { a: spec(4, 2), b: spec(3, 4), c: spec(2, 5, 5), d: spec(1, 5, 5) } };
    const arrays = Object.fromEntries(
      Object.entries(given.batch).map(([name, { shape }], place) => [
        name,
        float32(
          [1, ...shape],
          Float32Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(1 + i + 10 * place)),
        ),
      ]),
    );
    const model = stepModel(trace(product, given));
    const session = await openSession(model.bytes, { ...onCpu });
    const feeds = Object.entries(arrays).map(([name, array]) => [
      modelNames.batch(name),
      { ...array, shape: array.shape.slice(1) },
    ]);
    const { host } = await session.run(Object.fromEntries(feeds), [modelNames.output('float32')]);
    await session.release();
    const program = await createCompiledEngine({ threads: 1 }).compile(product, given);
    const expected = await program.run(arrays);
    await program.release();
    expectClose(
      of(host[modelNames.output('float32')]).data,
      Object.values(expected).flatMap(({ data }) => [...data]),
    );
  });

  it('has a tanh that is exact to the last digits near 0', async () => {
    const tanh: Step = (_, { x }) => ({ state: {}, outputs: { y: tf.tanh(of(x)) } });
    const x = [5e-4, -5e-4, 1e-7, 0.01, 0.1, 0.199, -0.199, 0.201, 3, -30, 0];
    const given: Signature = { state: {}, batch: { x: { dtype: 'float32', shape: [x.length] } } };
    const model = stepModel(trace(tanh, given));
    const session = await openSession(model.bytes, onCpu);
    const input = Float32Array.from(x);
    const { host } = await session.run({ [modelNames.batch('x')]: float32([x.length], input) }, [
      modelNames.output('float32'),
    ]);
    await session.release();
    for (const [index, value] of input.entries()) {
      const [got, wanted] = [of(host[modelNames.output('float32')]).data[index] ?? Number.NaN, Math.tanh(value)];
      expect(Math.abs(got - wanted), `tanh(${value})`).toBeLessThanOrEqual(2e-7 * Math.abs(wanted));
    }
  });

  it('copies what the step returns as it got it', async () => {
    const same: Step = ({ w }, { x }) => ({
      state: { w: of(x) },
      outputs: { before: of(w), x: of(x), one: tf.scalar(1) },
    });
    const given: Signature = { state: { w: int32([2]) }, batch: { x: { dtype: 'int32', shape: [2] } } };
    const model = stepModel(trace(same, given));
    const session = await openSession(model.bytes, onCpu);
    const { host } = await session.run(
      {
        [modelNames.state('w')]: int32([2], Int32Array.of(1, 2)),
        [modelNames.batch('x')]: int32([2], Int32Array.of(3, 4)),
      },
      [modelNames.next('w'), modelNames.output('int32'), modelNames.output('float32')],
    );
    await session.release();
    expect(of(host[modelNames.next('w')]).data).toEqual(Int32Array.of(3, 4));
    expect(of(host[modelNames.output('int32')]).data).toEqual(Int32Array.of(1, 2, 3, 4));
    expect(of(host[modelNames.output('float32')]).data).toEqual(Float32Array.of(1));
  });
});

function expectClose(got: ArrayLike<number>, wanted: ArrayLike<number>): void {
  expect(got.length).toBe(wanted.length);
  for (let i = 0; i < wanted.length; i++) expect(got[i]).toBeCloseTo(wanted[i] ?? Number.NaN, 5);
}

function of<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('missing');
  return value;
}
