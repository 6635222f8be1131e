import { describe, expect, test } from 'vitest';
import type { Task } from '../../data/dataset.js';
import { madeDataset } from '../dataset.fixture.js';
import { checkMonitor, nothingSelected, planSelection, type Selection, selectedAfter } from './selection.js';

const tasks: readonly Task[] = [
  { name: 'click', type: 'binary', offset: 0, scale: 1 },
  { name: 'time', type: 'regression', offset: 5, scale: 2 },
];
const validation = { click: { auc: 0.75, logLoss: 0.5 }, time: { mse: 12, nmse: 0.25 } };
const time = -100 * Math.log(0.25);

/** @param apart each task has its own network */
function selection(settings: object = {}, apart = false, of = tasks) {
  const earlyStopping = { monitor: 'mean', patience: null, ...settings };
  const owners = apart ? of.map(({ name }) => name) : [undefined];
  return planSelection({ owners, tasks: of, train: { earlyStopping, keep: 'best' }, lossWeights: [3, 0.1, 1] });
}

/** The states after epochs with these AUCs and errors. */
function followed(rule: Selection, epochs: readonly (readonly [auc: number | null, nmse: number | null])[]) {
  let state = nothingSelected(rule);
  return epochs.map(([auc, nmse], index) => {
    const metrics = {
      click: { auc, logLoss: auc === null ? null : 1 - auc },
      time: { mse: nmse && 48 * nmse, nmse },
    };
    state = selectedAfter(rule, state, index + 1, metrics);
    return state;
  });
}

const bestEpochs = (states: ReturnType<typeof followed>) =>
  states.map(({ tasks, choice }) => [...tasks, choice].map(({ bestEpoch }) => bestEpoch));
const stops = (states: ReturnType<typeof followed>) =>
  states[0]?.units.map((_, unit) => 1 + states.findIndex(({ units }) => units[unit]?.stopped));

describe('a joint model', () => {
  // The first task is best in epoch 2, and the second goes on to epoch 6.
  const epochs = [
    [0.7, 0.5],
    [0.8, 0.4],
    [0.79, 0.39],
    [0.78, 0.38],
    [0.77, 0.37],
    [0.76, 0.36],
    [0.76, 0.36],
    [0.75, 0.37],
  ] as const;

  test('keeps the best epoch of each task, and one for all by the mean in fixed units', () => {
    // From epoch 2 to 6: .04 AUC, 40 units, are lost; 100 ln(.4 / .36) = 10.5 are gained.
    expect(bestEpochs(followed(selection(), epochs)).at(-1)).toEqual([2, 6, 2]);
    const small = epochs.map(([auc, nmse]) => [0.7 + auc / 100, nmse] as const);
    expect(bestEpochs(followed(selection(), small)).at(-1)).toEqual([2, 6, 6]);
  });

  test('goes on while any task improves', () => {
    expect(stops(followed(selection({ patience: 2 }), epochs))).toEqual([8]);
    expect(stops(followed(selection({ patience: 2, monitor: 'task:click' }), epochs))).toEqual([4]);
    expect(stops(followed(selection({ patience: 2, monitor: 'metric:auc' }), epochs))).toEqual([4]);
    expect(stops(followed(selection({ patience: 2, minDelta: 12 }), epochs))).toEqual([4]); // 12 units: .012 AUC, 12 %
    expect(stops(followed(selection(), epochs))).toEqual([0]);
  });

  test('has one learning rate, which follows the scores of the tasks that it watches', () => {
    const seen: (readonly (number | null)[])[] = [];
    const follow: Selection['follow'] = (state, scores) => {
      seen.push(scores);
      return { ...state, reductions: state.reductions + 1 };
    };
    const states = followed({ ...selection({ monitor: 'task:time' }), follow }, epochs.slice(0, 2));
    expect(states.at(-1)?.units).toMatchObject([{ learningRate: { reductions: 2 } }]);
    expect(seen).toEqual([[-100 * Math.log(0.5)], [-100 * Math.log(0.4)]]);
  });

  test('a task without a score decides nothing, and keeps its last epoch', () => {
    const states = followed(selection({ patience: 2 }), [
      [null, 0.4],
      [null, 0.5],
      [null, 0.5],
    ]);
    expect(stops(states)).toEqual([3]);
    expect(bestEpochs(states).at(-1)).toEqual([3, 1, 1]);
  });
});

