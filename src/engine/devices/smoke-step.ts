import type { Tensor } from '@tensorflow/tfjs';
import { float32, type HostArrays, int32 } from '../../support/arrays.js';
import { must } from '../../support/must.js';
import { randomFromSeed } from '../../support/random.js';
import { tf } from '../../support/tf.js';
import type { Engine, Signature, Step, Tensors } from '../engine.js';
import { named } from '../signature.js';

/**
 * A small training step that shows whether a device computes correctly. It has a model's operations: a look-up and its
 * scattered gradient, batched experts, a softmax gate, a logistic loss, and an optimizer with a slot.
 */
const [batch, columns, cardinality, width, hidden, experts] = [32, 2, 6, 3, 8, 2];
const inputs = columns * width;
const trained = ['embeddings', 'first', 'gate', 'last'] as const;
const learningRate = 0.1;

const smokeSignature: Signature = {
  state: {
    embeddings: drawn('embeddings', [columns * cardinality, width]),
    first: drawn('first', [experts, inputs, hidden]),
    gate: drawn('gate', [inputs, experts]),
    last: drawn('last', [hidden, 1]),
    slot: float32([experts, inputs, hidden]),
  },
  batch: {
    rows: { dtype: 'int32', shape: [batch, columns] },
    labels: { dtype: 'float32', shape: [batch, 1] },
  },
};

const smokeStep: Step = (state, batchOf) => {
  const [rows, labels] = [of(batchOf, 'rows'), of(batchOf, 'labels')];
  const smokeLoss = (...[embeddings, first, gate, last]: Tensor[]): Tensor => {
    if (!embeddings || !first || !gate || !last) throw new Error('a parameter is missing');
    const x = tf.gather(embeddings, rows.toInt()).reshape([batch, inputs]);
    const outputs = tf.tanh(tf.matMul(tf.stack([x, x]), first)); // [experts, batch, hidden]
    const weights = tf.softmax(tf.matMul(x, gate)).transpose().expandDims(2); // [experts, batch, 1]
    const logits = tf.matMul(outputs.mul(weights).sum(0), last); // [batch, 1]
    return tf.mean(tf.softplus(logits).sub(logits.mul(labels)));
  };
  const { value, grads } = tf.valueAndGrads(smokeLoss)(trained.map((name) => of(state, name)));
  const gradients = Object.fromEntries(trained.map((name, index) => [name, must(grads[index], name)]));
  const next = Object.fromEntries(
    trained.map((name) => [name, of(state, name).sub(of(gradients, name).mul(learningRate))]),
  );
  const slot = of(state, 'slot').mul(0.9).add(of(gradients, 'first'));
  return { state: { ...next, slot }, outputs: { loss: value } };
};

function smokeChunk(steps: number): HostArrays {
  const random = randomFromSeed(1).stream('smoke/batch');
  const rows = int32([steps, batch, columns]);
  for (let i = 0; i < rows.data.length; i++) rows.data[i] = random.below(cardinality) + (i % columns) * cardinality;
  const labels = float32([steps, batch, 1]);
  for (let i = 0; i < labels.data.length; i++) labels.data[i] = (rows.data[i * columns] ?? 0) % 2;
  return { rows, labels };
}

/**
 * Losses and state after this many steps, and milliseconds per step in a second chunk (the first allocates and
 * compiles).
 */
export async function smoke(
  engine: Engine,
  { steps, timed }: { readonly steps: number; readonly timed: number },
): Promise<{ readonly arrays: HostArrays; readonly stepMilliseconds: number }> {
  const program = await engine.compile(smokeStep, smokeSignature);
  try {
    const outputs = await program.run(smokeChunk(steps));
    const arrays = { ...(await program.readState()), ...outputs };
    const chunk = smokeChunk(timed);
    await program.run(chunk);
    const start = performance.now();
    await program.run(chunk);
    return { arrays, stepMilliseconds: (performance.now() - start) / timed };
  } finally {
    await program.release();
  }
}

/** NaN if any value is not a number. */
export function largestDifference(a: HostArrays, b: HostArrays): number {
  let largest = 0;
  for (const name of Object.keys(b)) {
    const [left, right] = [named(a, name).data, named(b, name).data];
    for (let i = 0; i < right.length; i++) {
      const difference = Math.abs((left[i] ?? Number.NaN) - (right[i] ?? Number.NaN));
      if (Number.isNaN(difference)) return difference;
      largest = Math.max(largest, difference);
    }
  }
  return largest;
}

function drawn(name: string, shape: readonly number[]) {
  const array = float32(shape);
  const random = randomFromSeed(1).stream(`smoke/${name}`);
  random.fillNormal(array.data);
  for (let i = 0; i < array.data.length; i++) array.data[i] = 0.5 * (array.data[i] ?? 0);
  return array;
}

function of(tensors: Tensors, name: string): Tensor {
  return must(tensors[name], `tensor '${name}'`);
}
