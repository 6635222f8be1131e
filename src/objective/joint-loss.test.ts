import type { Tensor } from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import type { TaskLoss } from '../config/parts.js';
import type { Task } from '../data/dataset.js';
import { evaluateTask } from '../metrics/evaluate.js';
import { tf } from '../support/tf.js';
import { jointLoss } from './joint-loss.js';

type Rows = readonly (readonly number[])[];

const binary = (name: string, more: Partial<Task> = {}): Task => ({
  name,
  type: 'binary',
  offset: 0,
  scale: 1,
  ...more,
});
const regression = (name: string, offset: number, scale: number, rowLoss?: TaskLoss): Task => ({
  ...{ name, type: 'regression', offset, scale },
  rowLoss,
});
const classes = (name: string, count: number): Task => ({
  ...{ name, type: 'multiclass', offset: 0, scale: 1 },
  classes: Array.from({ length: count }, (_, index) => `c${index}`),
});
const logistic = (x: number, y: number) =>
  -y * Math.log(1 / (1 + Math.exp(-x))) - (1 - y) * Math.log(1 / (1 + Math.exp(x)));

describe.each([
  ['binary tasks', [binary('a', { positiveWeight: 0.1 }), binary('b')]],
  ['a binary and a regression task', [binary('a'), regression('b', 3, 2)]],
  [
    'tasks of all types',
    [binary('a', { positiveWeight: 0.1 }), classes('b', 3), regression('c', 3, 2), classes('d', 2)],
  ],
])('%s', (_, tasks) => {
  const counts = tasks.map((task) => task.classes?.length ?? 1);
  const firsts = counts.map((_, task) => sum(counts.slice(0, task)));
  const x = Array.from({ length: sum(counts) }, (_, output) =>
    [0, 1, 2, 3].map((row) => 2 * Math.sin(5 * output + row)),
  );
  const y = tasks.map(({ type }, task) =>
    [0, 1, 2, 3].map((row) => (type === 'regression' ? 1.5 * row : (row + task) % Math.max(2, counts[task] ?? 0))),
  );
  const mask = [
    [1, 0, 1, 1],
    [2, 1, 0, 0.5],
    [1, 1, 1, 0],
    [1, 1, 1, 0.25],
  ].slice(0, tasks.length);
  const weights = [1, 2, 3, 0.5].slice(0, tasks.length);
  const spoilt = (anything: number) =>
    y.map((row, task) => row.map((label, index) => (at(mask, task, index) ? label : anything)));

  /** Each task's mean, from the definitions, one scalar at a time. */
  const means = (from: Rows) =>
    tasks.map(({ type, offset, scale, positiveWeight = 1 }, task) => {
      const losses = (mask[task] ?? []).map((weight, row) => {
        const own = Array.from({ length: counts[task] ?? 0 }, (_, index) => at(from, (firsts[task] ?? 0) + index, row));
        const [first = 0, label] = [own[0], at(y, task, row)];
        if (type === 'binary') return weight * (label === 1 ? positiveWeight : 1) * logistic(first, label);
        if (type === 'regression') return weight * (first - (label - offset) / scale) ** 2;
        return weight * -Math.log(Math.exp(own[label] ?? 0) / sum(own.map(Math.exp)));
      });
      return sum(losses) / sum(mask[task] ?? []);
    });

  it('pitfalls 17 and 18: the means over the mask, each times its own weight, with the gradient', () => {
    const joint = (from: Rows) => sum(means(from).map((mean, task) => mean * (weights[task] ?? 0)));
    const found = evaluate(tasks, x, y, mask, weights);
    expectClose(found.tasks, means(x));
    expectClose([found.loss], [joint(x)]);
    const slopes = x.map((row, output) =>
      row.map((value, index) => {
        const moved = (by: number) => joint(x.with(output, row.with(index, value + by)));
        return expect.closeTo((moved(1e-5) - moved(-1e-5)) / 2e-5, 5);
      }),
    );
    expect(gradient(tasks, x, y, mask, weights)).toEqual(slopes);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])(
    'pitfall 20: the label of a masked row may be %d, and it has no gradient',
    (anything) => {
      expect(evaluate(tasks, x, spoilt(anything), mask, weights)).toEqual(evaluate(tasks, x, y, mask, weights));
      const found = gradient(tasks, x, spoilt(anything), mask, weights);
      expect(found).toEqual(gradient(tasks, x, y, mask, weights));
      expect([at(found, 0, 1), at(found, 1, 2)].map(Math.abs)).toEqual([0, 0]);
    },
  );

  it('pitfall 19: an empty mask gives 0 and no gradient', () => {
    const none = mask.with(1, [0, 0, 0, 0]);
    expect(evaluate(tasks, x, y, none, weights).tasks[1]).toBe(0);
    expect(gradient(tasks, x, y, none, weights)[1]?.map(Math.abs)).toEqual([0, 0, 0, 0]);
  });
});

