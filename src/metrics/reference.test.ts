import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Task } from '../data/dataset.js';
import { binaryAccuracy, logLoss, normalisedEntropy } from './binary.js';
import { metrics } from './catalogue.js';
import { evaluateTask, selectionScore, taskLoss } from './evaluate.js';
import { mse, nmse, r2 } from './regression.js';
import { delongVariance, errorOfAreaGain } from './row-influence.js';
import {
  binary,
  labels,
  logits,
  multiclass,
  ones,
  predictions,
  type Row,
  ratings,
  regression,
  binary as task,
  taskScores,
  weights,
} from './rows.fixture.js';
import { binarySample, sigmoid } from './samples.js';

test('every metric has a value here, of another calculation', () => {
  const tests = ['reference', 'grouped', 'pairs'].map((name) =>
    readFileSync(join(import.meta.dirname, `${name}.test.ts`), 'utf8'),
  );
  const expectations = tests.join('').replaceAll(/^(import[^;]*;|\s*\/\/.*)$/gm, '');
  expect(metrics.names.filter((name) => !new RegExp(`\\b${name}\\b`).test(expectations))).toEqual([]);
});

const clicks = { logits, labels };
const times = { logits: predictions, labels: ratings };
const smooth = { logits: ones.map((_, i) => 3 * Math.sin(i * i)), labels };

// scikit-learn 1.4.2 and numpy: i = np.arange(200); x = np.floor(30*np.sin(i*i)+.5)/10; y = (np.sin(7*i+1)+.4*x > .8);
// p = 1/(1+np.exp(-x)); t = 5+2*np.sin(3*i); q = t+np.cos(i*i); sample_weight=w is None, or ((i*7)%6)/2:
// roc_auc_score(y, x), log_loss(y, p), average_precision_score(y, x), accuracy_score(y, p > .5), mean_squared_error(t,
// q), 1-r2_score(t, q), r2_score(t, q), mean_absolute_error(t, q), t.var() Normalised entropy, by Python's math: q = p
// if y else 1-p; L = fsum(-w*log(q))/W, s = fsum(w*y)/W; L/-(s*log(s)+(1-s)*log(1-s)) Calibration error, of z =
// 3*np.sin(i*i) without ties: sum(abs(p[c].sum()-y[c].sum()))/200 over 15 cuts of np.argsort(z) into equal counts, or
// of equal length out of np.cumsum(w[np.argsort(z)]).
test.each([
  ['auc', binary, clicks, 0.8693556570268899, 0.88666935700834],
  ['logLoss', binary, clicks, 0.5966391275360013, 0.6364448581464993],
  ['averagePrecision', binary, clicks, 0.6013539055859088, 0.6344987815023501],
  ['normalisedEntropy', binary, clicks, 1.0229405651262042, 1.1600177956009972],
  ['binaryAccuracy', binary, clicks, 0.75, 0.7358870967741935],
  ['calibrationError', binary, smooth, 0.22896530507774052, 0.2677146431016584],
  ['mse', regression, times, 0.5109901890417557, 0.5056361742447802],
  ['nmse', regression, times, 0.25589380810364415, 0.25117128264949307],
  ['r2', regression, times, 0.7441061918963559, 0.7488287173505069],
  ['mae', regression, times, 0.6489752159918802, 0.646294239984995],
  ['labelVariance', regression, times, 1.9968837574795495, 2.0131129996672046],
] as const)(
  '%s is what scikit-learn and numpy compute, without and with weights',
  (name, task, rows, plain, weighted) => {
    expect(evaluateTask(task, { ...rows, mask: ones })[name]).toBeCloseTo(plain, 12);
    expect(evaluateTask(task, { ...rows, mask: weights })[name]).toBeCloseTo(weighted, 12);
  },
);

const three = { ...multiclass, classes: ['a', 'b', 'c'] };

