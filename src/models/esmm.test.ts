import { describe, expect, test } from 'vitest';
import { jointLoss } from '../objective/joint-loss.js';
import { tf } from '../support/tf.js';
import { esmm } from './esmm.js';
import { layers, M, mixed, testModel, three, two, U, uniform } from './model-tests.fixture.js';
import { build, present } from './run.fixture.js';
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
      count: M.embeddings + 2 * layers(M.x, 5, 4, 3, 1),
    },
    {
      label: 'conversion first, towers on the embeddings',
      shape: { tasks: two, ...uniform },
      options: { levels: [], tower: [3], click: 'click_buy', conversion: 'click' },
      count: U.embeddings + 2 * layers(U.x, 3, 1),
    },
  ],
});

const shape = { tasks: two, ...mixed };
const tasks = two.map(({ name }) => ({ name, type: 'binary', offset: 0, scale: 1 }) as const);

/** What the joint loss makes of these logits (click, then conversion), with its gradient by them. */
function lossOf(given: { logits: number[][]; labels: number[][]; mask: number[][]; conversionFirst?: boolean }) {
  const order = (rows: number[][]) => tf.tensor2d(given.conversionFirst ? rows.toReversed() : rows);
  const [click, conversion] = given.conversionFirst ? ['click_buy', 'click'] : ['click', 'click_buy'];
  const options = { levels: [], tower: [], click, conversion };
  const model = build({ model: esmm.name, shape: { tasks: two, categorical: [], numeric: ['a', 'b'] }, options });
  // Two inputs, each of which is a task's logit.
  const parameters = {
    'tower.logit.weight': tf.tensor3d([[[1, 0]], [[0, 1]]]),
    'tower.logit.bias': tf.zeros([2, 1, 1]),
  };
  const loss = (logits: ReturnType<typeof order>) => {
    const inputs = {
      categorical: tf.zeros([present(given.logits[0]).length, 0], 'int32'),
      numeric: logits.transpose(),
    };
    const { trained } = model.apply(parameters, inputs, { training: true, noise: {} });
    const seen = present(trained)({ labels: order(given.labels), mask: order(given.mask) });
    return jointLoss(tasks)(seen.logits, seen.labels, seen.mask, tf.ones([2]));
  };
  const { value, grad } = tf.valueAndGrad((logits: ReturnType<typeof order>) => loss(logits).loss.asScalar())(
    order(given.logits),
  );
  const ofTasks = [...loss(order(given.logits)).tasks.dataSync()];
  const n = present(given.logits[0]).length;
  const gradient = [...grad.dataSync()];
  const byTask = [gradient.slice(0, n), gradient.slice(n)];
  return {
    total: present(value.dataSync()[0]),
    tasks: given.conversionFirst ? ofTasks.toReversed() : ofTasks,
    gradient: given.conversionFirst ? byTask.toReversed() : byTask,
  };
}

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

  test('is of click, and of click and conversion over all impressions', () => {
    const found = lossOf({ logits, labels, mask, conversionFirst });
    const [a = [], b = []] = logits.map((row) => row.map(sigmoid));
    const at = (p: number[], i: number) => present(p[i]);
    const ofClick = [
      -Math.log(1 - at(a, 0)),
      -Math.log(at(a, 1)),
      -Math.log(at(a, 2)),
      -Math.log(at(a, 3)),
      -2 * Math.log(1 - at(a, 5)),
    ];
    const ofBoth = [
      -Math.log(1 - at(a, 0) * at(b, 0)),
      -Math.log(1 - at(a, 1) * at(b, 1)),
      -Math.log(at(a, 2) * at(b, 2)),
      -2 * Math.log(1 - at(a, 5) * at(b, 5)),
    ];
    const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
    const expected = [sum(ofClick) / 6, sum(ofBoth) / 5];
    expected.forEach((value, k) => {
      expect(found.tasks[k]).toBeCloseTo(value, 5);
    });
    expect(found.total).toBeCloseTo(sum(expected), 5);
  });

  test('has the gradients of that', () => {
    const { gradient } = lossOf({ logits, labels, mask, conversionFirst });
    const both = (i: number) => sigmoid(present(logits[0]?.[i])) * sigmoid(present(logits[1]?.[i]));
    // d -log(p q) / db = -(1 - q); d -log(1 - p q) / db = p q (1 - q) / (1 - p q). Rows weigh 1 of 5.
    const q = (i: number) => sigmoid(present(logits[1]?.[i]));
    const p = (i: number) => sigmoid(present(logits[0]?.[i]));
    const negative = (i: number, other: number) => (both(i) * (1 - other)) / (1 - both(i)) / 5;
    const ofConversion = [negative(0, q(0)), negative(1, q(1)), -(1 - q(2)) / 5, 0, 0, 2 * negative(5, q(5))];
    const ofClick = [
      p(0) / 6 + negative(0, p(0)),
      -(1 - p(1)) / 6 + negative(1, p(1)),
      -(1 - p(2)) / 6 - (1 - p(2)) / 5,
      -(1 - p(3)) / 6,
      0,
      (2 * p(5)) / 6 + 2 * negative(5, p(5)),
    ];
    [ofClick, ofConversion].forEach((row, k) => {
      row.forEach((value, i) => {
        expect(gradient[k]?.[i], `${k} ${i}`).toBeCloseTo(value, 5);
      });
    });
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
  const { tasks, gradient } = lossOf(given);
  expect(Math.abs(present(tasks[1]) - expected)).toBeLessThanOrEqual(1e-6 * (1 + expected));
  slopes.forEach((slope, k) => {
    // The click's own loss has -(1 - p).
    const own = k === 0 ? sigmoid(a) - 1 : 0;
    const found = present(gradient[k]?.[0]);
    expect(Math.abs(found - own - slope)).toBeLessThanOrEqual(1e-6 * Math.abs(slope) + 1e-12);
  });
});

test.each([
  [{ click: 'clik', conversion: 'click_buy' }, two, /model.click: there is no task 'clik' \(did you mean 'click'\?\)/],
  [{ click: 'view', conversion: 'buy' }, three, /takes at most 2, and the config lists 3: remove the others/],
])('refuses %o', (options, given, message) => {
  expect(() =>
    build({ model: esmm.name, shape: { ...shape, tasks: given }, options: { levels: [], tower: [], ...options } }),
  ).toThrow(message);
});
