import { describe, expect, test } from 'vitest';
import type { TaskMetrics } from '../metrics/evaluate.js';
import type { EpochRecord } from './epoch-record.js';
import { howEnded } from './result.js';

type Configured = Parameters<typeof howEnded>[1];
const click = { name: 'click', type: 'binary', standardize: false } as const;
const time = { name: 'time', type: 'regression', standardize: false } as const;
const balanced = { schedule: { type: 'constant' }, balancing: { type: 'famo' } };
const optimizer = { type: 'adam' };
const earlyStopping = { monitor: 'mean', patience: null, minDelta: 0 };

/** epochs.jsonl of these metrics, epoch by epoch. */
const recorded = (epochs: readonly Readonly<Record<string, TaskMetrics>>[]): EpochRecord[] =>
  epochs.map((validation, index) => ({
    epoch: index + 1,
    steps: 2,
    train: { loss: 1, tasks: {} },
    validation,
    weights: { click: 1, time: 9 }, // a balancing method's
    seconds: 1,
  }));
const auc = (errors: readonly number[]) =>
  errors.map((error) => ({ click: { auc: 1 - error, logLoss: 9, samples: 5 } }));

/** A run of one task that trained as many epochs as there are errors. */
const ended = (
  errors: readonly number[],
  allowed = errors.length,
  stopping: Partial<typeof earlyStopping> | object = {},
) =>
  howEnded(
    recorded(auc(errors)),
    {
      tasks: [click],
      loss: { ...balanced, weights: {} },
      train: {
        epochs: allowed,
        batchSize: 1,
        accumulate: 1,
        optimizer,
        earlyStopping: { ...earlyStopping, ...stopping },
      },
    },
    1,
  );

describe('by the fall of the least error over the last fifth of the allowed epochs', () => {
  const before = [0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5];
  test.each([
    ['by less than 1 % is a plateau', [...before, 0.5, 0.4951], 'plateau'],
    ['by 1 % is the limit', [...before, 0.4975, 0.495], 'limit'],
    ['before them is a plateau', [...before.slice(1), 0.25, 0.26, 0.2499], 'plateau'],
  ])('%s', (_, errors, expected) => {
    expect(ended(errors)).toBe(expected);
  });

  test('which is at least one epoch', () => {
    expect(ended([0.5, 0.49])).toBe('limit');
    expect(ended([0.5])).toBe('limit'); // nothing to compare with
  });
});

test('a run that patience stopped is on a plateau, however it fell before', () => {
  expect(ended([0.5, 0.4, 0.3, 0.3, 0.3], 5, { patience: 2 })).toBe('plateau'); // with its last epoch
  expect(ended([0.9, 0.7, 0.5, 0.4, 0.35], 5, { patience: 2 })).toBe('limit');
  expect(ended([0.9, 0.89, 0.88, 0.8, 0.78], 5, { patience: 2, minDelta: 0.05 })).toBe('plateau');
});

describe('of several tasks', () => {
  const config = (monitor: string, standardize = false): Configured => ({
    tasks: [click, { ...time, standardize }],
    loss: { ...balanced, weights: { click: { initial: 3, ratio: 1 }, time: { initial: 0.5, ratio: 1 } } },
    train: { epochs: 5, batchSize: 1, accumulate: 1, optimizer, earlyStopping: { ...earlyStopping, monitor } },
  });
  const metrics = (click: number, time: number) => ({
    click: { auc: 1 - click, logLoss: click, samples: 5 },
    time: { mse: 100 * time, nmse: time, samples: 5, labelVariance: 100 },
  });
  /** The last epoch is all of the last fifth. */
  const epochs = (...last: Parameters<typeof metrics>) =>
    recorded([...Array(4).fill(metrics(0.5, 0.5)), metrics(...last)]);

  test('a joint model goes by its score, or by its weighted loss', () => {
    expect(howEnded(epochs(0.5, 0.485), config('mean'), 5)).toBe('limit'); // 1.5 % of the mean
    expect(howEnded(epochs(0.5, 0.495), config('mean'), 5)).toBe('plateau');
    // 3 * 0.5 + 0.5 * 50 falls by 0.5 * 3: 5.7 %; standardised, 3 * 0.5 + 0.5 * 0.5 falls by 0.5 * 0.03: 0.9 %
    expect(howEnded(epochs(0.5, 0.47), config('loss'), 5)).toBe('limit');
    expect(howEnded(epochs(0.5, 0.47), config('loss', true), 5)).toBe('plateau');
  });

  test('independent networks are at the limit if one is', () => {
    const own = { click: 5, time: 5 };
    expect(howEnded(epochs(0.499, 0.494), config('mean'), own)).toBe('limit');
    expect(howEnded(epochs(0.499, 0.494), config('mean'), 5)).toBe('plateau'); // of one model, 0.7 %
  });
});
