import { describe, expect, test } from 'vitest';
import type { Task } from '../data/dataset.js';
import { madeDataset } from './dataset.fixture.js';
import { freshUnit } from './progress.js';
import { advance, checkMonitor, unitsOf } from './selection.js';

const tasks: readonly Task[] = [
  { name: 'click', type: 'binary', offset: 0, scale: 1 },
  { name: 'time', type: 'regression', offset: 5, scale: 2 },
];
const joint = [undefined];
const apart = ['click', 'time'];
const validation = { click: { auc: 0.75, logLoss: 0.5 }, time: { mse: 12, nmse: 0.25 } };

/** The epochs in which a unit is the best so far, and the one after which it stops. */
function followed(scores: readonly (number | null)[], patience: number | null, minDelta = 0) {
  let state = freshUnit;
  const improved: number[] = [];
  for (const [index, score] of scores.entries()) {
    const next = advance(state, index + 1, score, { patience, minDelta });
    if (next.improved) improved.push(index + 1);
    state = next.state;
    if (state.stopped) return { improved, stopped: index + 1, state };
  }
  return { improved, stopped: null, state };
}

describe('patience', () => {
  const scores = [0.5, 0.6, 0.6, 0.55, 0.7, 0.1, 0.2, 0.3, 0.9];

  test.each([
    [1, 3, [1, 2]],
    [3, 8, [1, 2, 5]],
    [null, null, [1, 2, 5, 9]],
  ])('of %j epochs without a better score', (patience, stopped, improved) => {
    expect(followed(scores, patience)).toMatchObject({ stopped, improved });
  });

  test('with minDelta gains add up until they are larger, and any gain makes the best epoch', () => {
    const rising = [0, 1, 2, 3, 4, 5, 6].map((score) => score / 16); // exact; every third gain is larger than two
    expect(followed(rising, 3, 2 / 16)).toMatchObject({ stopped: null, improved: [1, 2, 3, 4, 5, 6, 7] });
  });
});

describe('the score of an epoch', () => {
  test.each([
    ['mean', (2 * 0.75 - 1 + 1 - 0.25) / 2], // each from 0, of a constant prediction, to 1
    ['task:time', 1 - 0.25],
    ['metric:logLoss', -0.5],
    ['metric:mse', -12],
    ['loss', -(3 * 0.5 + 0.1 * (12 / 2 ** 2))], // in the task's units, by the weights
  ])('of a joint model, by %s', (monitor, expected) => {
    const [unit, ...others] = unitsOf(joint, tasks, monitor, [3, 0.1]);
    expect(others).toEqual([]);
    expect(unit?.score(validation)).toBeCloseTo(expected, 12);
  });

  test.each([
    ['mean', 0.75, 0.75],
    ['metric:logLoss', -0.5, 0.75],
    ['metric:mse', 0.75, -12],
    ['loss', -0.5, -3],
  ])('of independent networks, each by its own: %s', (monitor, click, time) => {
    const units = unitsOf(apart, tasks, monitor, [3, 0.1]);
    expect(units.map(({ owner, score }) => [owner, score(validation)])).toEqual([
      ['click', click],
      ['time', time],
    ]);
  });

  const oneClass = { ...validation, click: { auc: null, logLoss: 0.5 } };
  const none = { click: oneClass.click, time: { mse: 12, nmse: null } };

  test('leaves out a task that has none, and is refused where that task alone decides', () => {
    expect(unitsOf(joint, tasks, 'mean', [1, 1])[0]?.score(oneClass)).toBe(0.75);
    const other = { click: validation.click, time: none.time };
    expect(unitsOf(joint, tasks, 'mean', [1, 1])[0]?.score(other)).toBe(0.5); // 2 AUC - 1, as in other epochs
    expect(() => unitsOf(joint, tasks, 'task:click', [1, 1])[0]?.score(oneClass)).toThrow(/No score .* 'click'/);
  });

  test('by a metric is the mean over the tasks that have it, and is refused where none has it', () => {
    const likes = [...tasks, { name: 'like', type: 'binary' as const, offset: 0, scale: 1 }];
    const score = (like: object, monitor: string) =>
      unitsOf(joint, likes, monitor, [1, 1, 1])[0]?.score({ ...validation, like: { ...like } });
    expect(score({ auc: 0.25, logLoss: 1 }, 'metric:auc')).toBe(0.5);
    expect(score({ auc: null, logLoss: 1 }, 'metric:auc')).toBe(0.75);
    expect(() => unitsOf(joint, tasks, 'metric:auc', [1, 1])[0]?.score(oneClass)).toThrow(/no task has 'auc'/);
  });

  test('is the negated loss where no task of a unit has one', () => {
    const units = unitsOf(apart, tasks, 'mean', [3, 0.1]);
    expect(units.map((unit) => unit.score(oneClass))).toEqual([-0.5, 0.75]);
    expect(units.map((unit) => unit.score(none))).toEqual([-0.5, -3]);
  });

  test('without a validation row is none, and the last epoch is the best', () => {
    const empty = { ...validation, click: { auc: null, logLoss: null } };
    expect(unitsOf(apart, tasks, 'mean', [1, 1])[0]?.score(empty)).toBeNull();
    expect(followed([null, null, null], 1)).toMatchObject({ improved: [1, 2, 3], stopped: null });
  });
});

describe('the monitor is looked at before training', () => {
  const rows = 8;
  const dataset = (label: (row: number) => number, mask = (_row: number) => 1) => {
    const { dataset } = madeDataset(tasks, { rows, label: () => 0 });
    const of = (from: number, value: (row: number) => number) =>
      Float32Array.from({ length: 4 * tasks.length }, (_, at) => (at % 2 === 0 ? value(from + at / 2) : 5));
    const read = async (index: number) => ({
      rows: 4,
      categorical: new Int32Array(4),
      numeric: new Float32Array(8),
      labels: of(4 * index, label),
      masks: of(4 * index, mask),
    });
    return { ...dataset, splits: { ...dataset.splits, validation: { rows, blockRows: 4, read } } };
  };
  const last = (row: number) => (row === 7 ? 1 : 0);

  test('in all blocks, and only in the sample space', async () => {
    await expect(checkMonitor('task:click', dataset(last))).resolves.toBeUndefined();
    const outside = dataset(last, (row) => 1 - last(row));
    await expect(checkMonitor('task:click', outside)).rejects.toThrow(/one class or no variance in 'click'/);
  });

  test('for a single task alone', async () => {
    await expect(checkMonitor('task:time', dataset(last))).rejects.toThrow(/'time'/);
    const constant = dataset(() => 0);
    await expect(checkMonitor('mean', constant)).resolves.toBeUndefined();
  });
});
