import { describe, expect, it } from 'vitest';
import { withBackend } from '../../engine/active-backend.js';
import { must } from '../../support/must.js';
import { randomFromSeed } from '../../support/random.js';
import { tf } from '../../support/tf.js';
import { balancings } from './catalogue.js';

const binaryTasks = (count: number) => Array.from({ length: count }, (_, k) => ({ name: `t${k}`, type: 'binary' }));

/**
 * The gradients' coefficients that a method gives for gradients along the first axes, so that entry k of the direction
 * is that of task k.
 */
function coefficients(
  name: string,
  options: Readonly<Record<string, unknown>>,
  gradients: readonly (readonly number[])[],
  losses: readonly number[] = gradients.map(() => 1),
): number[] {
  return combine(name, options, { p: gradients.map((row) => [...row]) }, losses).weights;
}

/**
 * As above for several parameters, each with the tasks' gradients; and the weights of the next step, where the method
 * trains them.
 */
function combine(
  name: string,
  options: Readonly<Record<string, unknown>>,
  gradients: Readonly<Record<string, readonly (number | readonly number[])[]>>,
  losses: readonly number[] = must(Object.values(gradients)[0], 'parameter').map(() => 1),
) {
  const shared = Object.keys(gradients);
  const method = balancings
    .get(name)
    .build({ tasks: binaryTasks(losses.length), stepsPerEpoch: 1 }, { type: name, ...options });
  if (method?.kind !== 'gradients') throw new Error(`'${name}' reads no gradients`);
  return withBackend('cpu', () => {
    const rowProducts = (parameter: string) => {
      const rows = tf.tensor2d(must(gradients[parameter], parameter).map((row) => [row].flat()));
      return tf.matMul(rows, rows, false, true);
    };
    const slots = Object.entries(method.slots(shared)).map(([slot, { data, shape }]) => [
      slot,
      tf.tensor(data, [...shape]),
    ]);
    const combined = method.combine({
      losses: tf.tensor1d([...losses]),
      present: tf.ones([losses.length]),
      products: tf.addN(shared.map(rowProducts)),
      parameterProducts: rowProducts,
      shared,
      lastShared: shared.slice(-1),
      slots: Object.fromEntries(slots),
      noise: {},
      step: tf.scalar(0),
      learningRate: tf.scalar(0.1),
    });
    return { weights: [...combined.weights.dataSync()], next: [...(combined.slots.weights?.dataSync() ?? [])] };
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
});

describe('cagrad', () => {
  it('adds to equal weights of orthogonal gradients of one length, alike', () => {
    // g_0 has length sqrt(1/2), and g_w = g_0: 1 + c for each. The authors' program divides by 1 + c^2.
    const gradients = [
      [1, 0],
      [0, 1],
    ];
    expectClose(coefficients('cagrad', { c: 0.5, rescale: false }, gradients), [1.5, 1.5]);
    expectClose(coefficients('cagrad', { c: 0.5 }, gradients), [1.2, 1.2]);
  });
});

describe('gradnorm', () => {
  // In p the first task's gradient is longer, in q the second's. All lengths are of equal progress, so the shorter
  // gradient gains weight.
  const gradients = { p: [4, 1], q: [1, 2] };

  it('measures gradients in the last shared layer, or in all that is shared', () => {
    expectClose(combine('gradnorm', {}, gradients).next, [1.025, 0.975]);
    expectClose(combine('gradnorm', { over: 'all' }, gradients).next, [0.975, 1.025]);
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
  ] as const)('scales %s gradients to the length of the target’s', (scale, wanted) => {
    expectClose(coefficients('metabalance', { target: 't0', relax: 1, scale }, gradients), wanted);
  });

  it('reports the mean over parameters that both reach', () => {
    // Gradients of one number each. The target does not reach q, the last task does not reach r.
    const gradients = { p: [1, 4, 0.5], q: [0, 4, 1], r: [2, 4, 0] };
    expectClose(combine('metabalance', { target: 't0', relax: 1 }, gradients).weights, [
      1,
      (factor(4, 1) + factor(2, 1)) / 2,
      factor(0.5, 1),
    ]);
  });
});

describe('pcgrad', () => {
  it('draws an order of the other tasks for each task', () => {
    const method = balancings.get('pcgrad').build({ tasks: binaryTasks(4), stepsPerEpoch: 1 }, { type: 'pcgrad' });
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
