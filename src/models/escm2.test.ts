import { expect, test } from 'vitest';
import { lossAndGradient } from '../objective/click-loss.fixture.js';
import { escm2 } from './escm2.js';
import { esmm } from './esmm.js';
import { mixed, testModel, two } from './model-tests.fixture.js';
import { present } from './run.fixture.js';
import { embed, type LayerOptions, mlp, tower } from './scalars.fixture.js';

interface Options extends LayerOptions {
  readonly click: string;
  readonly conversion: string;
}

testModel<Options>(escm2, {
  reference(point) {
    const x = embed(point);
    return { logits: point.shape.tasks.map((_, k) => tower(point, 'tower', k, mlp(point, 'bottoms', k, x))) };
  },
  cases: [
    {
      label: 'conversion first',
      shape: { tasks: two, ...mixed },
      options: { levels: [[5, 4]], tower: [3], click: 'click_buy', conversion: 'click' },
    },
  ],
});

// No click; a click of weight 3 without conversion; click and conversion; a click with an unknown conversion; no
// impression; no click, of weight 2. Unknown: NaN.
const given = {
  logits: [
    [0.3, -1.2, 0.7, 2, 5, -0.4],
    [-0.5, 0.8, 1.5, -2, 5, 0.6],
  ],
  labels: [
    [0, 1, 1, 1, Number.NaN, 0],
    [Number.NaN, 0, 1, Number.NaN, Number.NaN, Number.NaN],
  ],
  mask: [
    [1, 3, 1, 1, 0, 2],
    [0, 3, 1, 0, 0, 0],
  ],
};

test.each([
  { counterfactual: 0.1, clip: 0.1, conversionFirst: false },
  { counterfactual: 2, clip: 0.5, conversionFirst: true }, // pCTR of the click without conversion is 0.23
  { counterfactual: 0, clip: 0.1, conversionFirst: false },
])('adds to esmm’s losses that of conversion by inverse propensity, %o', ({ conversionFirst, ...options }) => {
  const [base, found] = [
    lossAndGradient(esmm.name, { ...given, conversionFirst }),
    lossAndGradient(escm2.name, { ...given, conversionFirst }, options),
  ];
  const { counterfactual, clip } = options;
  const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
  const [[, a1 = 0, a2 = 0] = [], [, b1 = 0, b2 = 0] = []] = given.logits;
  const weight = (row: number, click: number) => (counterfactual * row) / Math.max(clip, sigmoid(click)) / 7;
  const added = -weight(3, a1) * Math.log(1 - sigmoid(b1)) - weight(1, a2) * Math.log(sigmoid(b2));
  expect(found.total - base.total).toBeCloseTo(added, 5);
  expect(found.tasks).toEqual(base.tasks);
  // Nothing reaches the click's logit, of which the propensity is made.
  const slopes = [0, weight(3, a1) * sigmoid(b1), weight(1, a2) * (sigmoid(b2) - 1), 0, 0, 0];
  for (const [i, slope] of slopes.entries()) {
    expect(found.gradient[0]?.[i]).toBe(base.gradient[0]?.[i]);
    expect(present(found.gradient[1]?.[i]) - present(base.gradient[1]?.[i])).toBeCloseTo(slope, 6);
  }
});
