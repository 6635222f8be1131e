import type { Tensor } from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import type { Task } from '../data/dataset.js';
import { tf } from '../support/tf.js';
import { jointLoss } from './joint-loss.js';

type Rows = number[][];

const binary = (name: string): Task => ({ name, type: 'binary', offset: 0, scale: 1 });
const regression = (name: string, offset = 0, scale = 1): Task => ({ name, type: 'regression', offset, scale });
const logistic = (x: number, y: number) =>
  -y * Math.log(1 / (1 + Math.exp(-x))) - (1 - y) * Math.log(1 / (1 + Math.exp(x)));

const logits = [
  [0.5, -1.5, 2, 0.1],
  [1, 0.25, -0.75, -2],
];
const labels = [
  [1, 0, 0, 1],
  [0, 1, 1, 0],
];

describe.each([
  ['all binary', [binary('a'), binary('b')]],
  ['mixed', [binary('a'), regression('b', 3, 2)]],
])('pitfalls 19 and 20, %s', (_name, tasks) => {
  it('an empty mask gives 0 and no gradient', () => {
    const mask = [
      [0, 0, 0, 0],
      [1, 1, 1, 1],
    ];
    const result = evaluate(tasks, logits, labels, mask, [1, 1]);
    expect(result.tasks[0]).toBe(0);
    expect(result.loss).toBe(result.tasks[1]);
    expect(gradient(tasks, logits, labels, mask, [1, 1])[0]?.map(Math.abs)).toEqual([0, 0, 0, 0]);
    const none = mask.map((row) => row.map(() => 0));
    expect(evaluate(tasks, logits, labels, none, [1, 1]).loss).toBe(0);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('the label of a masked row may be %d', (anything) => {
    const mask = [
      [1, 0, 1, 1],
      [1, 1, 0, 1],
    ];
    const spoilt = labels.map((row, task) => row.map((label, index) => (at(mask, task, index) ? label : anything)));
    expect(evaluate(tasks, logits, spoilt, mask, [1, 3])).toEqual(evaluate(tasks, logits, labels, mask, [1, 3]));
    const found = gradient(tasks, logits, spoilt, mask, [1, 3]);
    expect(found).toEqual(gradient(tasks, logits, labels, mask, [1, 3]));
    expect([at(found, 0, 1), at(found, 1, 2)].map(Math.abs)).toEqual([0, 0]);
  });
});

it('the mean over rows is weighted, also where weights add up to less than 1', () => {
  const mask = [
    [0.25, 0, 0.5, 0],
    [0, 0, 0, 0.001],
  ];
  const found = evaluate([binary('a'), binary('b')], logits, labels, mask, [1, 1]).tasks;
  expectClose(found, [(0.25 * logistic(0.5, 1) + 0.5 * logistic(2, 0)) / 0.75, logistic(-2, 0)]);
});

describe('positiveWeight', () => {
  const weighted = (name: string, positiveWeight: number): Task => ({ ...binary(name), positiveWeight });
  const rows = [
    [1, 0.5, 0, 2],
    [3, 1, 0.25, 1],
  ];

  it('agrees with PyTorch', () => {
    // PyTorch 2.6, float64: l = F.binary_cross_entropy_with_logits(x, y, pos_weight=[[3], [0.25]], reduction='none'),
    // m = (l*rows).sum(1)/rows.sum(1), (m*[1, 2]).sum().backward()
    const tasks = [weighted('a', 3), weighted('b', 0.25)];
    const found = evaluate(tasks, logits, labels, rows, [1, 2]);
    expectClose([...found.tasks, found.loss], [1.5398050148494633, 0.8155718793237205, 3.1709487734969044]);
    const expected = [
      [-0.32360628754126747, 0.02606078911519376, 0, -0.8143213928932457],
      [0.8354955184342913, -0.04169747610611447, -0.016170921408937926, 0.04541063696080668],
    ];
    for (const [task, row] of gradient(tasks, logits, labels, rows, [1, 2]).entries())
      expectClose(row, expected[task] ?? []);
  });
});

describe('multiclass', () => {
  const classes = (name: string, count: number): Task => ({
    ...{ name, type: 'multiclass', offset: 0, scale: 1 },
    classes: Array.from({ length: count }, (_, index) => `c${index}`),
  });
  // Between a binary and a regression task: rows 1 to 3 of the logits.
  const tasks = [{ ...binary('a'), positiveWeight: 0.1 }, classes('b', 3), regression('c', 3, 2), classes('d', 2)];
  const x = [
    [0.5, -1.5, 2, 0.1],
    [1, 0.25, -0.75, -2],
    [0.3, 3, -1, 0.5],
    [-0.2, 0.1, 0.9, 1.5],
    [0.7, -0.4, 1.1, 0],
    [2, -1, 0.5, 0.25],
    [-0.5, 1.5, 1, 0.75],
  ];
  const y = [
    [1, 0, 0, 1],
    [0, 2, 1, 2],
    [0, 1, 1, 0],
    [1, 1, 0, 0],
  ];
  const mask = [
    [1, 0, 1, 1],
    [2, 1, 0, 0.5],
    [1, 1, 1, 0],
    [1, 1, 1, 0.25],
  ];
  const weights = [1, 2, 3, 0.5];
  const outputs = [[0], [1, 2, 3], [4], [5, 6]];

  const means = (from: Rows) =>
    tasks.map(({ type, offset, scale, positiveWeight = 1 }, task) => {
      const losses = (mask[task] ?? []).map((weight, row) => {
        const [first = 0, ...others] = (outputs[task] ?? []).map((output) => at(from, output, row));
        const label = at(y, task, row);
        if (type === 'binary') return weight * (label === 1 ? positiveWeight : 1) * logistic(first, label);
        if (type === 'regression') return weight * (first - (label - offset) / scale) ** 2;
        const powers = [first, ...others].map(Math.exp);
        return weight * -Math.log((powers[label] ?? 0) / sum(powers));
      });
      return sum(losses) / sum(mask[task] ?? []);
    });
  const joint = (from: Rows) => sum(means(from).map((mean, task) => mean * (weights[task] ?? 0)));

  it('pitfalls 17 and 18: tasks of all types have their means over the mask, each times its own weight, with the gradient', () => {
    const found = evaluate(tasks, x, y, mask, weights);
    expectClose(found.tasks, means(x));
    expectClose([found.loss], [joint(x)]);
    expectSlopes(gradient(tasks, x, y, mask, weights), slopesOf(joint, x));
  });

  it.each([Number.NaN, 7])('the label of a masked row may be %d, and it has no gradient', (anything) => {
    const spoilt = y.map((row, task) => row.map((label, index) => (at(mask, task, index) ? label : anything)));
    expect(evaluate(tasks, x, spoilt, mask, weights)).toEqual(evaluate(tasks, x, y, mask, weights));
    const found = gradient(tasks, x, spoilt, mask, weights);
    expect(found).toEqual(gradient(tasks, x, y, mask, weights));
    expect([1, 2, 3].map((output) => Math.abs(at(found, output, 2)))).toEqual([0, 0, 0]);
  });

  it('an empty mask gives 0 and no gradient', () => {
    const none = mask.map((row, task) => (task === 1 ? [0, 0, 0, 0] : row));
    expect(evaluate(tasks, x, y, none, weights).tasks[1]).toBe(0);
    const found = gradient(tasks, x, y, none, weights);
    for (const output of [1, 2, 3]) expect(found[output]?.map(Math.abs)).toEqual([0, 0, 0, 0]);
  });

  it('large logits neither overflow nor lose their gradient', () => {
    const logits = [
      [1000, -1000],
      [0, 1000],
      [-1000, 0],
    ];
    const found = evaluate([classes('b', 3)], logits, [[1, 1]], [[1, 1]], [1]);
    expectClose(found.tasks, [500]);
    expect(gradient([classes('b', 3)], logits, [[1, 1]], [[1, 1]], [1])).toEqual([
      [0.5, 0],
      [-0.5, 0],
      [0, 0],
    ]);
  });
});

describe('values', () => {
  it('large logits neither overflow nor lose their gradient', () => {
    const tasks = [binary('a')];
    const x = [[200, -200, 200, -200]];
    const y = [[0, 1, 1, 0]];
    const mask = [[1, 1, 1, 1]];
    expectClose(evaluate(tasks, x, y, mask, [1]).tasks, [100]);
    expectClose(gradient(tasks, x, y, mask, [1])[0] ?? [], [0.25, -0.25, 0, 0]);
  });
});

function evaluate(tasks: readonly Task[], x: Rows, y: Rows, mask: Rows, weights: number[]) {
  const result = jointLoss(tasks)(tf.tensor2d(x), tf.tensor2d(y), tf.tensor2d(mask), tf.tensor1d(weights));
  expect(result.loss.shape).toEqual([]);
  expect(result.tasks.shape).toEqual([tasks.length]);
  return { loss: result.loss.dataSync()[0] ?? Number.NaN, tasks: [...result.tasks.dataSync()] };
}

function gradient(tasks: readonly Task[], x: Rows, y: Rows, mask: Rows, weights: number[]): Rows {
  const loss = (x0: Tensor) => jointLoss(tasks)(x0, tf.tensor2d(y), tf.tensor2d(mask), tf.tensor1d(weights)).loss;
  const flat = [...tf.grad(loss)(tf.tensor2d(x)).dataSync()];
  return x.map((row, task) => flat.slice(task * row.length, (task + 1) * row.length));
}

/** The derivatives by every entry, as differences; the step suits double precision. */
function slopesOf(value: (x: Rows) => number, x: Rows, step = 2 ** -12): Rows {
  return x.map((row, task) =>
    row.map((_, index) => {
      const moved = (by: number) =>
        value(x.map((r, t) => r.map((one, i) => (t === task && i === index ? one + by : one))));
      return (moved(step) - moved(-step)) / (2 * step);
    }),
  );
}

function expectSlopes(found: Rows, slopes: Rows): void {
  expect(found).toEqual(slopes.map((row) => row.map((slope) => expect.closeTo(slope, 5))));
}

function at(rows: Rows, task: number, row: number): number {
  return rows[task]?.[row] ?? Number.NaN;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function expectClose(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  for (const [index, value] of expected.entries()) {
    expect(Math.abs((actual[index] ?? Number.NaN) - value)).toBeLessThan(1e-6 * Math.max(1, Math.abs(value)));
  }
}
