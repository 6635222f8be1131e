import { expect, test } from 'vitest';
import type { Task } from '../data/dataset.js';
import { evaluateTask } from './evaluate.js';

const task: Task = { name: 'spend', type: 'regression', offset: 1, scale: 2 };
const logits = Float64Array.of(0, 1, 2); // predictions 1, 3, 5
const labels = Float64Array.of(2, 3, 1);

test('is the mean prediction over the mean label, by weight', () => {
  expect(evaluateTask(task, { logits, labels, mask: Float64Array.of(1, 1, 1) }).predictedOverActual).toBe(9 / 6);
  expect(evaluateTask(task, { logits, labels, mask: Float64Array.of(2, 0, 0.5) }).predictedOverActual).toBeCloseTo(
    4.5 / 4.5,
    12,
  );
});

test('predictions with a log link are in the label’s units', () => {
  const log: Task = { ...task, offset: 0, scale: 1, link: 'log' };
  const found = evaluateTask(log, { logits, labels, mask: Float64Array.of(1, 1, 1) });
  expect(found.predictedOverActual).toBeCloseTo((1 + Math.E + Math.E ** 2) / 6, 12);
  expect(found.mae).toBeCloseTo((1 + 3 - Math.E + Math.E ** 2 - 1) / 3, 12);
});

test('labels of mean 0 have none', () => {
  const opposite = Float64Array.of(-1, 1, 0);
  expect(
    evaluateTask(task, { logits, labels: opposite, mask: Float64Array.of(1, 1, 1) }).predictedOverActual,
  ).toBeNull();
});
