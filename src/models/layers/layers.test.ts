import type { Tensor } from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { randomFromSeed } from '../../support/random.js';
import { tf } from '../../support/tf.js';
import { glorot, initialize } from '../model.js';
import { passOf, plain, present } from '../run.fixture.js';
import { binaryTasks } from '../tasks.fixture.js';
import { byRow, inBlocks } from './axes.js';
import { embed } from './embed.js';
import { gates } from './gates.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

function random(shape: number[], seed: number): Tensor {
  const values = new Float32Array(shape.reduce((product, side) => product * side, 1));
  randomFromSeed(seed).fillNormal(values);
  return tf.tensor(values, shape);
}

/** The parts along the first axis; tfjs's own `unstack` cannot differentiate a single one. */
function parts(tensor: Tensor): Tensor[] {
  const [count = 0, ...rest] = tensor.shape;
  return Array.from({ length: count }, (_, i) => tensor.slice([i, ...rest.map(() => 0)], [1, ...rest]).reshape(rest));
}

/** Value and gradients of two formulations agree, under the same random gradient of the output. */
function agree(inputs: Tensor[], ours: (...inputs: Tensor[]) => Tensor, plain: (...inputs: Tensor[]) => Tensor): void {
  const results = [ours, plain].map((f) => {
    const value = f(...inputs);
    const dy = random([...value.shape], 99);
    return [value, ...tf.grads(f)(inputs, dy)];
  });
  const [actual = [], expected = []] = results;
  expect(actual.length).toBe(expected.length);
  for (const [i, tensor] of expected.entries()) {
    expect(present(actual[i]).shape).toEqual(tensor.shape);
    const found = present(actual[i]).dataSync();
    tensor.dataSync().forEach((value, j) => {
      expect(found[j]).toBeCloseTo(value, 4);
    });
  }
}

/** [blocks, width, rows] of each member of [blocks, members, width, rows]. */
function members(tensor: Tensor): Tensor[] {
  return parts(tensor.transpose([1, 0, 2, 3]));
}

/** Members' [blocks, width, rows] together again. */
function together(tensors: Tensor[]): Tensor {
  return tf.stack(tensors, 1);
}

/** weight [outputs, inputs] times each block of [blocks, inputs, rows]. */
function times(weight: Tensor, x: Tensor): Tensor {
  return tf.stack(parts(x).map((block) => tf.matMul(weight, block)));
}

describe('hand-written gradients equal those of the plain formulation', () => {
  it.each([
    {
      sees: [
        [0, 2],
        [1, 2],
        [0, 1, 2],
      ],
      streams: 0,
      width: 4,
      what: 'few pairs',
    },
    {
      sees: [
        [0, 3],
        [1, 3],
        [2, 3],
        [0, 1, 2, 3],
      ],
      streams: 4,
      width: 300,
      what: 'many pairs, and streams',
    },
    {
      sees: [
        [0, 1, 2, 3],
        [7, 5, 6, 4],
        [8, 9, 10, 11],
      ],
      streams: 0,
      width: 120,
      what: 'many pairs, most of them unseen',
    },
  ])('gates with $what', ({ sees, streams, width }) => {
    const count = Math.max(...sees.flat()) + 1;
    const specs = sees.map((seen, gate) => ({ name: `${gate}`, sees: seen }));
    const layer = gates(1, specs, [...Array(count).keys()].map(String), 6);
    const names = Object.keys(layer.parameters);
    const weights = names.map((name, i) => random([...present(layer.parameters[name]).shape], 10 + i));
    agree(
      [random(streams > 0 ? [2, streams, 6, 5] : [2, 6, 5], 1), random([2, count, width, 5], 2), ...weights],
      (x, outputs, ...w) => {
        const parameters = Object.fromEntries(names.map((name, i) => [name, present(w[i])]));
        return layer.apply(passOf(parameters), present(x), present(outputs)).mixtures;
      },
      (x, outputs, ...w) => {
        const all = members(present(outputs));
        const rest = w.map(parts); // of each count of experts, its gates' weights, in the order of the gates
        const mixtures = sees.map((seen, gate) => {
          const weight = rest[names.findIndex((name) => name.includes(`.${seen.length}.`))]?.shift();
          const read = streams > 0 ? present(members(present(x))[gate]) : present(x);
          const logits = weight ? times(weight, read) : tf.zeros([2, 1, 5]);
          const share = tf.softmax(logits.transpose([0, 2, 1])).transpose([0, 2, 1]);
          const mixed = seen.map((e, i) => tf.mul(share.slice([0, i, 0], [2, 1, 5]), present(all[e])));
          return tf.addN(mixed);
        });
        return together(mixtures);
      },
    );
  });

  it.each([
    { batch: 510, shape: [1, 2, 510] },
    { batch: 1024, shape: [2, 2, 512] },
    { batch: 16384, shape: [16, 2, 1024] },
  ])('a batch of $batch rows in blocks $shape, and by row again', ({ batch, shape }) => {
    const x = random([batch, 2], 1);
    const blocks = inBlocks(x);
    expect(blocks.shape).toEqual(shape);
    expect(byRow(blocks).dataSync()).toEqual(x.dataSync());
  });
});

