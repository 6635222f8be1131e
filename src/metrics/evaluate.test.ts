import { describe, expect, it } from 'vitest';
import type { Task } from '../data/dataset.js';
import { metrics } from './catalogue.js';
import { evaluateTask, selectionScore, taskLoss } from './evaluate.js';
import { isBinaryMetric, isRegressionMetric } from './metric.js';

const binaryMetrics = metrics.all.filter(isBinaryMetric);
const regressionMetrics = metrics.all.filter(isRegressionMetric);

const binary: Task = { name: 'click', type: 'binary', offset: 0, scale: 1 };
const regression: Task = { name: 'rating', type: 'regression', offset: 0, scale: 1 };

const rows = Array.from({ length: 200 }, (_, i) => i);
const ones = Float64Array.from(rows, () => 1);

// Made with scikit-learn 1.4.2 and numpy (Debian's python3-sklearn):
//   i = np.arange(200); x = np.round(np.sin(i*i)*3, 1); y = (np.sin(7*i+1) + 0.4*x > 0.8).astype(int)
//   roc_auc_score(y, x); log_loss(y, 1/(1+np.exp(-x)))
//   X, Y = x[y==1], x[y==0]; psi = (X[:,None]>Y) + 0.5*(X[:,None]==Y)
//   psi.mean(1).var(ddof=1)/len(X) + psi.mean(0).var(ddof=1)/len(Y)
//   z = np.sin(i*i)*3; o = np.argsort(z); p = 1/(1+np.exp(-z)); cut = lambda b: round(b*200/15)
//   sum(abs(p[c].sum()-y[c].sum()) for c in [o[cut(b):cut(b+1)] for b in range(15)])/200
const smooth = rows.map((i) => Math.sin(i * i) * 3);
const tied = smooth.map((x) => Math.round(x * 10) / 10);
const clicks = Float64Array.from(rows, (i) => (Math.sin(7 * i + 1) + 0.4 * (tied[i] ?? 0) > 0.8 ? 1 : 0));

