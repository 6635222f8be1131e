// A child process, started by `devices.ts` with a candidate as JSON: trains a small model there and in plain JavaScript. Its
// answer is a message; whatever it prints comes from native libraries.

import type { Tensor } from '@tensorflow/tfjs';
import { elementCount, float32, type HostArrays, int32 } from '../../support/arrays.js';
import { must } from '../../support/must.js';
import { tf } from '../../support/tf.js';
import type { Signature, Step } from '../engine.js';
import { type Attempt, type Candidate, endWithParent, engineOn } from './devices.js';

/** It has a model's operations: a look-up and its scattered gradient, batched experts, a softmax gate, an optimizer's slot. */
const [batch, columns, values, width, hidden] = [32, 2, 6, 3, 8];
const inputs = columns * width;
const trained = ['embeddings', 'experts', 'gate', 'output'];

const signature: Signature = {
  state: {
    embeddings: wave(columns * values, width),
    experts: wave(2, inputs, hidden),
    gate: wave(inputs, 2),
    output: wave(hidden, 1),
    slot: float32([2, inputs, hidden]),
  },
  batch: { rows: { dtype: 'int32', shape: [batch, columns] }, labels: { dtype: 'float32', shape: [batch, 1] } },
};

const step: Step = (state, fed) => {
  const array = (name: string) => must(state[name] ?? fed[name], name);
  const loss = (...[embeddings, experts, gate, output]: Tensor[]): Tensor => {
    if (!embeddings || !experts || !gate || !output) throw new Error('a parameter is missing');
    const x = tf.gather(embeddings, array('rows').toInt()).reshape([batch, inputs]);
    const mixture = tf.softmax(tf.matMul(x, gate)).transpose().expandDims(2); // [experts, batch, 1]
    const mixed = tf
      .tanh(tf.matMul(tf.stack([x, x]), experts))
      .mul(mixture)
      .sum(0); // [batch, hidden]
    const logits = tf.matMul(mixed, output); // [batch, 1]
    return tf.mean(tf.softplus(logits).sub(logits.mul(array('labels'))));
  };
  const { value, grads } = tf.valueAndGrads(loss)(trained.map(array));
  const gradient = (name: string) => must(grads[trained.indexOf(name)], name);
  const next = trained.map((name) => [name, array(name).sub(gradient(name).mul(0.1))]);
  const slot = array('slot').mul(0.9).add(gradient('experts'));
  return { state: { ...Object.fromEntries(next), slot }, outputs: { loss: value } };
};

/** Losses and state after five steps, and milliseconds a step of a later chunk: the first allocates and compiles. */
async function train(candidate: Candidate, timed: number): Promise<[stepMilliseconds: number, arrays: HostArrays]> {
  const program = await engineOn(candidate).compile(step, signature);
  const losses = await program.run(chunk(5));
  const arrays = { ...(await program.readState()), ...losses };
  await program.run(chunk(timed));
  const start = performance.now();
  await program.run(chunk(timed));
  return [(performance.now() - start) / timed, arrays];
}

/** Values of the step are around one. A device with larger differences computes something else. */
const tolerance = 0.01;

async function answer(): Promise<Attempt> {
  try {
    const [, expected] = await train({ engine: 'tfjs', device: 'cpu', pureJs: true }, 1);
    const [stepMilliseconds, arrays] = await train(JSON.parse(process.argv[2] ?? ''), 20);
    const differences = Object.entries(expected).flatMap(([name, { data }]) =>
      Array.from(data, (value, i) => Math.abs(value - (arrays[name]?.data[i] ?? Number.NaN))),
    );
    const largestDifference = Math.max(...differences); // NaN if any is
    if (largestDifference <= tolerance) return { kind: 'trained', smoke: { stepMilliseconds, largestDifference } };
    throw new Error(`it computes wrongly: after five steps it is ${largestDifference} away from plain JavaScript`);
  } catch (error) {
    const [reason = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
    return { kind: 'failed', reason, printed: [] };
  }
}

function wave(...shape: readonly number[]) {
  return float32(
    shape,
    Float32Array.from({ length: elementCount(shape) }, (_, i) => 0.7 * Math.sin(i * i)),
  );
}

function chunk(steps: number): HostArrays {
  const rows = int32([steps, batch, columns]);
  for (let i = 0; i < rows.data.length; i++) rows.data[i] = ((i * i) % values) + (i % columns) * values;
  const labels = float32([steps, batch, 1]);
  for (let i = 0; i < labels.data.length; i++) labels.data[i] = (rows.data[i * columns] ?? 0) % 2;
  return { rows, labels };
}

endWithParent();
// A terminal also sends its signals to this process, which ignores them: the parent decides how the attempt ends.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
const answered = await answer();
if (process.connected) process.send?.(answered, () => process.disconnect());
