import { describe, expect, it } from 'vitest';
import type { Task } from '../data/dataset.js';
import { randomFromSeed } from '../support/random.js';
import { evaluateTask, selectionScore, taskLoss } from './evaluate.js';
import { accuracy, macroAuc, multiclassLogLoss } from './multiclass.js';
import type { TaskScores } from './samples.js';

const task: Task = { name: 'status', type: 'multiclass', offset: 0, scale: 1, classes: ['a', 'b', 'c'] };

/** @param logits By row, of each class. */
function taskScores(logits: readonly (readonly number[])[], labels: readonly number[]): TaskScores {
  return {
    logits: Float64Array.from([0, 1, 2].flatMap((index) => logits.map((row) => row[index] ?? 0))),
    labels: Float64Array.from(labels),
    mask: Float64Array.from(labels, () => 1),
  };
}

// scikit-learn 1.4.2, Debian's python3-sklearn; i = np.arange(60)   z = np.stack([np.sin(i*i + 2*c) * (1 + c) for c in
// range(3)], 1); y = (7*i*i + i // 3) % 3; w = .5 + (i % 4)   p = softmax(z); roc_auc_score(y, p, multi_class='ovr',
// average='macro'[, sample_weight=w]), accuracy_score, log_loss
describe('rows with weights', () => {
  const rows = Array.from({ length: 60 }, (_, i) => i);
  const logits = Float64Array.from([0, 1, 2].flatMap((c) => rows.map((i) => Math.sin(i * i + 2 * c) * (1 + c))));
  const labels = Float64Array.from(rows, (i) => (7 * i * i + Math.floor(i / 3)) % 3);
  const weights = Float64Array.from(rows, (i) => 0.5 + (i % 4));

  it.each([
    ['without', weights.map(() => 1), [0.5259738477421404, 0.3333333333333333, 1.9030636884902585]],
    ['with', weights, [0.4360151856057541, 0.25833333333333336, 2.2139080756351155]],
  ])('agree with scikit-learn, %s weights', (_, mask, expected) => {
    const found = evaluateTask(task, { logits, labels, mask });
    const [macroAuc, accuracy, multiclassLogLoss] = expected.map((value) => expect.closeTo(value, 12));
    expect(found).toEqual({ macroAuc, accuracy, multiclassLogLoss, samples: 60, classes: 3 });
    expect(selectionScore(task, found)).toBe(1000 * Number(found.macroAuc));
    expect(taskLoss(task, found)).toBe(found.multiclassLogLoss);
  });

  it('of weight 0 are none, whatever they hold', () => {
    const spoilt = { logits: logits.with(3, Number.NaN), labels: labels.with(3, Number.NaN), mask: weights.with(3, 0) };
    expect(evaluateTask(task, spoilt)).toEqual(evaluateTask(task, { logits, labels, mask: weights.with(3, 0) }));
  });

  it('with NaN, or none at all, give null, with the counts beside it', () => {
    const nothing = { macroAuc: null, accuracy: null, multiclassLogLoss: null };
    const spoilt = evaluateTask(task, { logits: logits.with(70, Number.NaN), labels, mask: weights });
    expect(spoilt).toEqual({ ...nothing, samples: 60, classes: 3 });
    const none = evaluateTask(task, { logits, labels, mask: weights.map(() => 0) });
    expect(none).toEqual({ ...nothing, samples: 0, classes: 0 });
  });
});

it('of equal logits the first class is predicted, and a class without rows, or with all, has no part in the mean', () => {
  // The first class: 2, 1 against 0. The second: 3 against 1, 2.
  const two = taskScores(
    [
      [2, 1, 0],
      [0, 3, 0],
      [1, 2, 0],
    ],
    [0, 1, 0],
  );
  expect(evaluateTask(task, two)).toMatchObject({ macroAuc: 1, classes: 2 });
  const one = taskScores(
    [
      [1, 1, 1],
      [1, 2, 1],
    ],
    [0, 0],
  );
  expect(evaluateTask(task, one)).toMatchObject({ macroAuc: null, accuracy: 0.5, classes: 1 });
});

describe('errors over rows', () => {
  const rows = 200;
  const four = { ...task, classes: ['a', 'b', 'c', 'of no row'] };
  const random = randomFromSeed(3);
  const labels = Float64Array.from({ length: rows }, () => random.below(3));
  const logits = Float64Array.from({ length: 4 * rows }, (_, at) => {
    return random.normal() + (labels[at % rows] === Math.floor(at / rows) ? 1 : 0);
  });
  const mask = Float64Array.from({ length: rows }, () => (random.uniform() < 0.1 ? 0 : 0.5 + random.uniform()));

  it.each([macroAuc, accuracy, multiclassLogLoss])('of $name are those of the bootstrap', ({ name, influence }) => {
    const found = influence(four, { logits, labels, mask });
    const variance = (found ?? new Float64Array()).reduce((sum, value) => sum + value ** 2, 0);
    const draw = randomFromSeed(4);
    const values = Array.from({ length: 400 }, () => {
      const counts = new Float64Array(rows);
      const inside = [...mask.keys()].filter((row) => (mask[row] ?? 0) > 0);
      for (let i = 0; i < inside.length; i++) {
        const row = inside[draw.below(inside.length)] ?? 0;
        counts[row] = (counts[row] ?? 0) + 1;
      }
      return Number(
        evaluateTask(four, { logits, labels, mask: mask.map((weight, row) => weight * (counts[row] ?? 0)) })[name],
      );
    });
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const spread = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    expect(Math.sqrt(variance / spread)).toBeGreaterThan(0.88);
    expect(Math.sqrt(variance / spread)).toBeLessThan(1.12);
    for (const [row, weight] of mask.entries()) if (weight === 0) expect(found?.[row]).toBe(0);
  });
});