it('a gate whose logits are far apart has the output of one expert', () => {
  const layer = gates(1, [{ name: 'a', sees: [0, 1] }], ['x', 'y'], 2);
  const weights = Object.entries(layer.parameters).map(
    ([name, { shape }]) => [name, tf.tensor([1, 1, 0, 0], [...shape])] as const,
  );
  const outputs = random([1, 2, 3, 5], 2);
  const { mixtures } = layer.apply(passOf(Object.fromEntries(weights)), tf.fill([1, 2, 5], 1000), outputs);
  expect(mixtures.dataSync()).toEqual(present(members(outputs)[0]).dataSync());
});

it('entries of lists lie behind the columns, list by list', () => {
  const list = (name: string, length: number) => ({ name, cardinality: 5, embedding: 2, length, large: true });
  const categorical = [{ name: 'site', cardinality: 3, embedding: 2 }];
  const shape = { tasks: binaryTasks('a'), categorical, numeric: ['x', 'y'], lists: [list('p', 3), list('q', 2)] };
  const { parameters } = embed(shape, plain);
  expect(['p', 'q'].map((name) => parameters[`lists.${name}`]?.large)).toEqual([
    { from: 1, columns: 3, listWeights: 2 },
    { from: 4, columns: 2, listWeights: 5 },
  ]);
});

describe('starting values', () => {
  it('of a member depend on the seed, the parameter and the member alone', () => {
    const start = (names: string[], parameter: string, seed: number) =>
      present(initialize({ [parameter]: glorot(names, 3, 2) }, randomFromSeed(seed))[parameter]).value.data;
    const both = start(['a', 'b'], 'w', 1);
    expect(start(['b', 'c'], 'w', 1).slice(0, 6)).toEqual(both.slice(6));
    expect(start(['a'], 'w', 2)).not.toEqual(both.slice(0, 6));
    expect(start(['a'], 'v', 1)).not.toEqual(both.slice(0, 6));
  });

  it('of embeddings are normal with deviation 0.05, each column from its own stream', () => {
    const column = { name: 'site', cardinality: 500, embedding: 8 };
    const table = (categorical: (typeof column)[]) =>
      present(
        initialize(embed({ tasks: binaryTasks('a'), categorical, numeric: [] }, plain).parameters, randomFromSeed(1))[
          'embeddings.8'
        ],
      ).value.data;
    const alone = table([column]);
    const mean = alone.reduce((sum, value) => sum + value, 0) / alone.length;
    const deviation = Math.sqrt(alone.reduce((sum, value) => sum + (value - mean) ** 2, 0) / alone.length);
    expect(mean).toBeCloseTo(0, 2);
    expect(deviation).toBeGreaterThan(0.047);
    expect(deviation).toBeLessThan(0.053);
    const second = table([{ name: 'item', cardinality: 3, embedding: 8 }, column]);
    expect(second.slice(3 * 8)).toEqual(alone);
  });
});
