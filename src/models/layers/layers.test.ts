import type { Tensor } from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it, test } from 'vitest';
import { randomFromSeed } from '../../support/random.js';
import { tf } from '../../support/tf.js';
import { glorot, initialize } from '../model.js';
import { passOf, plain, present } from '../run.fixture.js';
import { binaryTasks } from '../tasks.fixture.js';
import { addBias, byRow, combine, inBlocks, partsOf, pick, product, stopped } from './axes.js';
import { embed } from './embed.js';
import { gates } from './gates.js';
import { mlps } from './mlps.js';

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
    { blocks: 1, count: 3 },
    { blocks: 2, count: 3 },
    { blocks: 2, count: 1 },
    { blocks: 1, count: 1 },
  ])('product of one input, $blocks blocks and $count members', ({ blocks, count }) => {
    agree(
      [random([blocks, 4, 5], 1), random([count, 6, 4], 2)],
      (x, w) => product(present(x), present(w)),
      (x, w) => together(parts(present(w)).map((one) => times(one, present(x)))),
    );
  });

  it('product of streams', () => {
    agree(
      [random([2, 4, 3, 5], 1), random([4, 2, 3], 2)],
      (x, w) => product(present(x), present(w)),
      (x, w) => {
        const streams = members(present(x));
        return together(parts(present(w)).map((one, m) => times(one, present(streams[m]))));
      },
    );
  });

  it('a layer of members that read streams, some twice and one not at all', () => {
    const reads = [2, 0, 2, 3];
    const layer = mlps('layer', ['a', 'b', 'c', 'd'], 3, [2], plain);
    agree(
      [random([2, 4, 3, 5], 1), random([4, 2, 3], 2), random([4, 1, 2], 3)],
      (x, weight, bias) => {
        const parameters = { 'layer.0.weight': present(weight), 'layer.0.bias': present(bias) };
        return layer.apply(passOf(parameters), present(x), reads);
      },
      (x, weight, bias) => {
        const streams = members(present(x));
        const biases = parts(present(bias));
        return together(
          parts(present(weight)).map((one, m) => {
            const made = times(one, present(streams[present(reads[m])]));
            return tf.relu(tf.add(made, present(biases[m]).reshape([1, 2, 1])));
          }),
        );
      },
    );
  });

  it('bias', () => {
    agree(
      [random([2, 3, 4, 5], 1), random([3, 1, 4], 2)],
      (x, b) => addBias(present(x), present(b)),
      (x, b) => tf.add(present(x), present(b).reshape([1, 3, 4, 1])),
    );
  });

  it.each([[[1, 1, 0]], [[0, 1, 2]], [[2]], [[0, 1]]])('pick %j of three', (indexes) => {
    agree(
      [random([2, 3, 4, 2], 1)],
      (x) => pick(tf.square(present(x)), indexes),
      (x) => {
        const streams = members(tf.square(present(x)));
        return together(indexes.map((index) => present(streams[index])));
      },
    );
  });

  it('combine', () => {
    agree(
      [random([2, 3], 1), random([2, 3, 4, 5], 2)],
      (matrix, x) => combine(present(matrix), present(x)),
      (matrix, x) => tf.sum(tf.mul(present(matrix).reshape([1, 2, 3, 1, 1]), present(x).expandDims(1)), 2),
    );
  });

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
        [0, 2],
        [1, 2],
      ],
      streams: 3,
      width: 4,
      what: 'few pairs, a stream for each gate and one that none reads',
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
    { sees: [[1], [2, 0]], streams: 0, width: 4, what: 'one expert, and with experts in another order' },
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
    { batch: 3, shape: [1, 2, 3] },
    { batch: 510, shape: [1, 2, 510] },
    { batch: 512, shape: [2, 2, 256] },
    { batch: 1022, shape: [2, 2, 511] },
    { batch: 1024, shape: [2, 2, 512] },
    { batch: 2048, shape: [4, 2, 512] },
    { batch: 16384, shape: [16, 2, 1024] },
  ])('a batch of $batch rows in blocks $shape, and by row again', ({ batch, shape }) => {
    const x = random([batch, 2], 1);
    const blocks = inBlocks(x);
    expect(blocks.shape).toEqual(shape);
    expect(byRow(blocks).dataSync()).toEqual(x.dataSync());
  });

  it('look-up, with a value that occurs twice in a batch', () => {
    const columns = [
      { name: 'site', cardinality: 3, embedding: 2 },
      { name: 'item', cardinality: 4, embedding: 2 },
    ];
    const layer = embed({ tasks: binaryTasks('a'), categorical: columns, numeric: [] }, plain);
    const indexes = [
      [2, 0],
      [2, 3],
      [0, 3],
    ];
    const inputs = { categorical: tf.tensor2d(indexes, [3, 2], 'int32'), numeric: tf.zeros([3, 0]) };
    agree(
      [random([7, 2], 1)],
      (table) => byRow(layer.apply(passOf({ 'embeddings.2': present(table) }, inputs))),
      (table) => {
        const oneHot = indexes.map(([a, b]) =>
          [present(a), 3 + present(b)].map((row) => [...Array(7).keys()].map((r) => +(r === row))),
        );
        return tf.matMul(tf.tensor3d(oneHot).reshape([6, 7]), present(table)).reshape([3, 4]);
      },
    );
  });
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

test('what is stopped has its values, and no gradient', () => {
  const x = random([2, 3, 4], 1);
  expect([...stopped(x).dataSync()]).toEqual([...x.dataSync()]);
  const gradient = tf.grad((y: Tensor) => tf.sum(tf.mul(stopped(y), tf.square(y))))(x);
  const values = x.dataSync();
  // d (c y^2) / dy = 2 c y at c = y.
  gradient.dataSync().forEach((value, i) => {
    expect(value).toBeCloseTo(2 * present(values[i]) ** 2, 5);
  });
});

test('parts of an input, in any order and twice, then another input', () => {
  agree(
    [random([2, 5, 3], 1), random([2, 2, 3], 2)],
    (x, other) => {
      const places = [
        { from: 3, width: 2 },
        { from: 0, width: 1 },
        { from: 4, width: 1 },
      ];
      return partsOf(present(x), places, [present(other)]);
    },
    (x, other) => {
      const column = (i: number) => present(x).slice([0, i, 0], [2, 1, 3]);
      return tf.concat([column(3), column(4), column(0), column(4), present(other)], 1);
    },
  );
});
