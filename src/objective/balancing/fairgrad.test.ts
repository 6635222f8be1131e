import type { Tensor } from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { must } from '../../support/must.js';
import { randomFromSeed } from '../../support/random.js';
import { tf } from '../../support/tf.js';
import { fairgrad } from './fairgrad.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** The weights of these gradients. @param present 0: a task without rows */
function weightsOf(gradients: readonly (readonly number[])[], options: object, present = gradients.map(() => 1)) {
  const tasks = gradients.map((_, k) => ({ name: `t${k}`, type: 'binary' }));
  const method = fairgrad.build({ tasks, stepsPerEpoch: 1 }, { type: 'fairgrad', ...options });
  if (method?.kind !== 'gradients') throw new Error('It reads gradients');
  const products = tf.tensor2d(gradients.map((a) => gradients.map((b) => inner(a, b))));
  const scalars: Tensor = tf.scalar(0);
  const { weights } = method.combine({
    ...{ losses: tf.ones([tasks.length]), present: tf.tensor1d(present), lossWeights: tf.ones([tasks.length]) },
    ...{ slots: {}, noise: {}, step: scalars, learningRate: scalars },
    ...{ products, parameterProducts: () => products, shared: ['all'], lastShared: ['all'] },
  });
  return [...weights.dataSync()];
}

const inner = (a: readonly number[], b: readonly number[]) => a.reduce((sum, one, i) => sum + one * (b[i] ?? 0), 0);

// Lengths 0.5 to 20, cosines -0.55 to 0.23.
const gradients = [
  [3, -1, 0.5, 2],
  [-2, 4, 1, 0],
  [0.2, 0.3, -0.3, 0.1],
  [5, 5, 10, -16],
];

// SciPy 1.18: least_squares(lambda w: G @ w - w ** (-1 / alpha), ones(4) / 4, bounds=(0, inf), xtol=ftol=gtol=1e-15), G
// the products, as in the authors' program. That multiplies by the number of tasks, too.
test.each([
  [0.5, [0.5947088, 0.3994138, 1.481419, 0.1394847]],
  [1, [0.3804201, 0.2593992, 1.794063, 0.05623195]],
  [2, [0.2190351, 0.1406216, 2.421497, 0.0291865]],
  [5, [0.08013271, 0.02796542, 3.44068, 0.02492822]],
])('at alpha %d the weights are those of the equation, by SciPy', (alpha, expected) => {
  for (const [k, weight] of weightsOf(gradients, { alpha }).entries())
    expect(weight / 4 / must(expected[k], 'weight')).toBeCloseTo(1, 4);
});

// Nash-MTL's bargain: of all directions of length 1, the one whose sum of log(g_k . d) is largest. Found by SciPy's
// Nelder-Mead, without the equation.
test('at alpha 1 the direction is that of Nash-MTL', () => {
  const weights = weightsOf(gradients, {});
  const direction = [0, 1, 2, 3].map((i) =>
    inner(
      weights,
      gradients.map((gradient) => gradient[i] ?? 0),
    ),
  );
  const length = Math.sqrt(inner(direction, direction));
  for (const [i, one] of [0.6312171, 0.7382776, 0.2368549, 0.0202676].entries())
    expect((direction[i] ?? 0) / length).toBeCloseTo(one, 5);
});

// g_k . d = w_k^(-1 / alpha) for d = sum_i w_i g_i.
test.each([0.5, 1, 2, 5])('at alpha %d the equation holds for gradients at random, to a thousandth', (alpha) => {
  const random = randomFromSeed(3);
  for (let draw = 0; draw < 20; draw++) {
    const count = 2 + (draw % 5);
    const drawn = Array.from({ length: count }, () => {
      const size = Math.exp(2 * random.normal());
      return Array.from({ length: count + 3 }, () => size * random.normal());
    });
    const weights = weightsOf(drawn, { alpha }).map((weight) => weight / count);
    const direction = Array.from({ length: count + 3 }, (_, i) =>
      inner(
        weights,
        drawn.map((one) => one[i] ?? 0),
      ),
    );
    for (const [k, gradient] of drawn.entries())
      expect(inner(gradient, direction) * must(weights[k], 'weight') ** (1 / alpha)).toBeCloseTo(1, 3);
  }
});

test('a task without rows, and one without a gradient, have weight 0 and change no other', () => {
  const two = weightsOf(gradients.slice(0, 2), { alpha: 2 });
  const more = weightsOf([...gradients.slice(0, 3), [0, 0, 0, 0]], { alpha: 2 }, [1, 1, 0, 1]);
  // The second one has rows, and counts among the K of the factor.
  for (const [k, weight] of [...two.map((weight) => (3 * weight) / 2), 0, 0].entries())
    expect(must(more[k], 'weight')).toBeCloseTo(weight, 5);
  expect(weightsOf([gradients[0] ?? [], gradients[1] ?? []], {}, [0, 0])).toEqual([0, 0]);
});

test('gradients that cancel have large weights, not infinite ones', () => {
  const [a, b] = weightsOf(
    [
      [3, 4],
      [-3, -4],
    ],
    {},
  ); // lengths 5
  expect(must(a, 'weight')).toBeCloseTo((2 * 1000) / 5, -2);
  expect(b).toBe(a);
  for (const weight of weightsOf(
    [
      [1, 0],
      [-1, 1],
      [0, -1],
    ],
    { alpha: 5 },
  ))
    expect(weight).toBeLessThan(1e7);
});

// A loss weight multiplies a task's gradient.
test.each([1, 2])('says whether alpha %d undoes loss weights', (alpha) => {
  const weighted = gradients.map((gradient, k) => (k === 0 ? gradient.map((one) => 3 * one) : gradient));
  const [plain, found] = [weightsOf(gradients, { alpha })[0] ?? 0, weightsOf(weighted, { alpha })[0] ?? 0];
  expect(Math.abs((3 * found) / plain - 1) < 1e-3).toBe(fairgrad.undoesWeights?.({ type: 'fairgrad', alpha }));
});
