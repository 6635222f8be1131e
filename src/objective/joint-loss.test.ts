import type { Tensor } from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import type { Task } from '../data/dataset.js';
import { tf } from '../support/tf.js';
import { jointLoss } from './joint-loss.js';

type Rows = readonly (readonly number[])[];

const binary = (name: string, positiveWeight = 1): Task => ({
  ...{ name, type: 'binary', offset: 0, scale: 1 },
  positiveWeight,
});
const regression = (name: string, offset: number, scale: number): Task => ({ name, type: 'regression', offset, scale });
const classes = (name: string, count: number): Task => ({
  ...{ name, type: 'multiclass', offset: 0, scale: 1 },
  classes: Array.from({ length: count }, (_, index) => `c${index}`),
});
const logistic = (x: number, y: number) =>
  -y * Math.log(1 / (1 + Math.exp(-x))) - (1 - y) * Math.log(1 / (1 + Math.exp(x)));

describe.each([
  ['binary tasks', [binary('a', 0.1), binary('b')]],
  ['a binary and a regression task', [binary('a'), regression('b', 3, 2)]],
  ['tasks of all types', [binary('a', 0.1), classes('b', 3), regression('c', 3, 2), classes('d', 2)]],
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
