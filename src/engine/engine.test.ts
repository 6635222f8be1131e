import { describe, expect, it } from 'vitest';
import { float32, type HostArray, type HostArrays, int32 } from '../support/arrays.js';
import { tf } from '../support/tf.js';
import type { Engine, Step } from './engine.js';
import { deviceName, referenceEngine, testedEngine, tolerance } from './parity-device.fixture.js';
import { firstDifference } from './tolerance.fixture.js';
import { batch, cut, randomChunk, signature, step } from './training-step.fixture.js';

const engines = [testedEngine(), referenceEngine()];

describe.each(engines.map((engine) => ({ name: engine.name, engine })))(
  `$name engine (${deviceName})`,
  ({ engine }) => {
    it('trains: the loss falls, and outputs are stacked over steps', async () => {
      const { outputs } = await trained(engine, 40);
      expect(outputs.steps?.shape).toEqual([40]);
      expect(outputs.steps?.data[39]).toBe(39);
      const losses = outputs.loss?.data ?? [];
      expect(losses[39]).toBeLessThan((losses[0] ?? 0) * 0.95);
      expect(outputs.rows).toEqual(randomChunk(40).rows);
    });

    it('gives the same whether steps come one by one or five at once, to the bit where sums have an order', async () => {
      const chunk = randomChunk(5);
      const whole = await engine.compile(step, signature);
      const outputs = await whole.run(chunk);
      const single = await engine.compile(step, signature);
      for (let i = 0; i < 5; i++) expectSame(await single.run(cut(chunk, i, i + 1)), cut(outputs, i, i + 1));
      expectSame(await single.readState(), await whole.readState());
      await whole.release();
      await single.release();
    });

    it('keeps state that a step leaves out, and reads and writes state by name', async () => {
      const program = await engine.compile(step, signature);
      await program.run(randomChunk(2));
      const state = await program.readState();
      expect(Object.keys(state).sort()).toEqual(Object.keys(signature.state).sort());
      expect(state.untouched).toEqual(signature.state.untouched);
      expect(state.scale).toEqual(signature.state.scale);
      expect(state.steps?.data[0]).toBe(2);

      const again = await program.run(cut(randomChunk(3), 2, 3));
      await program.writeState(state);
      const { scale: _, ...others } = state;
      await program.writeState(others);
      expectSame(await program.run(cut(randomChunk(3), 2, 3)), again);

      await program.writeState({ scale: float32([], Float32Array.of(0)) });
      const before = await program.readState();
      await program.run(randomChunk(1));
      expect((await program.readState()).output).toEqual(before.output);
      await program.release();
    });

    it('does not let what it handed out or was given change its state', async () => {
      const own = { ...signature.state, steps: float32([], Float32Array.of(5)) };
      const program = await engine.compile(step, { ...signature, state: own });
      own.steps.data[0] = 100;
      const state = await program.readState();
      state.steps?.data.fill(200);
      const written = float32([], Float32Array.of(9));
      expect((await program.readState()).steps?.data[0]).toBe(5);
      await program.writeState({ steps: written });
      written.data[0] = 300;
      expect((await program.readState()).steps?.data[0]).toBe(9);
      await program.release();
    });

    it('runs a step that only reads its state', async () => {
      const evaluate: Step = ({ output }, { x }) => {
        if (!output || !x) throw new Error('missing');
        return {
          state: {},
          outputs: { y: tf.matMul(x, output), copy: output, fixed: tf.scalar(2), large: x.greater(1) },
        };
      };
      const program = await engine.compile(evaluate, {
        state: { output: float32([2, 1], Float32Array.of(1, 10)) },
        batch: { x: { dtype: 'float32', shape: [1, 2] } },
      });
      const x = float32([2, 1, 2], Float32Array.of(1, 2, 3, 4));
      expect(await program.run({ x })).toEqual({
        y: float32([2, 1, 1], Float32Array.of(21, 43)),
        copy: float32([2, 2, 1], Float32Array.of(1, 10, 1, 10)),
        fixed: float32([2], Float32Array.of(2, 2)),
        large: int32([2, 1, 2], Int32Array.of(0, 1, 1, 1)),
      });
      await program.release();
    });

    it('may exchange states, return one value twice, and return a state as it was', async () => {
      const exchange: Step = ({ a, b, c, d }, { x }) => {
        if (!a || !b || !c || !d || !x) throw new Error('missing');
        const sum = a.add(x);
        return { state: { a: b, b: a, c: sum, d: sum }, outputs: { c, sum } };
      };
      const number = (value: number) => float32([], Float32Array.of(value));
      const program = await engine.compile(exchange, {
        state: { a: number(1), b: number(2), c: number(3), d: number(4) },
        batch: { x: { dtype: 'float32', shape: [] } },
      });
      const outputs = await program.run({ x: float32([3], Float32Array.of(10, 20, 30)) });
      expect(outputs.c?.data).toEqual(Float32Array.of(3, 11, 22));
      expect(outputs.sum?.data).toEqual(Float32Array.of(11, 22, 31));
      expect(await program.readState()).toEqual({ a: number(2), b: number(1), c: number(31), d: number(31) });
      await program.release();
    });

    it('refuses arrays that do not fit, by name', async () => {
      const program = await engine.compile(step, signature);
      const chunk = randomChunk(2);
      const { rows: _, ...labels } = chunk;
      await expect(program.run({ ...randomChunk(1), ...labels })).rejects.toThrow(/labels.* 2 steps/);
      await expect(program.run({ ...chunk, labels: float32([2, batch]) })).rejects.toThrow(/'labels' is float32/);
      await expect(program.writeState({ gate: float32([1]) })).rejects.toThrow(/'gate'/);
      await program.release();
    });

    it('refuses a step that changes the type of its state', async () => {
      const wrong: Step = ({ a }, { x }) => {
        if (!a || !x) throw new Error('missing');
        return { state: { a: tf.concat([a, x]) }, outputs: {} };
      };
      const run = async () => {
        const program = await engine.compile(wrong, {
          state: { a: float32([1]) },
          batch: { x: { dtype: 'float32', shape: [1] } },
        });
        await program.run({ x: float32([1, 1]) });
      };
      await expect(run()).rejects.toThrow(/type of state 'a'/);
    });

    it('leaves the active tfjs backend and its tensors alone', async () => {
      await tf.setBackend('cpu');
      const mine = tf.tensor([1, 2, 3]);
      const before = tf.memory().numTensors;
      const program = await engine.compile(step, signature);
      let held: number | undefined;
      for (let i = 0; i < 20; i++) {
        await program.run(cut(randomChunk(1), 0, 1));
        // A backend's own arrays: a kernel may leave one that no tensor has.
        held ??= arraysHeld();
        expect(arraysHeld()).toBe(held);
        if (i === 0) expect(tf.memory().numTensors - before).toBeLessThanOrEqual(Object.keys(signature.state).length);
      }
      const kept = engine.name === 'tfjs' ? Object.keys(signature.state).length : 0;
      expect(tf.memory().numTensors - before).toBe(kept);
      expect(tf.getBackend()).toBe('cpu');
      expect(Array.from(mine.square().dataSync())).toEqual([1, 4, 9]);
      await program.release();
      mine.dispose();
    });
  },
);

function arraysHeld(): number {
  return ['cpu', 'tensorflow'].reduce((sum, name) => sum + (tf.findBackend(name)?.numDataIds() ?? 0), 0);
}

/** The same bits, or on a device that adds in any order, the same but for rounding. */
function expectSame(got: Readonly<Record<string, HostArray | undefined>>, wanted: HostArrays): void {
  if (tolerance.ordered) {
    expect(got).toEqual(wanted);
    return;
  }
  expect(Object.keys(got)).toEqual(Object.keys(wanted));
  for (const [name, { data }] of Object.entries(wanted)) {
    expect([name, firstDifference(got[name]?.data ?? [], data, tolerance.step)]).toEqual([name, undefined]);
  }
}

async function trained(engine: Engine, steps: number) {
  const program = await engine.compile(step, signature);
  const outputs = await program.run(randomChunk(steps));
  const state = await program.readState();
  await program.release();
  return { outputs, state };
}
