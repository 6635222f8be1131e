import { expect, test } from 'vitest';
import type { Task } from '../data/dataset.js';
import { evaluateTask } from './evaluate.js';
import { mse } from './mse.js';
import { r2 } from './r2.js';

const task: Task = { name: 'time', type: 'regression', offset: 0, scale: 1 };
const rows = Array.from({ length: 200 }, (_, i) => i);
const labels = Float64Array.from(rows, (i) => 5 + 2 * Math.sin(3 * i));
const logits = labels.map((label, i) => label + Math.cos(i * i));
const ones = Float64Array.from(rows, () => 1);
const weights = Float64Array.from(rows, (i) => ((i * 7) % 6) / 2);

// scikit-learn 1.4.2: t = 5+2*np.sin(3*i); r2_score(t, t+np.cos(i*i), sample_weight=None or ((i*7)%6)/2)
test.each([
  ['rows that count alike', ones, 0.7441061918963559],
  ['rows with weights', weights, 0.7488287173505069],
])('of %s it is what scikit-learn computes', (_, mask, expected) => {
  const found = evaluateTask(task, { logits, labels, mask });
  expect(found.r2).toBeCloseTo(expected, 12);
  expect(found.r2).toBe(1 - Number(found.nmse));
});

test('labels that do not vary have none', () => {
  expect(evaluateTask(task, { logits, labels: ones, mask: ones }).r2).toBeNull();
});

test('a row’s influence is that on the mean squared error over the variance, with the other sign', () => {
  const scores = { logits, labels, mask: weights };
  const variance = Number(evaluateTask(task, scores).labelVariance);
  const ofError = [...(mse.influence(task, scores) ?? [])];
  expect([...(r2.influence(task, scores) ?? [])]).toEqual(
    ofError.map((value) => expect.closeTo(-value / variance, 12)),
  );
});