// scikit-learn 1.4.2; i = np.arange(60)   z = np.stack([np.sin(i*i + 2*c) * (1 + c) for c in range(3)], 1); y = (7*i*i +
// i // 3) % 3; w = .5 + (i % 4)   p = softmax(z); roc_auc_score(y, p, multi_class='ovr', average='macro'[,
// sample_weight=w]), accuracy_score, log_loss
test.each([
  [(_: number) => 1, [0.5259738477421404, 0.3333333333333333, 1.9030636884902585]],
  [(i: number) => 0.5 + (i % 4), [0.4360151856057541, 0.25833333333333336, 2.2139080756351155]],
])('metrics of classes are what scikit-learn computes: weights %s', (weight, expected) => {
  const rows = Array.from({ length: 60 }, (_, i) => i);
  const logits = Float64Array.from([0, 1, 2].flatMap((c) => rows.map((i) => Math.sin(i * i + 2 * c) * (1 + c))));
  const labels = Float64Array.from(rows, (i) => (7 * i * i + Math.floor(i / 3)) % 3);
  const found = evaluateTask(three, { logits, labels, mask: Float64Array.from(rows, weight) });
  const [macroAuc, accuracy, multiclassLogLoss] = expected.map((value) => expect.closeTo(value, 12));
  expect(found).toEqual({ macroAuc, accuracy, multiclassLogLoss, samples: 60, classes: 3 });
  expect(selectionScore(three, found)).toBe(1000 * Number(found.macroAuc));
  expect(taskLoss(three, found)).toBe(found.multiclassLogLoss);
});

test('of equal logits the first class is predicted, and a class without rows, or with all, has no part in the mean', () => {
  const of = (logits: readonly number[], labels: readonly number[]) => {
    const mask = Float64Array.from(labels, () => 1);
    return evaluateTask(three, { logits: Float64Array.from(logits), labels: Float64Array.from(labels), mask });
  };
  // The first class: 2, 1 against 0. The second: 3 against 1, 2.
  expect(of([2, 0, 1, 1, 3, 2, 0, 0, 0], [0, 1, 0])).toMatchObject({ macroAuc: 1, classes: 2 });
  expect(of([1, 1, 1, 2, 1, 1], [0, 0])).toMatchObject({ macroAuc: null, accuracy: 0.5, classes: 1 });
});

/** Of groups: all of one unless they are given. */
const grouped = (logits: readonly number[], labels: readonly number[], groups = logits.map(() => 3)) =>
  evaluateTask(binary, {
    ...{ logits: Float64Array.from(logits), labels: Float64Array.from(labels) },
    ...{ mask: Float64Array.from(labels, () => 1), groups: Int32Array.from(groups) },
  });

test('NDCG@10 is the mean of scikit-learn’s over groups with both classes', () => {
  // scikit-learn 1.4.2: x = np.floor(10*np.sin(i*i)+.5)/10; y = (np.sin(7*i+1)+.4*x > .8); g = (i*i)%9;
  // np.mean([ndcg_score([y[g==v]], [x[g==v]], k=10) for v in set(g) if 0 < y[g==v].sum() < (g==v).sum()])
  const rows = Array.from({ length: 200 }, (_, i) => i);
  const logits = rows.map((i) => Math.round(Math.sin(i * i) * 10) / 10);
  const labels = rows.map((i) => (Math.sin(7 * i + 1) + 0.4 * (logits[i] ?? 0) > 0.8 ? 1 : 0));
  const found = grouped(
    logits,
    labels,
    rows.map((i) => (i * i) % 9),
  );
  expect(found).toMatchObject({ groups: 4, groupedHitRate10: 1 });
  expect(found.groupedNdcg10).toBeCloseTo(0.5111175050110749, 12);
});

