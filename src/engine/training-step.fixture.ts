import type { Tensor } from '@tensorflow/tfjs';
import { addBias, product } from '../models/layers/axes.js';
import { float32, type HostArrays, int32 } from '../support/arrays.js';
import { randomFromSeed } from '../support/random.js';
import { tf } from '../support/tf.js';
import type { Signature, Step } from './engine.js';

/**
 * For tests: a small but real training step. It has embeddings, two batched experts on blocks of rows, a softmax gate,
 * logistic loss, gradients and momentum. State `scale` is only read, state `untouched` is not used.
 */
export const batch = 64;
const blocks = 2;
const [columns, cardinality, width] = [3, 5, 4];
const inputs = columns * width;

export const signature: Signature = {
  state: {
    table: normal('table', [columns * cardinality, width]),
    experts: normal('experts', [2, 8, inputs]),
    bias: float32([2, 1, 8]),
    gate: normal('gate', [1, 2, inputs]),
    output: normal('output', [1, 1, 8]),
    velocity: float32([2, 8, inputs]),
    steps: float32([]),
    scale: float32([], Float32Array.of(0.1)),
    untouched: int32([2], Int32Array.of(7, 8)),
  },
  batch: {
    rows: { dtype: 'int32', shape: [batch, columns] },
    labels: { dtype: 'float32', shape: [batch, 1] },
  },
};

const trained = ['table', 'experts', 'bias', 'gate', 'output'] as const;

export const step: Step = (state, { rows, labels }) => {
  const loss = (...[table, experts, bias, gate, output]: Tensor[]) => {
    const x = tf
      .gather(of(table), of(rows).toInt())
      .reshape([blocks, batch / blocks, inputs])
      .transpose([0, 2, 1]);
    const hidden = tf.relu(addBias(product(x, of(experts)), of(bias))); // [blocks, 2, 8, rows]
    const powers = tf.exp(product(x, of(gate)).reshape([blocks, 2, 1, batch / blocks]));
    const mixed = tf.sum(hidden.mul(powers.div(tf.sum(powers, 1, true))), 1); // [blocks, 8, rows]
    const logits = product(mixed, of(output)).reshape([batch, 1]);
    return tf.mean(
      tf
        .relu(logits)
        .sub(logits.mul(of(labels)))
        .add(tf.softplus(tf.neg(tf.abs(logits)))),
    );
  };
  const { value, grads } = tf.valueAndGrads(loss)(trained.map((name) => of(state[name])));
  const moved = trained.map((name, index) => [name, of(state[name]).sub(of(grads[index]).mul(of(state.scale)))]);
  const velocity = of(state.velocity).mul(0.9).add(of(grads[1]));
  return {
    state: { ...Object.fromEntries(moved), velocity, steps: of(state.steps).add(1) },
    outputs: { loss: value, steps: of(state.steps), rows: of(rows) },
  };
};

export function randomChunk(steps: number): HostArrays {
  const random = randomFromSeed(3).stream('rows');
  const rows = int32([steps, batch, columns]);
  for (let i = 0; i < rows.data.length; i++) rows.data[i] = random.below(cardinality) + (i % columns) * cardinality;
  const labels = float32([steps, batch, 1]);
  for (let i = 0; i < labels.data.length; i++) labels.data[i] = (rows.data[i * columns] ?? 0) > 1 ? 1 : 0;
  return { rows, labels };
}

/** Steps `from` to `to` of a chunk. */
export function cut(chunk: HostArrays, from: number, to: number): HostArrays {
  return Object.fromEntries(
    Object.entries(chunk).map(([name, { dtype, shape, data }]) => {
      const size = data.length / (shape[0] ?? 1);
      const part = [to - from, ...shape.slice(1)];
      return [
        name,
        dtype === 'float32'
          ? float32(part, data.slice(from * size, to * size))
          : int32(part, data.slice(from * size, to * size)),
      ];
    }),
  );
}

function normal(name: string, shape: readonly number[]) {
  const array = float32(shape);
  const random = randomFromSeed(3).stream(name);
  for (let i = 0; i < array.data.length; i++) array.data[i] = 0.3 * random.normal();
  return array;
}

function of<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('missing in the fixture');
  return value;
}