it('an auxiliary head adds its loss by its own task’s labels, mask and type, times its weight and that of its network', () => {
  const tasks = [binary('a', { positiveWeight: 3 }), classes('b', 2), regression('c', 3, 2)];
  const x = [
    [1, 1],
    [0, 1],
    [2, 0],
    [5, 5],
  ];
  const labels = [
    [Number.NaN, Number.NaN],
    [1, 0],
    [4, Number.NaN],
  ];
  const mask = [
    [0, 0],
    [1, 3],
    [2, 0],
  ];
  const lossWeights = tf.tensor1d([0.5, 7, 2]);
  const heads = [
    { network: 0, task: 2, weight: 3, logits: [[2, 9]] },
    {
      network: 2,
      task: 1,
      weight: 0.25,
      logits: [
        [0, 1],
        [0, 0],
      ],
    },
    { network: 1, task: 0, weight: 1, logits: [[1, 1]] },
  ];
  const lossWith = (some: typeof heads) => {
    const ofHeads = some.map((head) => ({ ...head, logits: matrix(head.logits) }));
    const { loss, tasks: means } = jointLoss(tasks)(matrix(x), matrix(labels), matrix(mask), lossWeights, ofHeads);
    return { loss: loss.dataSync()[0] ?? Number.NaN, means: [...means.dataSync()] };
  };
  const [without, withHeads] = [lossWith([]), lossWith(heads)];
  expect(withHeads.means).toEqual(without.means);
  const ofC = (2 - (4 - 3) / 2) ** 2;
  const ofB = (Math.log(2) + 3 * Math.log(1 + Math.exp(-1))) / 4; // labels 1 and 0, of weights 1 and 3
  expectClose([withHeads.loss - without.loss], [0.5 * 3 * ofC + 2 * 0.25 * ofB]);
});

it('the mean over rows is weighted, also where weights add up to less than 1', () => {
  const found = evaluate([binary('a')], [[0.5, 2]], [[1, 0]], [[0.0025, 0.005]], [1]).tasks;
  expectClose(found, [(logistic(0.5, 1) + 2 * logistic(2, 0)) / 3]);
});

it.each([
  [binary('a'), [[200, -200, 200, -200]], [[0, 1, 1, 0]], 100, [[0.25, -0.25, 0, 0]]],
  [
    classes('b', 3),
    [
      [1000, -1000],
      [0, 1000],
      [-1000, 0],
    ],
    [[1, 1]],
    500,
    [
      [0.5, 0],
      [-0.5, 0],
      [0, 0],
    ],
  ],
] as const)('large logits neither overflow nor lose their gradient: $type', (task, logits, labels, loss, slopes) => {
  const mask = labels.map((row) => row.map(() => 1));
  expectClose(evaluate([task], logits, labels, mask, [1]).tasks, [loss]);
  expect(gradient([task], logits, labels, mask, [1])).toEqual(
    slopes.map((row) => row.map((slope) => expect.closeTo(slope, 6))),
  );
});

const logits = [0.5, -1.5, 2, 0.1, -3];
const amounts = [1, 0, 3, 0.2, 5];
const clicks = [1, 0, 0, 1, 1];
const sigmoid = (value: number) => 1 / (1 + Math.exp(-value));

// The scalar calculation, from the papers.
const focal = (gamma: number, alpha?: number) => (logit: number, label: number) => {
  const p = label === 1 ? sigmoid(logit) : 1 - sigmoid(logit);
  const factor = alpha === undefined ? 1 : label === 1 ? alpha : 1 - alpha;
  return -factor * (1 - p) ** gamma * Math.log(p);
};
const huber = (delta: number) => (prediction: number, label: number) => {
  const error = Math.abs(prediction - label);
  return error <= delta ? error ** 2 / 2 : delta * (error - delta / 2);
};
const poisson = (logit: number, label: number) =>
  Math.exp(logit) - label * logit + (label === 0 ? 0 : label * Math.log(label) - label);

type Loss = (logit: number, label: number) => number;

