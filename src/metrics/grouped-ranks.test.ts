import { describe, expect, test } from 'vitest';
import { randomFromSeed } from '../support/random.js';
import { evaluateTask } from './evaluate.js';
import { groupedHitRate10, groupedNdcg10 } from './grouped.js';
import { binary as task } from './rows.fixture.js';
import type { TaskScores } from './samples.js';

const taskScores = (logits: readonly number[], labels: readonly number[], groups: readonly number[]): TaskScores => ({
  logits: Float64Array.from(logits),
  labels: Float64Array.from(labels),
  mask: Float64Array.from(labels, () => 1),
  groups: Int32Array.from(groups),
});

const rows = Array.from({ length: 200 }, (_, i) => i);
const logits = rows.map((i) => Math.round(Math.sin(i * i) * 10) / 10);
const labels = rows.map((i) => (Math.sin(7 * i + 1) + 0.4 * (logits[i] ?? 0) > 0.8 ? 1 : 0));

test('NDCG@10 is the mean of scikit-learn’s over groups with both classes', () => {
  // scikit-learn 1.4.2: x = np.floor(10*np.sin(i*i)+.5)/10; y = (np.sin(7*i+1)+.4*x > .8); g = (i*i)%9;
  // np.mean([ndcg_score([y[g==v]], [x[g==v]], k=10) for v in set(g) if 0 < y[g==v].sum() < (g==v).sum()])
  const groups = rows.map((i) => (i * i) % 9);
  const found = evaluateTask(task, taskScores(logits, labels, groups));
  expect(found).toMatchObject({ groups: 4, groupedHitRate10: 1 });
  expect(found.groupedNdcg10).toBeCloseTo(0.5111175050110749, 12);
});

test('a group’s hit rate is the probability of a positive among the first ten in a random order of ties', () => {
  // Eight rows above a tie of four with two positives; two places are left: 1 - (2/4) (1/3).
  const tied = [...Array.from({ length: 8 }, (_, i) => 9 - i), 0.5, 0.5, 0.5, 0.5, -1];
  const positives = [...Array.from({ length: 8 }, () => 0), 1, 1, 0, 0, 1];
  const of = (logits: readonly number[], positives: readonly number[]) =>
    evaluateTask(
      task,
      taskScores(
        logits,
        positives,
        logits.map(() => 3),
      ),
    );
  expect(of(tied, positives).groupedHitRate10).toBeCloseTo(1 - (2 / 4) * (1 / 3), 12);
  const eleven = Array.from({ length: 11 }, (_, i) => -i);
  const last = eleven.map((_, i) => Number(i === 10));
  expect(of(eleven, last)).toMatchObject({ groupedHitRate10: 0, groupedNdcg10: 0 });
  expect(of([1, 2], [1, 1]).groupedNdcg10).toBeNull();
});

describe.each([groupedNdcg10, groupedHitRate10])('$name', ({ name, influence }) => {
  const random = randomFromSeed(2);
  const groups = Array.from({ length: 900 }, () => random.below(40));
  const clicks = groups.map(() => Number(random.uniform() < 0.06));
  const scores = taskScores(
    groups.map((_, row) => random.normal() + (clicks[row] ?? 0)),
    clicks,
    groups,
  );

  test('has the variance of a mean over groups, at each group’s first row', () => {
    const found = influence(task, scores) ?? new Float64Array();
    const variance = found.reduce((sum, value) => sum + value ** 2, 0);
    const firsts = new Set([...new Set(groups)].map((group) => groups.indexOf(group)));
    for (const [row, value] of found.entries()) if (!firsts.has(row)) expect(value).toBe(0);
    const single = [...new Set(groups)].flatMap((group) => {
      const inside = [...groups.keys()].filter((row) => groups[row] === group);
      const of = (values: ArrayLike<number>) => inside.map((row) => values[row] ?? 0);
      const value = evaluateTask(task, taskScores(of(scores.logits), of(scores.labels), of(groups)))[name];
      return typeof value === 'number' ? [value] : [];
    });
    const mean = single.reduce((sum, value) => sum + value, 0) / single.length;
    expect(evaluateTask(task, scores)[name]).toBeCloseTo(mean, 12);
    const squares = single.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    expect(variance).toBeCloseTo(squares / single.length / (single.length - 1), 12);
  });

  test('has none without groups, and for a single one', () => {
    const { groups: _, ...without } = scores;
    expect(influence(task, without)).toBeNull();
    expect(influence(task, taskScores([1, 2], [0, 1], [1, 1]))).toBeNull();
  });
});
