import type { Tensor } from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { engineOn } from '../../engine/devices/engine-on.js';
import type { Step } from '../../engine/engine.js';
import { float32, type HostArrays, int32 } from '../../support/arrays.js';
import { randomFromSeed } from '../../support/random.js';
import { tf } from '../../support/tf.js';
import { initialize } from '../model.js';
import { passOf, plain, present } from '../run.fixture.js';
import { binaryTasks } from '../tasks.fixture.js';
import { byRow } from './axes.js';
import { embed } from './embed.js';

const layer = embed(
  {
    tasks: binaryTasks('click'),
    categorical: [{ name: 'city', cardinality: 3, embedding: 2 }],
    numeric: ['age'],
    lists: [
      { name: 'tags', cardinality: 4, embedding: 2, length: 3 },
      { name: 'shops', cardinality: 5, embedding: 1, length: 2 },
    ],
  },
  plain,
);
const state = Object.fromEntries(
  Object.entries(initialize(layer.parameters, randomFromSeed(1))).map(([name, { value }]) => [name, value]),
);
const categorical = int32([1, 2, 6], Int32Array.of(2, 3, 1, 0, 4, 4, 0, 2, 0, 0, 1, 0));
const numeric = float32([1, 2, 6], Float32Array.of(7, 0.5, 0.25, 0, 1, 2, -1, 1, 0, 0, 3, 0));

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** x, computed number by number. */
function expected(row: number): number[] {
  const entry = (name: string, width: number, index: number) =>
    [...(state[name]?.data ?? [])].slice(index * width, (index + 1) * width);
  const at = row * 6;
  const sum = (name: string, width: number, from: number, to: number) => {
    const total = Array.from({ length: width }, () => 0);
    for (let i = from; i < to; i++) {
      const weight = numeric.data[at + i] ?? 0;
      for (const [k, value] of entry(name, width, categorical.data[at + i] ?? 0).entries())
        total[k] = (total[k] ?? 0) + weight * value;
    }
    return total;
  };
  const city = entry('embeddings.2', 2, categorical.data[at] ?? 0);
  return [...city, ...sum('lists.tags', 2, 1, 4), ...sum('lists.shops', 1, 4, 6), numeric.data[at] ?? 0];
}

/** Gradients of a sum of squares, and x. */
const step: Step = (tensors, batch) => {
  const names = Object.keys(tensors);
  let x: Tensor | undefined;
  const { grads } = tf.valueAndGrads((...values: Tensor[]) => {
    const parameters = Object.fromEntries(names.map((name, i) => [name, present(values[i])]));
    const inputs = { categorical: present(batch.categorical), numeric: present(batch.numeric) };
    x = tf.keep(byRow(layer.apply(passOf(parameters, inputs))));
    return x.square().sum().asScalar();
  })(names.map((name) => present(tensors[name])));
  return {
    state: {},
    outputs: { x: present(x), ...Object.fromEntries(names.map((name, i) => [name, present(grads[i])])) },
  };
};

async function runOn(name: 'compiled' | 'tfjs'): Promise<HostArrays> {
  const program = await engineOn({ engine: name, device: 'cpu', pureJs: true }).compile(step, {
    state,
    batch: { categorical: { dtype: 'int32', shape: [2, 6] }, numeric: { dtype: 'float32', shape: [2, 6] } },
  });
  const outputs = await program.run({ categorical, numeric });
  await program.release();
  return outputs;
}

test('a list enters as the sum of its embeddings by weight, on both engines with the same gradients', async () => {
  expect(layer.width).toBe(6);
  const [compiled, tfjs] = [await runOn('compiled'), await runOn('tfjs')];
  for (const [i, value] of [...expected(0), ...expected(1)].entries()) expect(tfjs.x?.data[i]).toBeCloseTo(value, 5);
  for (const [name, { data }] of Object.entries(tfjs)) {
    expect(data.some((value) => value !== 0)).toBe(true);
    for (const [i, value] of data.entries()) expect(compiled[name]?.data[i]).toBeCloseTo(value, 5);
  }
  // d(sum of x^2) / d(shops' entry 4) of row 0: both of its places hold it, with weights 1 and 2
  expect(tfjs['lists.shops']?.data[4]).toBeCloseTo(2 * (expected(0)[4] ?? 0) * 3, 5);
});