describe.each<[string, Task, readonly number[], Loss]>([
  ['focal', binary('b', { rowLoss: { type: 'focal', gamma: 2 } }), clicks, focal(2)],
  ['focal, alpha', binary('b', { rowLoss: { type: 'focal', gamma: 1.5, alpha: 0.25 } }), clicks, focal(1.5, 0.25)],
  [
    'huber of standardised labels',
    regression('r', 3, 2, { type: 'huber', delta: 1.5 }),
    amounts,
    (z, label) => huber(1.5)(z, (label - 3) / 2),
  ],
  [
    'mae of standardised labels',
    regression('r', 3.2, 2, { type: 'mae' }),
    amounts,
    (z, label) => Math.abs(z - (label - 3.2) / 2),
  ],
  ['poisson', regression('r', 0, 1, { type: 'poisson' }), amounts, poisson],
  [
    'log-normal of standardised logarithms',
    regression('r', 0.5, 2, { type: 'log-normal' }),
    [1, 0.5, 3, 0.2, 5],
    (z, y) => (z - (Math.log(y) - 0.5) / 2) ** 2,
  ],
  [
    'label smoothing',
    binary('b', { labelSmoothing: 0.1 }),
    clicks,
    (z, label) => (0.9 * label + 0.05) * -Math.log(sigmoid(z)) - (0.95 - 0.9 * label) * Math.log(1 - sigmoid(z)),
  ],
])('%s', (_, task, labels, loss) => {
  /** Of each row alone. */
  const alone = (logit: number, row: number) => {
    const given = [[task], [[logit]], [[at([labels], 0, row)]], [[1]], [1]] as const;
    return { loss: evaluate(...given).loss, slope: at(gradient(...given), 0, 0) };
  };

  it('has the losses and gradients of the scalar calculation', () => {
    for (const [row, logit] of logits.entries()) {
      const of = (z: number) => loss(z, at([labels], 0, row));
      const found = alone(logit, row);
      expect(found.loss).toBeCloseTo(of(logit), 5);
      expect(found.slope).toBeCloseTo((of(logit + 1e-6) - of(logit - 1e-6)) / 2e-6, 4);
    }
  });

  it('is the loss that evaluation reports', () => {
    if (!task.rowLoss) return expect(task.labelSmoothing).toBeGreaterThan(0); // evaluation has the labels as they are
    for (const [row, logit] of logits.entries()) {
      const label = at([labels], 0, row);
      const scores = { logits: Float64Array.of(logit), labels: Float64Array.of(label), mask: Float64Array.of(1) };
      expect(evaluateTask(task, scores).loss).toBeCloseTo(loss(logit, label), 12);
    }
  });

  it.each([1000, -1000])('a logit of %d neither overflows nor gives NaN', (logit) => {
    for (const row of labels.keys()) {
      const found = alone(logit, row);
      expect([found.loss, found.slope].every(Number.isFinite)).toBe(true);
      if (task.type === 'regression') expect(found.slope * logit).toBeGreaterThanOrEqual(0);
    }
  });

  it('pitfall 20: the label of a masked row may be NaN', () => {
    const given = [[task], [logits], [labels.with(1, Number.NaN)], [[1, 0, 1, 1, 1]], [1]] as const;
    const losses = logits.map((logit, row) => (row === 1 ? 0 : loss(logit, at([labels], 0, row))));
    expect(evaluate(...given).loss).toBeCloseTo(sum(losses) / 4, 5);
    expect(Math.abs(at(gradient(...given), 0, 1))).toBe(0);
  });
});

it('label smoothing of classes is that of PyTorch 2.6, float64', () => {
  // F.cross_entropy(z.T, [1, 0], label_smoothing=.2, reduction='none')
  const z = [
    [0.5, -1],
    [2, 0.25],
    [-0.3, 1],
  ];
  const given = [[{ ...classes('m', 3), labelSmoothing: 0.2 }], z, [[1, 0]], [[1, 1]], [2]] as const;
  expectClose([evaluate(...given).loss], [0.533529206896021 + 2.258139061509648]);
  const slopes = [
    ...[0.10193845208203083, -0.7824873243234288, -0.11103094876757769],
    ...[0.22714810804482288, 0.009092496685546708, 0.5553392162786059],
  ];
  expectClose(gradient(...given).flat(), slopes);
});

const matrix = (rows: Rows) => tf.tensor2d(rows.map((row) => [...row]));

function evaluate(tasks: readonly Task[], x: Rows, y: Rows, mask: Rows, weights: readonly number[]) {
  const { loss, tasks: means } = jointLoss(tasks)(matrix(x), matrix(y), matrix(mask), tf.tensor1d([...weights]));
  expect([loss.shape, means.shape]).toEqual([[], [tasks.length]]);
  return { loss: loss.dataSync()[0] ?? Number.NaN, tasks: [...means.dataSync()] };
}

function gradient(tasks: readonly Task[], x: Rows, y: Rows, mask: Rows, weights: readonly number[]): Rows {
  const loss = (given: Tensor) => jointLoss(tasks)(given, matrix(y), matrix(mask), tf.tensor1d([...weights])).loss;
  const flat = [...tf.grad(loss)(matrix(x)).dataSync()];
  return x.map((row, output) => flat.slice(output * row.length, (output + 1) * row.length));
}

function at(rows: Rows, task: number, row: number): number {
  return rows[task]?.[row] ?? Number.NaN;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function expectClose(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  for (const [index, value] of expected.entries())
    expect(Math.abs((actual[index] ?? Number.NaN) - value)).toBeLessThan(1e-6 * Math.max(1, Math.abs(value)));
}
