import { describe, expect, it } from 'vitest';
import { withBackend } from '../../engine/active-backend.js';
import { ConfigError } from '../../support/errors.js';
import { must } from '../../support/must.js';
import { randomFromSeed } from '../../support/random.js';
import { tf } from '../../support/tf.js';
import { balancings } from './catalogue.js';
import { dot, times } from './products.js';
import { leastOfSquare, leastOnSimplex } from './simplex.js';

const tasksOf = (count: number) => Array.from({ length: count }, (_, k) => ({ name: `t${k}`, type: 'binary' }));

/** The gradients' coefficients that a method gives for gradients along the first axes, so that entry k of the direction is that of task k. */
function coefficients(
  name: string,
  options: Readonly<Record<string, unknown>>,
  gradients: readonly (readonly number[])[],
  losses: readonly number[] = gradients.map(() => 1),
): number[] {
  return coefficientsOf(name, options, { p: gradients.map((row) => [...row]) }, losses);
}

/** The same of several parameters, of each the tasks' gradients. */
function coefficientsOf(
  name: string,
  options: Readonly<Record<string, unknown>>,
  gradients: Readonly<Record<string, readonly (number | readonly number[])[]>>,
  losses: readonly number[] = must(Object.values(gradients)[0], 'parameter').map(() => 1),
): number[] {
  const shared = Object.keys(gradients);
  const method = balancings
    .get(name)
    .build({ tasks: tasksOf(losses.length), stepsPerEpoch: 1 }, { type: name, ...options });
  if (method?.kind !== 'gradients') throw new Error(`'${name}' reads no gradients`);
  return withBackend('cpu', () => {
    const productsOf = (parameter: string) => {
      const rows = tf.tensor2d(must(gradients[parameter], parameter).map((row) => [row].flat()));
      return tf.matMul(rows, rows, false, true);
    };
    const slots = Object.entries(method.slots(shared)).map(([slot, { data, shape }]) => [
      slot,
      tf.tensor(data, [...shape]),
    ]);
    const { weights } = method.combine({
      losses: tf.tensor1d([...losses]),
      present: tf.ones([losses.length]),
      products: tf.addN(shared.map(productsOf)),
      productsOf,
      shared,
      slots: Object.fromEntries(slots),
      noise: {},
      step: tf.scalar(0),
      learningRate: tf.scalar(0.1),
    });
    return [...weights.dataSync()];
  });
}

function expectClose(got: readonly number[], wanted: readonly number[]): void {
  expect(got).toHaveLength(wanted.length);
  for (const [index, value] of wanted.entries()) expect(got[index]).toBeCloseTo(value, 4);
}

describe('mgda', () => {
  // Of orthogonal gradients of lengths 1 and 2 the shortest combination has weights 4/5 and 1/5.
  const gradients = [
    [1, 0],
    [0, 2],
  ];

  it('seeks the shortest combination of the gradients, or of them divided by their norms or losses', () => {
    expectClose(coefficients('mgda', {}, gradients), [1.6, 0.4]);
    expectClose(coefficients('mgda', { normalization: 'norm' }, gradients), [1, 1]);
    expectClose(coefficients('mgda', { normalization: 'loss' }, gradients, [1, 4]), [0.4, 1.6]);
  });

  it('takes the shorter gradient alone where the two point alike', () => {
    expectClose(
      coefficients('mgda', {}, [
        [1, 0],
        [3, 1],
      ]),
      [2, 0],
    );
  });

  it('comes near the minimum of five tasks', () => {
    const random = randomFromSeed(2);
    const gradients = Array.from({ length: 5 }, () => Array.from({ length: 8 }, () => random.normal() + 0.3));
    withBackend('cpu', () => {
      const rows = tf.tensor2d(gradients);
      const products = tf.matMul(rows, rows, false, true);
      const length = (rounds: number) => {
        const weights = leastOnSimplex(
          {
            slope: (at) => times(products, at),
            step: (at, move) => leastOfSquare(dot(times(products, at), move), dot(times(products, move), move)),
          },
          tf.ones([5]),
          rounds,
        );
        expect(weights.sum().dataSync()[0]).toBeCloseTo(1, 5);
        return must(dot(times(products, weights), weights).dataSync()[0], 'length');
      };
      expect(length(25) / length(1000)).toBeLessThan(1.0001);
    });
  });
});

describe('cagrad', () => {
  it('adds to equal weights of orthogonal gradients of one length, alike', () => {
    // g_0 has length sqrt(1/2), and g_w = g_0: 1 + c for each.
    expectClose(
      coefficients('cagrad', { c: 0.5 }, [
        [1, 0],
        [0, 1],
      ]),
      [1.5, 1.5],
    );
  });
});

describe('metabalance', () => {
  // The moving lengths after one step are a tenth of the lengths; the authors add 1e-5 to the divisor.
  const gradients = [
    [1, 0],
    [0, 4],
    [0.5, 0],
  ];
  const factor = (length: number, relax: number) => (relax * 0.1) / (length / 10 + 1e-5) + 1 - relax;

  it.each([
    ['all', [1, factor(4, 1), factor(0.5, 1)]],
    ['larger', [1, factor(4, 1), 1]],
    ['smaller', [1, 1, factor(0.5, 1)]],
  ] as const)('scales %s gradients to the length of the target’s', (scale, wanted) => {
    expectClose(coefficients('metabalance', { target: 't0', relax: 1, scale }, gradients), wanted);
  });

  it('leaves gradients as they are where the target, or the task, does not reach', () => {
    const without = (task: number) => gradients.map((row, k) => (k === task ? [0, 0] : row));
    expectClose(coefficients('metabalance', { target: 't0', relax: 1 }, without(0)), [1, 1, 1]);
    expectClose(coefficients('metabalance', { target: 't0', relax: 1 }, without(2)), [1, factor(4, 1), 1]);
  });

  it('reports the mean over parameters that both reach', () => {
    // Gradients of one number each. The target does not reach q, the last task does not reach r.
    const gradients = { p: [1, 4, 0.5], q: [0, 4, 1], r: [2, 4, 0] };
    expectClose(coefficientsOf('metabalance', { target: 't0', relax: 1 }, gradients), [
      1,
      (factor(4, 1) + factor(2, 1)) / 2,
      factor(0.5, 1),
    ]);
  });

  it('refuses a target that is no task, with the nearest one', () => {
    const build = () => coefficients('metabalance', { target: 't11' }, gradients);
    expect(build).toThrow(ConfigError);
    expect(build).toThrow("did you mean 't1'");
  });
});

describe('pcgrad', () => {
  it('draws an order of the other tasks for each task', () => {
    const method = balancings.get('pcgrad').build({ tasks: tasksOf(4), stepsPerEpoch: 1 }, { type: 'pcgrad' });
    const { shape, draw } = must(method?.noise.order, 'order');
    expect(shape).toEqual([4, 3, 4]);
    const seen = new Set<string>();
    for (let seed = 0; seed < 20; seed++) {
      const values = new Float32Array(48);
      draw(values, randomFromSeed(seed));
      for (let task = 0; task < 4; task++) {
        const order = [0, 1, 2].map((place) => values.subarray((task * 3 + place) * 4).indexOf(1));
        expect([...order, task].toSorted()).toEqual([0, 1, 2, 3]);
        if (task === 0) seen.add(order.join());
      }
    }
    expect(seen.size).toBe(6);
  });
});
