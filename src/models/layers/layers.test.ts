import type { Tensor } from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { randomFromSeed } from '../../support/random.js';
import { tf } from '../../support/tf.js';
import { glorot, initialize } from '../model.js';
import { mixed } from '../model-tests.fixture.js';
import {
  build,
  evaluationPass,
  plain,
  predict,
  present,
  randomRows,
  shapeFor,
  smallOptions,
  startingValues,
} from '../run.fixture.js';
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

it('a gate whose logits are far apart has the output of one expert', () => {
  const layer = gates(1, [{ name: 'a', sees: [0, 1] }], ['x', 'y'], 2, { gateStart: 'glorot' });
  const weights = Object.entries(layer.parameters).map(
    ([name, { shape }]) => [name, tf.tensor([1, 1, 0, 0], [...shape])] as const,
  );
  const outputs = random([1, 2, 3, 5], 2);
  const mixed = layer.apply(evaluationPass(Object.fromEntries(weights)), tf.fill([1, 2, 5], 1000), outputs);
  expect(mixed.mixtures.dataSync()).toEqual(outputs.slice([0, 0, 0, 0], [1, 1, 3, 5]).dataSync());
});

it.each(['mmoe', 'ml-mmoe', 'omoe', 'cgc', 'ple', 'adatt', 'stem', 'home'])(
  '%s with gateStart: zero begins with equal weights of what a gate sees, and other parameters as without it',
  (model) => {
    const shape = shapeFor(model, { tasks: binaryTasks('a', 'b'), ...mixed });
    const started = (gateStart: string) => {
      const made = build({ model, shape, options: { ...smallOptions(model, 'a', 'b'), gateStart } });
      return { made, values: startingValues(made) };
    };
    const [zero, plainly] = [started('zero'), started('glorot')];
    for (const { weights, experts } of present(predict(zero.made, zero.values, randomRows(shape, 4), shape).gates))
      for (const weight of weights.dataSync()) expect(weight).toBeCloseTo(1 / experts.length, 6);
    const withoutGates = (values: object) => Object.entries(values).filter(([name]) => !/gates.*weight/.test(name));
    expect(withoutGates(zero.values)).toEqual(withoutGates(plainly.values));
    expect(zero.values).not.toEqual(plainly.values);
  },
);

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