test('a group’s hit rate is the probability of a positive among the first ten in a random order of ties', () => {
  // Eight rows above a tie of four with two positives; two places are left: 1 - (2/4) (1/3).
  const tied = [9, 8, 7, 6, 5, 4, 3, 2, 0.5, 0.5, 0.5, 0.5, -1];
  expect(grouped(tied, [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 1]).groupedHitRate10).toBeCloseTo(
    1 - (2 / 4) * (1 / 3),
    12,
  );
  const eleven = Array.from({ length: 11 }, (_, i) => -i);
  const last = eleven.map((_, i) => Number(i === 10));
  expect(grouped(eleven, last)).toMatchObject({ groupedHitRate10: 0, groupedNdcg10: 0 });
  expect(grouped([1, 2], [1, 1]).groupedNdcg10).toBeNull();
});

test('in a right order the area is 1, however weights add up, and has no interval', () => {
  const rows = Array.from({ length: 40 }, (_, i) => i);
  const right = {
    labels: Float64Array.from(rows, (i) => Number(i >= 13)),
    mask: Float64Array.from(rows, (i) => 0.1 + i / 7),
  };
  const of = (sign: number) => evaluateTask(binary, { ...right, logits: Float64Array.from(rows, (i) => sign * i) });
  expect([of(1), of(-1)]).toMatchObject([
    { auc: 1, aucInterval: null },
    { auc: 0, aucInterval: null },
  ]);
});

test('the squares of a mean’s influences add up to its variance', () => {
  const own = { ...clicks, mask: ones };
  const share = Number(evaluateTask(binary, own).binaryAccuracy);
  const squares = binaryAccuracy.influence(binary, own)?.reduce((sum, value) => sum + value ** 2, 0);
  expect(squares).toBeCloseTo((share * (1 - share)) / 199, 15);
});

// numpy, of all pairs: psi = (X[:,None]>Y) + 0.5*(X[:,None]==Y), placements V = psi@b/b.sum(), U = a@psi/a.sum(), and
// of both len(w)/(len(w)-1)*((w*(V-auc))**2).sum()/w.sum()**2. With weights, the jackknife that leaves out a row gives
// 0.00075126.
test('DeLong’s variance is what numpy computes, and the interval is of the log-odds', () => {
  const [plain, weighted] = [ones, weights].map((mask) => delongVariance(binarySample({ ...clicks, mask })));
  expect(plain).toBeCloseTo(0.0005998110689024569, 15);
  expect(weighted).toBeCloseTo(0.0007437703896496584, 15);
  const { auc, aucInterval, samples, positives } = evaluateTask(binary, { ...clicks, mask: ones });
  expect([samples, positives]).toEqual([200, 54]);
  expect(evaluateTask(binary, { ...clicks, mask: weights })).toMatchObject({ samples: 166, positives: 40 }); // of a weight above 0
  const area = Number(auc);
  const half = (1.959963984540054 * Math.sqrt(plain ?? 0)) / (area * (1 - area));
  const odds = (share: number) => Math.log(share / (1 - share));
  const ends = [odds(area) - half, odds(area) + half];
  expect([aucInterval].flat().map((end) => odds(Number(end)))).toEqual(ends.map((end) => expect.closeTo(end, 12)));
});

const share = labels.reduce((sum, label) => sum + label) / 200;

test('a constant prediction of the share of positives, a right order, and one class', () => {
  const constant = { logits: ones.map(() => Math.log(share / (1 - share))), labels, mask: ones };
  const one = expect.closeTo(1, 12);
  const expected = { averagePrecision: expect.closeTo(share, 12), normalisedEntropy: one, predictedOverObserved: one };
  expect(evaluateTask(binary, constant)).toMatchObject({ ...expected, calibrationError: expect.closeTo(0, 12) });
  expect(evaluateTask(binary, { logits: labels, labels, mask: ones }).averagePrecision).toBe(1);
  const single = { logits, labels: ones, mask: ones };
  expect(evaluateTask(binary, single)).toMatchObject({ averagePrecision: null, normalisedEntropy: null });
  expect(normalisedEntropy.influence(binary, single)).toBeNull();
});

