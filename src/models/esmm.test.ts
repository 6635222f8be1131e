import { describe, expect, test } from 'vitest';
import { lossAndGradient } from '../objective/click-loss.fixture.js';
import { esmm } from './esmm.js';
import { mixed, testModel, two, uniform } from './model-tests.fixture.js';
import { present } from './run.fixture.js';
import { embed, type LayerOptions, mlp, tower } from './scalars.fixture.js';

interface Options extends LayerOptions {
  readonly click: string;
  readonly conversion: string;
}

testModel<Options>(esmm, {
  reference(point) {
    const x = embed(point);
    return { logits: point.shape.tasks.map((_, k) => tower(point, 'tower', k, mlp(point, 'bottoms', k, x))) };
  },
  cases: [
    {
      label: 'in order',
      shape: { tasks: two, ...mixed },
      options: { levels: [[5, 4]], tower: [3], click: 'click', conversion: 'click_buy' },
    },
    {
      label: 'conversion first, towers on the embeddings',
      shape: { tasks: two, ...uniform },
      options: { levels: [], tower: [3], click: 'click_buy', conversion: 'click' },
    },
  ],
});

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

describe.each([false, true])('the loss, conversion first: %s', (conversionFirst) => {
  // No click; click; click and conversion; conversion unknown; no impression; a weight of 2.
  const logits = [
    [0.3, -1.2, 0.7, 2, 5, -0.4],
    [-0.5, 0.8, 1.5, -2, 5, 0.6],
  ];
  const labels = [
    [0, 1, 1, 1, Number.NaN, 0],
    [Number.NaN, 0, 1, Number.NaN, Number.NaN, Number.NaN],
  ];
  const mask = [
    [1, 1, 1, 1, 0, 2],
    [0, 1, 1, 0, 0, 0],
  ];

  const mean = (losses: readonly number[], rows: number) => losses.reduce((total, loss) => total + loss, 0) / rows;
  /** Of click, and of click and conversion: rows that are known, over their weights. */
  const losses = ([a = [], b = []]: readonly (readonly number[])[]) => {
    const [p, q] = [a.map(sigmoid), b.map(sigmoid)];
    const click = (i: number) => present(p[i]);
    const both = (i: number) => click(i) * present(q[i]);
    const no = (probability: number) => -Math.log(1 - probability);
    return [
      mean([no(click(0)), ...[1, 2, 3].map((i) => -Math.log(click(i))), 2 * no(click(5))], 6),
      mean([no(both(0)), no(both(1)), -Math.log(both(2)), 2 * no(both(5))], 5),
    ];
  };

  test('is of click, and of click and conversion over all impressions, with its gradients', () => {
    const found = lossAndGradient(esmm.name, { logits, labels, mask, conversionFirst });
    expect(found.tasks).toEqual(losses(logits).map((loss) => expect.closeTo(loss, 5)));
    const total = (at: readonly (readonly number[])[]) => losses(at).reduce((sum, loss) => sum + loss, 0);
    expect(found.total).toBeCloseTo(total(logits), 5);
    for (const [k, row] of logits.entries())
      for (const [i, logit] of row.entries()) {
        const [above, below] = [1e-5, -1e-5].map((by) => total(logits.with(k, row.with(i, logit + by))));
        expect(found.gradient[k]?.[i], `${k} ${i}`).toBeCloseTo((present(above) - present(below)) / 2e-5, 5);
      }
  });
});

test.each([
  // -log(p q) is a sum of softplus(-a) and softplus(-b); -log(1 - p q) is log(1 + e^-a) + log(1 + e^-b) - log(e^-a +
  // e^-b + e^-(a + b)).
  { a: 80, b: 80, converted: 0, expected: 80 - Math.LN2, slopes: [0.5, 0.5] },
  { a: 50, b: 30, converted: 0, expected: 30, slopes: [Math.exp(-20), 1] },
  { a: -90, b: -90, converted: 1, expected: 180, slopes: [-1, -1] },
  { a: 1e30, b: -1e30, converted: 0, expected: 0, slopes: [0, 0] },
])('is exact and finite with extreme logits: $a, $b, $converted', ({ a, b, converted, expected, slopes }) => {
  const given = { logits: [[a], [b]], labels: [[1], [converted]], mask: [[1], [1]] };
  const { tasks, gradient } = lossAndGradient(esmm.name, given);
  expect(Math.abs(present(tasks[1]) - expected)).toBeLessThanOrEqual(1e-6 * (1 + expected));
  slopes.forEach((slope, k) => {
    // The click's own loss has -(1 - p).
    const own = k === 0 ? sigmoid(a) - 1 : 0;
    const found = present(gradient[k]?.[0]);
    expect(Math.abs(found - own - slope)).toBeLessThanOrEqual(1e-6 * Math.abs(slope) + 1e-12);
  });
});

test('a click’s conversion has the weight of the conversion’s task', () => {
  const [a, b] = [0.3, -0.5];
  const found = lossAndGradient(esmm.name, {
    logits: [
      [a, a],
      [b, b],
    ],
    labels: [
      [0, 1],
      [Number.NaN, 1],
    ],
    mask: [
      [1, 1],
      [0, 3],
    ],
  });
  const both = 1 / (1 + Math.exp(-a)) / (1 + Math.exp(-b));
  expect(found.tasks[1]).toBeCloseTo((-Math.log(1 - both) - 3 * Math.log(both)) / 4, 5);
});
