import { describe, expect, test } from 'vitest';
import type { Task } from '../data/dataset.js';
import type { Parameters } from '../models/model.js';
import { float32 } from '../support/arrays.js';
import { DataError } from '../support/errors.js';
import { madeDataset } from './dataset.fixture.js';
import { freshProgress } from './progress.js';
import { advance, checkMonitor, unitsOf } from './selection.js';

const tasks: readonly Task[] = [
  { name: 'click', type: 'binary', offset: 0, scale: 1 },
  { name: 'time', type: 'regression', offset: 5, scale: 2 },
];
const parameter = (task?: string): Parameters[string] => ({
  value: float32([1]),
  kind: 'weight',
  ...(task === undefined ? {} : { task }),
});
const joint: Parameters = { shared: parameter(), own: parameter('click') };
const apart: Parameters = { a: parameter('click'), b: parameter('time') };
const validation = { click: { auc: 0.75, logLoss: 0.5 }, time: { mse: 12, nmse: 0.25 } };

/** The epochs in which a unit is the best so far, and the one after which it stops. */
function followed(scores: readonly (number | null)[], patience: number | null) {
  let [state] = freshProgress(1, 1).units;
  const improved: number[] = [];
  for (const [index, score] of scores.entries()) {
    if (!state) throw new Error('there is no unit');
    const next = advance(state, index + 1, score, patience);
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
    [2, 4, [1, 2]],
    [3, 8, [1, 2, 5]],
    [4, null, [1, 2, 5, 9]],
    [null, null, [1, 2, 5, 9]],
  ])('of %j epochs without a better score', (patience, stopped, improved) => {
    expect(followed(scores, patience)).toMatchObject({ stopped, improved });
  });

  test('what has stopped stays as it was', () => {
    const { state } = followed(scores, 2);
    if (!state) throw new Error('there is no unit');
    expect(advance(state, 5, 0.99, 2)).toEqual({ state, improved: false });
    expect(state).toEqual({ bestEpoch: 2, bestScore: 0.6, stopped: true });
  });
});

describe('the score of an epoch', () => {
  test.each([
    ['mean', (0.75 + 1 - 0.25) / 2],
    ['task:click', 0.75],
    ['task:time', 1 - 0.25],
    ['loss', -(3 * 0.5 + 0.1 * (12 / 2 ** 2))], // in the task's units, by the weights
  ])('of a joint model, by %s', (monitor, expected) => {
    const [unit, ...others] = unitsOf(joint, tasks, monitor, [3, 0.1]);
    expect(others).toEqual([]);
    expect(unit?.score(validation)).toBeCloseTo(expected, 12);
  });

  test.each([
    ['mean', 0.75, 0.75],
    ['task:click', 0.75, 0.75],
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
    expect(() => unitsOf(joint, tasks, 'task:click', [1, 1])[0]?.score(oneClass)).toThrow(/No score .* 'click'/);
  });

  test.each(['mean', 'task:click', 'task:time'])(
    'is the negated loss where no task of a unit has one: %s',
    (monitor) => {
      expect(unitsOf(apart, tasks, monitor, [3, 0.1]).map((unit) => unit.score(oneClass))).toEqual([-0.5, 0.75]);
      expect(unitsOf(apart, tasks, monitor, [3, 0.1]).map((unit) => unit.score(none))).toEqual([-0.5, -3]);
    },
  );

  test('of a joint model none of whose tasks has one is the joint loss', () => {
    expect(unitsOf(joint, tasks, 'mean', [3, 0.1])[0]?.score(none)).toBeCloseTo(-(3 * 0.5 + 0.1 * 3), 12);
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
    const { dataset } = madeDataset(tasks, {
      train: { rows, label: () => 0 },
      validation: { rows, label: () => 0 },
      test: { rows, label: () => 0 },
    });
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
    await expect(checkMonitor('task:click', outside)).rejects.toThrow(DataError);
    await expect(checkMonitor('task:click', outside)).rejects.toThrow(/one class or no variance in 'click'/);
  });

  test('for a single task alone', async () => {
    await expect(checkMonitor('task:time', dataset(last))).rejects.toThrow(/'time'/);
    for (const monitor of ['mean', 'loss'])
      await expect(
        checkMonitor(
          monitor,
          dataset(() => 0),
        ),
      ).resolves.toBeUndefined();
  });
});
