import type { Tensor } from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import type { TaskLoss } from '../config/parts.js';
import type { Task } from '../data/dataset.js';
import { rowLossFunction } from '../metrics/evaluate.js';
import { tf } from '../support/tf.js';
import { jointLoss } from './joint-loss.js';

const binary = (rowLoss?: TaskLoss, labelSmoothing?: number): Task => ({
  ...{ name: 'b', type: 'binary', offset: 0, scale: 1 },
  rowLoss,
  labelSmoothing,
});
const regression = (rowLoss: TaskLoss, offset = 0, scale = 1): Task => ({
  ...{ name: 'r', type: 'regression', offset, scale },
  rowLoss,
});

const x = [0.5, -1.5, 2, 0.1, -3];
const amounts = [1, 0, 3, 0.2, 5];
const positive = [1, 0.5, 3, 0.2, 5];
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

const cases: readonly {
  readonly name: string;
  readonly task: Task;
  readonly labels: readonly number[];
  readonly loss: (logit: number, label: number) => number;
}[] = [
  { name: 'focal', task: binary({ type: 'focal', gamma: 2 }), labels: clicks, loss: focal(2) },
  {
    name: 'focal, alpha',
    task: binary({ type: 'focal', gamma: 1.5, alpha: 0.25 }),
    labels: clicks,
    loss: focal(1.5, 0.25),
  },
  {
    name: 'huber of standardised labels',
    task: regression({ type: 'huber', delta: 1.5 }, 3, 2),
    labels: amounts,
    loss: (z, label) => huber(1.5)(z, (label - 3) / 2),
  },
  {
    name: 'mae of standardised labels',
    task: regression({ type: 'mae' }, 3.2, 2),
    labels: amounts,
    loss: (z, label) => Math.abs(z - (label - 3.2) / 2),
  },
  { name: 'poisson', task: regression({ type: 'poisson' }), labels: amounts, loss: poisson },
  {
    name: 'log-normal of standardised logarithms',
    task: regression({ type: 'log-normal' }, 0.5, 2),
    labels: positive,
    loss: (z, y) => (z - (Math.log(y) - 0.5) / 2) ** 2,
  },
  {
    name: 'label smoothing',
    task: binary(undefined, 0.1),
    labels: clicks,
    loss: (z, label) => {
      const target = 0.9 * label + 0.05;
      return -target * Math.log(sigmoid(z)) - (1 - target) * Math.log(1 - sigmoid(z));
    },
  },
];

describe.each(cases)('$name', ({ task, labels, loss }) => {
  it('has the losses and gradients of the scalar calculation', () => {
    const found = perRow(task, x, labels);
    for (const [row, logit] of x.entries()) {
      const label = labels[row] ?? 0;
      expect(found.losses[row]).toBeCloseTo(loss(logit, label), 5);
      const slope = (loss(logit + 1e-6, label) - loss(logit - 1e-6, label)) / 2e-6;
      expect(found.gradient[row]).toBeCloseTo(slope, 4);
    }
  });

  it('is the loss that evaluation reports', () => {
    const lossOf = rowLossFunction(task);
    if (!lossOf) return expect(task.labelSmoothing).toBeGreaterThan(0); // evaluation has the labels as they are
    for (const [row, logit] of x.entries())
      expect(lossOf(logit, labels[row] ?? 0)).toBeCloseTo(loss(logit, labels[row] ?? 0), 12);
  });

  it.each([1000, -1000])('a logit of %d neither overflows nor gives NaN', (logit) => {
    const found = perRow(
      task,
      labels.map(() => logit),
      labels,
    );
    for (const value of [...found.losses, ...found.gradient]) expect(Number.isFinite(value)).toBe(true);
    if (task.type === 'regression') for (const slope of found.gradient) expect(slope * logit).toBeGreaterThanOrEqual(0);
  });

  it('pitfall 20: the label of a masked row may be NaN', () => {
    const spoilt = labels.with(1, Number.NaN);
    const found = joint(task, x, spoilt, [1, 0, 1, 1, 1]);
    const losses = x.map((logit, row) => (row === 1 ? 0 : loss(logit, labels[row] ?? 0)));
    expect(found.loss).toBeCloseTo(losses.reduce((sum, one) => sum + one) / 4, 5);
    expect(Math.abs(found.gradient[1] ?? Number.NaN)).toBe(0);
  });
});

it('label smoothing of classes is that of PyTorch 2.6, float64', () => {
  // F.cross_entropy(z.T, [1, 0], label_smoothing=.2, reduction='none')
  const task: Task = {
    name: 'm',
    type: 'multiclass',
    offset: 0,
    scale: 1,
    classes: ['a', 'b', 'c'],
    labelSmoothing: 0.2,
  };
  const z = tf.tensor2d([0.5, -1, 2, 0.25, -0.3, 1], [3, 2]);
  const loss = (logits: Tensor) =>
    jointLoss([task])(logits, tf.tensor2d([[1, 0]]), tf.tensor2d([[1, 1]]), tf.tensor1d([2])).loss.asScalar();
  expectClose([...loss(z).dataSync()], [0.533529206896021 + 2.258139061509648]);
  expectClose(
    [...tf.grad(loss)(z).dataSync()],
    [
      0.10193845208203083, -0.7824873243234288, -0.11103094876757769, 0.22714810804482288, 0.009092496685546708,
      0.5553392162786059,
    ],
  );
});

/** The loss of each row, and its slope. */
function perRow(task: Task, logits: readonly number[], labels: readonly number[]) {
  const rows = logits.map((logit, row) => joint(task, [logit], [labels[row] ?? 0], [1]));
  return { losses: rows.map(({ loss }) => loss), gradient: rows.map(({ gradient }) => gradient[0] ?? Number.NaN) };
}

function joint(task: Task, logits: readonly number[], labels: readonly number[], mask: readonly number[]) {
  const loss = (given: Tensor) =>
    jointLoss([task])(given, tf.tensor2d([[...labels]]), tf.tensor2d([[...mask]]), tf.tensor1d([1])).loss.asScalar();
  const given = tf.tensor2d([[...logits]]);
  return { loss: loss(given).dataSync()[0] ?? Number.NaN, gradient: [...tf.grad(loss)(given).dataSync()] };
}

function expectClose(found: readonly number[], expected: readonly number[]): void {
  expect(found).toHaveLength(expected.length);
  for (const [index, value] of expected.entries())
    expect(Math.abs((found[index] ?? Number.NaN) - value)).toBeLessThan(1e-5 * Math.max(1, Math.abs(value)));
}
