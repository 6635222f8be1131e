import type { Tensor } from '@tensorflow/tfjs';
import { expect, test } from 'vitest';
import { float32 } from '../../support/arrays.js';
import { must } from '../../support/must.js';
import { tf } from '../../support/tf.js';
import type { Step } from '../engine.js';
import { pureJs } from './backends.js';
import { createTfjsEngine } from './tfjs-engine.js';

const wrong = new Error('the step is wrong');

test.each<[where: string, fail: (w: Tensor, x: Tensor) => Tensor]>([
  [
    'after it kept a tensor',
    (w, x) => {
      tf.keep(w.mul(x));
      throw wrong;
    },
  ],
  [
    // tfjs keeps what a gradient needs, until it has computed it.
    'in a function that it differentiates',
    (w, x) =>
      tf.grad((given) => {
        tf.keep(given.exp());
        given.mul(x).sigmoid();
        throw wrong;
      })(w),
  ],
])('a step that throws %s leaves its tensors to nobody, and its state as it was', async (_, fail) => {
  let broken = false;
  const step: Step = ({ w }, { x }) => {
    const [weights, inputs] = [must(w, 'w'), must(x, 'x')];
    return { state: { w: broken ? fail(weights, inputs) : weights.add(inputs) }, outputs: {} };
  };
  const program = await createTfjsEngine(pureJs).compile(step, {
    state: { w: float32([2]) },
    batch: { x: { dtype: 'float32', shape: [2] } },
  });
  const chunk = { x: float32([1, 2], Float32Array.of(1, 2)) };
  await program.run(chunk);
  const before = tf.memory();
  broken = true;
  await expect(program.run(chunk)).rejects.toThrow(wrong);
  await expect(program.run(chunk)).rejects.toThrow(wrong);
  expect(tf.memory()).toMatchObject({ numTensors: before.numTensors, numDataBuffers: before.numDataBuffers });
  broken = false;
  await program.run(chunk);
  expect((await program.readState()).w).toEqual(float32([2], Float32Array.of(2, 4)));
  expect(tf.memory().numTensors).toBe(before.numTensors);
  await program.release();
});
