import { expect, test } from 'vitest';
import type { Task } from '../data/dataset.js';
import { evaluateTask } from './evaluate.js';

const task: Task = { name: 'click', type: 'binary', offset: 0, scale: 1 };
const logits = Float64Array.of(Math.log(0.25 / 0.75), 0, Math.log(3));
const labels = Float64Array.of(0, 0, 1);

test('is the mean probability over the share of positives', () => {
  const found = evaluateTask(task, { logits, labels, mask: Float64Array.of(1, 1, 1) });
  expect(found.predictedOverObserved).toBeCloseTo((0.25 + 0.5 + 0.75) / 1, 12);
});

test('has weights', () => {
  const found = evaluateTask(task, { logits, labels, mask: Float64Array.of(2, 0, 3) });
  expect(found.predictedOverObserved).toBeCloseTo((2 * 0.25 + 3 * 0.75) / 3, 12);
});

test('is null without positives', () => {
  const found = evaluateTask(task, { logits, labels, mask: Float64Array.of(1, 1, 0) });
  expect(found.predictedOverObserved).toBeNull();
});