test('mean predictions over mean labels, by weight and through a log link; without a mean label there is none', () => {
  const three = { logits: Float64Array.of(Math.log(0.25 / 0.75), 0, Math.log(3)), labels: Float64Array.of(0, 0, 1) };
  const observed = (...mask: readonly number[]) =>
    evaluateTask(binary, { ...three, mask: Float64Array.from(mask) }).predictedOverObserved;
  expect(observed(1, 1, 1)).toBeCloseTo(0.25 + 0.5 + 0.75, 12);
  expect(observed(2, 0, 3)).toBeCloseTo((2 * 0.25 + 3 * 0.75) / 3, 12);
  expect(observed(1, 1, 0)).toBeNull();

  const spent = (task: Partial<Task>, own: readonly number[], ...mask: readonly number[]) => {
    const scores = { logits: Float64Array.of(0, 1, 2), labels: Float64Array.from(own), mask: Float64Array.from(mask) };
    return evaluateTask({ ...regression, ...task }, scores);
  };
  const scaled = { offset: 1, scale: 2 }; // predictions 1, 3, 5
  expect(spent(scaled, [2, 3, 1], 1, 1, 1).predictedOverActual).toBe(9 / 6);
  expect(spent(scaled, [2, 3, 1], 2, 0, 0.5).predictedOverActual).toBeCloseTo(4.5 / 4.5, 12);
  expect(spent(scaled, [-1, 1, 0], 1, 1, 1).predictedOverActual).toBeNull();
  const log = spent({ link: 'log' }, [2, 3, 1], 1, 1, 1);
  expect(log.predictedOverActual).toBeCloseTo((1 + Math.E + Math.E ** 2) / 6, 12);
  expect(log.mae).toBeCloseTo((1 + 3 - Math.E + Math.E ** 2 - 1) / 3, 12);
});

test('influences on ratios are those on the loss over what it is relative to, which is given', () => {
  const scores = { ...times, mask: weights };
  const variance = Number(evaluateTask(regression, scores).labelVariance);
  const entropy = -(share * Math.log(share) + (1 - share) * Math.log(1 - share));
  const own = { ...clicks, mask: ones };
  for (const [found, loss, factor] of [
    [normalisedEntropy.influence(binary, own), logLoss.influence(binary, own), 1 / entropy],
    [nmse.influence(regression, scores), mse.influence(regression, scores), 1 / variance],
    [r2.influence(regression, scores), mse.influence(regression, scores), -1 / variance],
  ] as const) {
    expect(found).toHaveLength(200);
    expect([...(found ?? [])]).toEqual([...(loss ?? [])].map((value) => expect.closeTo(value * factor, 12)));
  }
  const flat = { ...scores, labels: ones };
  expect([nmse, r2].map(({ influence }) => influence(regression, flat))).toEqual([null, null]);
});

test('a probability is the logistic function of the logit, to the last bit', () => {
  expect([0, -Infinity, Infinity, -1000, 1000].map(sigmoid)).toEqual([0.5, 0, 1, 0, 1]);
  expect([-3.7, 1.25].map(sigmoid)).toEqual([1 / (1 + Math.exp(3.7)), 1 / (1 + Math.exp(-1.25))]);
});

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

test('before training, the error over rows of a gain is that of areas under exponential scores (Hanley and McNeil 1982)', () => {
  const [area, positives, negatives] = [0.8, 400, 4000];
  const scores = (rows: number, mean: number) =>
    Array.from({ length: rows }, (_, row) => -mean * Math.log((row + 0.5) / rows));
  const variance = delongVariance({
    positives: Float64Array.from(scores(positives, area / (1 - area))).sort(),
    negatives: Float64Array.from(scores(negatives, 1)).sort(),
  });
  const ofPair = 2 * (1 - 0.99) * (variance ?? 0);
  expect(errorOfAreaGain({ positives, negatives }, area) / Math.sqrt(ofPair)).toBeCloseTo(1, 2);
});