describe('binary tasks', () => {
  it('agree with scikit-learn', () => {
    const result = evaluateTask(binary, { logits: Float64Array.from(tied), labels: clicks, mask: ones });
    expect(Object.keys(result)).toEqual([...binaryMetrics.map(({ name }) => name), 'samples', 'positives']);
    expect(result.positives).toBe(54);
    expect(result.samples).toBe(200);
    expect(result.auc).toBeCloseTo(0.8693556570268899, 14);
    expect(result.logLoss).toBeCloseTo(0.5966391275360013, 14);
    const [low, high] = interval(result.aucInterval);
    const [area, deviation] = [0.8693556570268899, Math.sqrt(0.0005998110689024569)];
    const half = (1.959963984540054 * deviation) / (area * (1 - area));
    expect(Math.log(low / (1 - low))).toBeCloseTo(Math.log(area / (1 - area)) - half, 12);
    expect(Math.log(high / (1 - high))).toBeCloseTo(Math.log(area / (1 - area)) + half, 12);
    const apart = evaluateTask(binary, { logits: Float64Array.from(smooth), labels: clicks, mask: ones });
    expect(apart.calibrationError).toBeCloseTo(0.22896530507774052, 14);
  });

  it('pitfall 23: the whole split at once, and only rows of the task', () => {
    const scores = (logits: number[], labels: number[], mask: number[]) => ({
      logits: Float32Array.from(logits),
      labels: Float32Array.from(labels),
      mask: Float32Array.from(mask),
    });
    // By batches of two rows the AUC would be 1.
    expect(evaluateTask(binary, scores([1, 2, -2, -1], [0, 1, 0, 1], [1, 1, 1, 1])).auc).toBe(0.75);
    const masked = evaluateTask(binary, scores([5, 1, 2, Number.NaN, -2, -1], [0, 0, 1, 1, 0, 1], [0, 1, 1, 0, 1, 1]));
    expect(masked).toEqual(evaluateTask(binary, scores([1, 2, -2, -1], [0, 1, 0, 1], [1, 1, 1, 1])));
  });

  it.each([0, 1])('pitfall 29: of one class (%d) the AUC is null, with the counts beside it', (label) => {
    const labels = Float64Array.from(rows, () => label);
    const result = evaluateTask(binary, { logits: Float64Array.from(tied), labels, mask: ones });
    expect(result).toMatchObject({ auc: null, aucInterval: null, samples: 200, positives: 200 * label });
    expect(result.logLoss).toBeGreaterThan(0);
    expect(selectionScore(binary, result)).toBeNull();
  });

  it('pitfall 30: twenty rows have counts and a wide interval', () => {
    const logits = Float64Array.from([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
    const labels = Float64Array.from(logits, (_, row) => ([7, 12, 16, 18].includes(row) ? 1 : 0));
    const result = evaluateTask(binary, { logits, labels, mask: Float64Array.from(logits, () => 1) });
    expect(result).toMatchObject({ samples: 20, positives: 4 });
    const [low, high] = interval(result.aucInterval);
    expect(result.auc).toBe((7 + 11 + 14 + 15) / 64);
    expect(high - low).toBeGreaterThan(0.3);
    expect(low).toBeGreaterThan(0);
    expect(high).toBeLessThan(1);
  });

  it('an AUC of 0 or 1 has no interval', () => {
    const scores = (labels: number[]) => ({
      logits: Float64Array.of(1, 2, 3, 4),
      labels: Float64Array.from(labels),
      mask: Float64Array.of(1, 1, 1, 1),
    });
    expect(evaluateTask(binary, scores([0, 0, 1, 1]))).toMatchObject({ auc: 1, aucInterval: null });
    expect(evaluateTask(binary, scores([1, 1, 0, 0]))).toMatchObject({ auc: 0, aucInterval: null });
  });

  it('large logits keep the log loss finite', () => {
    const scores = { logits: Float64Array.of(1000, -1000), labels: Float64Array.of(0, 0), mask: Float64Array.of(1, 1) };
    expect(evaluateTask(binary, scores).logLoss).toBe(500);
  });
});

describe('regression tasks', () => {
  // t = 5+2*np.sin(3*i); q = t+np.cos(i*i); mean_squared_error(t, q), 1-r2_score(t, q), mean_absolute_error(t, q), t.var()
  const labels = Float64Array.from(rows, (i) => 5 + 2 * Math.sin(3 * i));
  const predictions = Float64Array.from(rows, (i) => 5 + 2 * Math.sin(3 * i) + Math.cos(i * i));
  const expected = [0.5109901890417557, 0.25589380810364415, 0.6489752159918802, 1.9968837574795495];

  it('agree with scikit-learn', () => {
    const result = evaluateTask(regression, { logits: predictions, labels, mask: ones });
    expect(Object.keys(result)).toEqual([...regressionMetrics.map(({ name }) => name), 'samples', 'labelVariance']);
    expect(result.samples).toBe(200);
    for (const [index, name] of ['mse', 'nmse', 'mae', 'labelVariance'].entries()) {
      expect(result[name]).toBeCloseTo(expected[index] ?? Number.NaN, 13);
    }
  });

  it('predictions are logit * scale + offset: all metrics are in the units of the label', () => {
    const task = { ...regression, offset: 40, scale: 5 };
    const logits = predictions.map((value) => (value - 40) / 5);
    const result = evaluateTask(task, { logits, labels, mask: ones });
    const plain = evaluateTask(regression, { logits: predictions, labels, mask: ones });
    for (const name of ['mse', 'nmse', 'mae', 'labelVariance']) {
      expect(result[name]).toBeCloseTo(Number(plain[name]), 12);
    }
    expect(taskLoss(task, result)).toBeCloseTo(Number(plain.mse) / 25, 12);
  });

  it('the variance is that of the rows in the mask; without any, nmse is null', () => {
    const scores = {
      logits: Float32Array.of(1, 2, 9),
      labels: Float32Array.of(3, 3, 8),
      mask: Float32Array.of(1, 1, 0),
    };
    const result = evaluateTask(regression, scores);
    expect(result).toMatchObject({ mse: 2.5, nmse: null, mae: 1.5, r2: null, samples: 2, labelVariance: 0 });
    expect(selectionScore(regression, result)).toBeNull();
    expect(evaluateTask(regression, { ...scores, mask: Float32Array.of(1, 1, 1) }).labelVariance).toBeCloseTo(
      50 / 9,
      12,
    );
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
    expect(evaluateTask(binary, spoilt(Number.NaN))).toMatchObject({
      auc: null,
      logLoss: null,
      samples: 4,
      positives: 2,
    });
    expect(evaluateTask(regression, spoilt(Number.NaN))).toMatchObject({
      mse: null,
      nmse: null,
      mae: null,
      samples: 4,
    });
  });

  it('an infinite logit is ordered, and its infinite loss is null', () => {
    const result = evaluateTask(binary, spoilt(Number.NEGATIVE_INFINITY));
    expect(result).toMatchObject({ auc: 0, logLoss: null });
    expect(evaluateTask(binary, spoilt(Number.POSITIVE_INFINITY)).auc).toBe(0.5);
  });
});

describe('pitfall 24: selection scores are higher when better', () => {
  it('AUC, and 1 - nmse', () => {
    expect(selectionScore(binary, { auc: 0.75, logLoss: 9 })).toBe(0.75);
    expect(selectionScore(regression, { mse: 9, nmse: 0.25 })).toBe(0.75);
    expect(selectionScore(regression, { mse: 9, nmse: 1.5 })).toBe(-0.5);
  });

  it('the loss is that of training', () => {
    expect(taskLoss(binary, { logLoss: 0.5 })).toBe(0.5);
    expect(taskLoss({ ...regression, scale: 2 }, { mse: 8 })).toBe(2);
    expect(taskLoss(binary, { logLoss: null })).toBeNull();
  });

  it('each type has one metric for the score and one for the loss', () => {
    for (const type of ['binary', 'regression', 'multiclass']) {
      const own = metrics.all.filter((metric) => metric.type === type);
      expect(own.filter(({ score }) => score)).toHaveLength(1);
      expect(own.filter(({ loss }) => loss)).toHaveLength(1);
    }
  });
});

function interval(value: unknown): readonly [number, number] {
  if (!Array.isArray(value) || value.length !== 2) throw new Error(`not an interval: ${value}`);
  return [Number(value[0]), Number(value[1])];
}
