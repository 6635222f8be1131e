import { expect, test } from 'vitest';
import { labels, logits, ones, rows, task, weights } from './binary-rows.fixture.js';
import { evaluateTask } from './evaluate.js';

// scikit-learn 1.4.2 (x = np.floor(30*np.sin(i*i)+.5)/10): average_precision_score(y, x, sample_weight=None or ((i*7)%6)/2)
test.each([
  ['rows that count alike', ones, 0.6013539055859088],
  ['rows with weights', weights, 0.6344987815023501],
])('of %s it is what scikit-learn computes', (_, mask, expected) => {
  expect(evaluateTask(task, { logits, labels, mask }).averagePrecision).toBeCloseTo(expected, 12);
});

test('a constant prediction gets the share of positives, a right order 1, one class none', () => {
  const share = labels.reduce((sum, label) => sum + label) / rows.length;
  const constant = logits.map(() => 0.3);
  expect(evaluateTask(task, { logits: constant, labels, mask: ones }).averagePrecision).toBeCloseTo(share, 12);
  expect(evaluateTask(task, { logits: labels, labels, mask: ones }).averagePrecision).toBe(1);
  expect(evaluateTask(task, { logits, labels: ones, mask: ones }).averagePrecision).toBeNull();
});
