import { expect, test } from 'vitest';
import { labels, logits, ones, rows, task, weights } from './binary-rows.fixture.js';
import { evaluateTask } from './evaluate.js';
import { logLoss } from './log-loss.js';
import { normalisedEntropy } from './normalised-entropy.js';

// Python's math, row by row: q = 1/(1+exp(-x)), L = fsum(-w*log(q if y else 1-q))/W, p = fsum(w*y)/W, L/-(p*log(p)+(1-p)*log(1-p))
test.each([
  ['rows that count alike', ones, 1.0229405651262042],
  ['rows with weights', weights, 1.1600177956009972],
])('of %s it is what Python computes', (_, mask, expected) => {
  expect(evaluateTask(task, { logits, labels, mask }).normalisedEntropy).toBeCloseTo(expected, 12);
});

test('the share of positives gets 1, one class has none', () => {
  const share = labels.reduce((sum, label) => sum + label) / rows.length;
  const constant = Float64Array.from(rows, () => Math.log(share / (1 - share)));
  expect(evaluateTask(task, { logits: constant, labels, mask: ones }).normalisedEntropy).toBeCloseTo(1, 12);
  expect(evaluateTask(task, { logits, labels: ones, mask: ones }).normalisedEntropy).toBeNull();
  expect(normalisedEntropy.influence(task, { logits, labels: ones, mask: ones })).toBeNull();
});

test('a row’s influence is that on the log loss over the entropy', () => {
  const share = labels.reduce((sum, label) => sum + label) / rows.length;
  const entropy = -(share * Math.log(share) + (1 - share) * Math.log(1 - share));
  const scores = { logits, labels, mask: ones };
  const found = [...(normalisedEntropy.influence(task, scores) ?? [])];
  const ofLoss = [...(logLoss.influence(task, scores) ?? [])];
  expect(found).toEqual(ofLoss.map((value) => expect.closeTo(value / entropy, 14)));
});
