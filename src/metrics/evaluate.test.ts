import { describe, expect, it } from 'vitest';
import type { Task } from '../data/dataset.js';
import { metrics } from './catalogue.js';
import { evaluateTask, selectionScore, taskLoss } from './evaluate.js';
import { isBinaryMetric, isRegressionMetric } from './metric.js';
import { binary, logits, ones, predictions, ratings, regression } from './rows.fixture.js';

const binaryMetrics = metrics.all.filter(isBinaryMetric);
const regressionMetrics = metrics.all.filter(isRegressionMetric);

describe('binary tasks', () => {
  it('pitfall 23: the whole split at once', () => {
    const scores = {
      logits: Float64Array.of(1, 2, -2, -1),
      labels: Float64Array.of(0, 1, 0, 1),
      mask: ones.slice(0, 4),
    };
    expect(evaluateTask(binary, scores).auc).toBe(0.75); // by batches of two rows it would be 1
  });

  it.each([0, 1])('pitfall 29: of one class (%d) the AUC is null, with the counts beside it', (label) => {
    const result = evaluateTask(binary, { logits, labels: ones.map(() => label), mask: ones });
    expect(result).toMatchObject({ auc: null, aucInterval: null, samples: 200, positives: 200 * label });
    expect(result.logLoss).toBeGreaterThan(0);
    expect(selectionScore(binary, result)).toBeNull();
  });

  it('pitfall 30: twenty rows have counts and a wide interval', () => {
    const logits = Float64Array.from({ length: 20 }, (_, row) => row);
    const labels = logits.map((row) => ([7, 12, 16, 18].includes(row) ? 1 : 0));
    const result = evaluateTask(binary, { logits, labels, mask: ones.slice(0, 20) });
    expect(result).toMatchObject({ samples: 20, positives: 4 });
    const [low = 0, high = 1] = [result.aucInterval].flat().map(Number);
    expect(result.auc).toBe((7 + 11 + 14 + 15) / 64);
    expect(high - low).toBeGreaterThan(0.3);
    expect(low).toBeGreaterThan(0);
    expect(high).toBeLessThan(1);
  });

  it('large logits keep the log loss finite', () => {
    const scores = { logits: Float64Array.of(1000, -1000), labels: Float64Array.of(0, 0), mask: Float64Array.of(1, 1) };
    expect(evaluateTask(binary, scores).logLoss).toBe(500);
  });
});

describe('regression tasks', () => {
  it('predictions are logit * scale + offset: all metrics are in the units of the label', () => {
    const task = { ...regression, offset: 40, scale: 5 };
    const own = { labels: ratings, mask: ones };
    const result = evaluateTask(task, { ...own, logits: predictions.map((value) => (value - 40) / 5) });
    const plain = evaluateTask(regression, { ...own, logits: predictions });
    for (const [name, value] of Object.entries(plain)) expect(result[name]).toBeCloseTo(Number(value), 12);
    expect(taskLoss(task, result)).toBeCloseTo(Number(plain.mse) / 25, 12);
  });

  it('without variance of the labels, nmse and the score are null', () => {
    const own = { logits: Float64Array.of(1, 2), labels: Float64Array.of(3, 3), mask: ones.slice(0, 2) };
    const result = evaluateTask(regression, own);
    expect(result).toMatchObject({ mse: 2.5, nmse: null, mae: 1.5, r2: null, samples: 2, labelVariance: 0 });
    expect(selectionScore(regression, result)).toBeNull();
  });
});

describe('never NaN', () => {
  const none = { logits: new Float32Array(3), labels: new Float32Array(3), mask: new Float32Array(3) };
  const spoilt = (logit: number) => ({
    logits: Float32Array.of(logit, 1, -1, 2),
    labels: Float32Array.of(1, 0, 1, 0),
    mask: Float32Array.of(1, 1, 1, 1),
  });

  it('an empty split', () => {
    const nothing = (metrics: readonly { readonly name: string }[]) =>
      Object.fromEntries(metrics.map(({ name }) => [name, null]));
    expect(evaluateTask(binary, none)).toEqual({ ...nothing(binaryMetrics), samples: 0, positives: 0 });
    expect(evaluateTask(regression, none)).toEqual({ ...nothing(regressionMetrics), samples: 0, labelVariance: null });
  });

  it('a NaN logit', () => {
    const nothing = { auc: null, logLoss: null, samples: 4, positives: 2 };
    expect(evaluateTask(binary, spoilt(Number.NaN))).toMatchObject(nothing);
    expect(evaluateTask(regression, spoilt(Number.NaN))).toMatchObject({ mse: null, nmse: null, samples: 4 });
  });

  it('an infinite logit is ordered, and its infinite loss is null', () => {
    expect(evaluateTask(binary, spoilt(Number.NEGATIVE_INFINITY))).toMatchObject({ auc: 0, logLoss: null });
    expect(evaluateTask(binary, spoilt(Number.POSITIVE_INFINITY)).auc).toBe(0.5);
  });
});

describe('pitfall 24: selection scores are higher when better', () => {
  it('in one unit: .001 of an AUC, 1 % of an error', () => {
    const kinds: Task = { name: 'kind', type: 'multiclass', classes: ['a', 'b', 'c'], offset: 0, scale: 1 };
    const rise = (task: Task, worse: object, better: object) =>
      Number(selectionScore(task, { ...better })) - Number(selectionScore(task, { ...worse }));
    expect(rise(binary, { auc: 0.7 }, { auc: 0.701 })).toBeCloseTo(1, 9);
    expect(rise(kinds, { macroAuc: 0.9 }, { macroAuc: 0.901 })).toBeCloseTo(1, 9);
    expect(rise(regression, { nmse: 0.5 }, { nmse: 0.5 / 1.01 })).toBeCloseTo(1, 2);
    expect(rise(regression, { nmse: 1e-6 }, { nmse: 1e-6 / 1.01 })).toBeCloseTo(1, 2); // whatever the error is
    expect(rise(regression, { nmse: 1e-6 }, { nmse: 0 })).toBeGreaterThan(0);
    expect(selectionScore(regression, { nmse: 0 })).toBeLessThan(Number.POSITIVE_INFINITY);
    expect(selectionScore(binary, { auc: null })).toBeNull();
  });
});