describe('networks of one task each', () => {
  const epochs = [
    [0.7, 0.5],
    [0.8, 0.6],
    [0.7, 0.6],
    [0.7, 0.3],
    [0.9, 0.2],
  ] as const;

  test('stop each by itself; then its epoch is decided, as in a run of its own', () => {
    const states = followed(selection({ patience: 2 }, true), epochs);
    expect(stops(states)).toEqual([4, 3]);
    expect(bestEpochs(states).at(-1)?.slice(0, 2)).toEqual([2, 1]);
  });

  test('have one epoch for all too, which tells what one epoch costs without any sharing', () => {
    expect(bestEpochs(followed(selection({ patience: 2 }, true), epochs)).at(-1)?.[2]).toBe(5);
  });
});

test('with keep: last every epoch replaces the one before', () => {
  const states = followed({ ...selection(), keep: 'last' }, [
    [0.9, 0.1],
    [0.5, 0.9],
    [null, null],
  ]);
  expect(bestEpochs(states)).toEqual([
    [1, 1, 1],
    [2, 2, 2],
    [3, 3, 3],
  ]);
});

describe('the score of an epoch', () => {
  test.each([
    ['mean', (750 + time) / 2, [750, time]],
    ['task:time', time, [750, time]],
    ['metric:logLoss', -0.5, [-0.5, time]],
    ['metric:mse', -12, [750, -12]],
    ['loss', -(3 * 0.5 + 0.1 * (12 / 2 ** 2)), [-0.5, -3]], // in the task's units, by the weights
  ])('for all tasks, and for each: %s', (monitor, ofAll, ofEach) => {
    for (const apart of [false, true]) {
      const { choice, tasks } = selection({ monitor }, apart);
      expect(choice.score(validation)).toBeCloseTo(ofAll, 12);
      expect(tasks.map(({ score }) => score(validation))).toEqual(ofEach);
    }
  });

  const oneClass = { ...validation, click: { auc: null, logLoss: 0.5 } };
  const none = { click: oneClass.click, time: { mse: 12, nmse: null } };

  test('leaves out a task that has none, and is refused where that task alone decides', () => {
    expect(selection().choice.score(oneClass)).toBe(time);
    expect(() => selection({ monitor: 'task:click' }).choice.score(oneClass)).toThrow(/No score .* 'click'/);
  });

  test('by a metric is the mean over the tasks that have it, and is refused where none has it', () => {
    const likes = [...tasks, { name: 'like', type: 'binary' as const, offset: 0, scale: 1 }];
    const score = (like: object) =>
      selection({ monitor: 'metric:auc' }, false, likes).choice.score({ ...validation, like: { ...like } });
    expect(score({ auc: 0.25, logLoss: 1 })).toBe(0.5);
    expect(score({ auc: null, logLoss: 1 })).toBe(0.75);
    expect(() => selection({ monitor: 'metric:auc' }).choice.score(oneClass)).toThrow(/no task has 'auc'/);
  });

  test('is the negated loss where there is no other', () => {
    expect(selection().tasks.map(({ score }) => score(none))).toEqual([-0.5, -3]);
    expect(selection().choice.score(none)).toBe(-(3 * 0.5 + 0.1 * 3));
  });

  test('without a validation row is none, and the last epoch is the best', () => {
    expect(
      bestEpochs(
        followed(selection({ patience: 1 }), [
          [null, null],
          [null, null],
          [null, null],
        ]),
      ).at(-1),
    ).toEqual([3, 3, 3]);
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
