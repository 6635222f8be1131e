import fc from 'fast-check';
import { expect, test } from 'vitest';
import { evaluateTask } from './evaluate.js';
import { labels, logits, ones, type Row, binary as task, taskScores } from './rows.fixture.js';

const row = fc.record({
  logit: fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom(40, 41, 800, -800)), // ties, also of probabilities
  label: fc.constantFrom(0, 1),
  weight: fc.constantFrom(0, 1, 1, 2.5),
  group: fc.constant(0),
});
const anyRows = fc.array(row, { minLength: 1, maxLength: 30 });

const probability = (logit: number) => 1 / (1 + Math.exp(-logit));

/** From precision and recall, row by row. */
function naive(rows: readonly Row[], threshold: number): number {
  const sum = (of: readonly Row[]) => of.reduce((total, { weight }) => total + weight, 0);
  const called = rows.filter(({ logit }) => probability(logit) >= threshold);
  const found = sum(called.filter(({ label }) => label === 1));
  if (found === 0) return 0;
  const [precision, recall] = [found / sum(called), found / sum(rows.filter(({ label }) => label === 1))];
  return (2 * precision * recall) / (precision + recall);
}

test('no threshold has a larger F1 on validation, none that is lower has the same, and test rows get this one', () => {
  fc.assert(
    fc.property(anyRows, anyRows, (validation, others) => {
      const own = evaluateTask(task, taskScores(validation), 'chosen');
      const inside = validation.filter(({ weight }) => weight > 0);
      const found = evaluateTask(task, taskScores(others), own);
      expect(found).not.toHaveProperty('f1Threshold');
      if (!inside.some(({ label }) => label === 1)) {
        expect(own).toMatchObject({ f1: null, f1Threshold: null });
        expect(found.f1).toBeNull();
        return;
      }
      const all = [...new Set(inside.map(({ logit }) => probability(logit)))].sort((a, b) => a - b);
      const best = Math.max(...all.map((threshold) => naive(inside, threshold)));
      expect(own.f1).toBeCloseTo(best, 12);
      expect(own.f1Threshold).toBe(all.find((threshold) => naive(inside, threshold) > best - 1e-12));
      const counted = others.filter(({ weight }) => weight > 0);
      if (!counted.some(({ label }) => label === 1)) expect(found.f1).toBeNull();
      else expect(found.f1).toBeCloseTo(naive(counted, Number(own.f1Threshold)), 12);
    }),
    { numRuns: 200 },
  );
});

test('NaN gives null, a split whose threshold is nowhere has no field', () => {
  const lost = { logits: logits.map((logit, row) => (row === 3 ? Number.NaN : logit)), labels, mask: ones };
  expect(evaluateTask(task, lost, 'chosen')).toMatchObject({ f1: null, f1Threshold: null, binaryAccuracy: null });
  expect(evaluateTask(task, lost, { f1Threshold: 0.5 }).f1).toBeNull();
  expect(Object.keys(evaluateTask(task, { logits, labels, mask: ones }, { auc: 0.5 }))).not.toContain('f1');
});
