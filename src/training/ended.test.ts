import { describe, expect, test } from 'vitest';
import type { TaskMetrics } from '../metrics/evaluate.js';
import { type Ended, howEnded, worstEnd } from './ended.js';
import type { EpochRecord } from './epoch-record.js';

type Configured = Parameters<typeof howEnded>[1];
const click = { name: 'click', type: 'binary', standardize: false } as const;
const time = { name: 'time', type: 'regression', standardize: false } as const;
const balanced = { schedule: { type: 'constant' }, balancing: { type: 'famo' } };
const adam = { type: 'adam', learningRate: 0.1 };
const cosine = { ...adam, schedule: { type: 'cosine' } };

/** epochs.jsonl of these metrics and learning rates, epoch by epoch. */
function recorded(epochs: readonly Readonly<Record<string, TaskMetrics>>[], rates: readonly number[]): EpochRecord[] {
  return epochs.map((validation, index) => ({
    epoch: index + 1,
    steps: 2,
    train: { loss: 1, tasks: {} },
    validation,
    weights: { click: 1, time: 9 }, // a balancing method's
    learningRate: rates[Math.min(index, rates.length - 1)] ?? 0.1,
    seconds: 1,
  }));
}

function config(tasks: Configured['tasks'], train: object, stopping: object = {}): Configured {
  return {
    tasks,
    loss: { ...balanced, weights: { click: { initial: 3, ratio: 1 }, time: { initial: 0.5, ratio: 1 } } },
    train: {
      ...{ epochs: 5, batchSize: 1, keep: 'best', optimizer: adam, ...train },
      earlyStopping: { monitor: 'mean', patience: null, ...stopping },
    },
  };
}

/** A run of one task with these AUCs. */
function ended(
  aucs: readonly number[],
  {
    rates = [0.1],
    stopping = {},
    ...train
  }: { rates?: readonly number[]; stopping?: object; [key: string]: unknown } = {},
): Ended | undefined {
  const metrics = aucs.map((auc) => ({ click: { auc, logLoss: 9, samples: 5 } }));
  return howEnded(recorded(metrics, rates), config([click], { epochs: aucs.length, ...train }, stopping), false)[
    'click'
  ];
}

describe('no score improved', () => {
  const flat = [0.5, 0.7, 0.7, 0.7, 0.7];

  test('at a rate that had fallen: a plateau; at the rate where it began, or near it: patience', () => {
    const stopping = { patience: 3 };
    expect(ended(flat, { stopping, epochs: 9, rates: [0.1, 0.1, 0.1, 0.03] })).toBe('plateau');
    expect(ended(flat, { stopping, epochs: 9, rates: [0.01, 0.1, 0.1, 0.05] })).toBe('plateau'); // after a warm-up
    expect(ended(flat, { stopping, epochs: 9 })).toBe('patience');
    expect(ended(flat, { stopping, epochs: 9, rates: [0.1, 0.1, 0.1, 0.09], optimizer: cosine })).toBe('patience');
    expect(ended(flat, { stopping })).toBe('patience'); // with its last epoch
  });

  test('in the last fifth of the allowed epochs, by a unit', () => {
    const before = [0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5];
    const rates = [0.1, 0.1, 0.1, 0.01];
    expect(ended([...before, 0.5, 0.5009], { rates })).toBe('plateau');
    expect(ended([...before, 0.5, 0.5009])).toBe('patience');
    expect(ended([...before, 0.5005, 0.5011], { rates })).toBe('limit');
    expect(ended([...before.slice(1), 0.7, 0.69, 0.7005], { rates })).toBe('plateau');
  });
});

describe('at the last allowed epoch', () => {
  const rising = [0.5, 0.6, 0.7, 0.8, 0.9];

  test('a score that still rises is the limit, however far the rate has fallen', () => {
    expect(ended(rising)).toBe('limit');
    expect(ended(rising, { rates: [0.1, 0.01], stopping: { patience: 2 } })).toBe('limit');
    expect(ended([0.5])).toBe('limit'); // nothing to compare with
  });

  test('a rate that ends at 0 is the budget, and so are the last parameters', () => {
    expect(ended(rising, { optimizer: cosine })).toBe('budget');
    expect(ended(rising, { optimizer: { ...adam, schedule: { type: 'cosine', minimum: 0.1 } } })).toBe('limit');
    expect(ended(rising, { keep: 'last' })).toBe('budget');
    expect(ended(rising.slice(0, 3), { epochs: 5, optimizer: cosine, stopping: { patience: 1 } })).toBe('patience');
  });
});

describe('of several tasks', () => {
  const metrics = (auc: number, nmse: number) => ({
    click: { auc, logLoss: 1 - auc, samples: 5 },
    time: { mse: 100 * nmse, nmse, samples: 5, labelVariance: 100 },
  });
  /** The last epoch is all of the last fifth. */
  const epochs = (...last: Parameters<typeof metrics>) =>
    recorded([...Array(4).fill(metrics(0.5, 0.5)), metrics(...last)], [0.1, 0.01]);
  const both = [click, time];

  test('of a joint model those are at the limit that still improve', () => {
    const joint = (...last: Parameters<typeof metrics>) => howEnded(epochs(...last), config(both, {}), false);
    expect(joint(0.5, 0.49)).toEqual({ click: 'plateau', time: 'limit' }); // 2 %
    const one = howEnded(epochs(0.5, 0.49), config(both, { keep: 'one' }), false);
    expect(one).toEqual({ click: 'limit', time: 'limit' }); // one epoch for both, which `time` may move
    expect(joint(0.5, 0.496)).toEqual({ click: 'plateau', time: 'plateau' });
    const watched = (monitor: string) => howEnded(epochs(0.5, 0.49), config(both, {}, { monitor }), false)['click'];
    expect([watched('task:time'), watched('task:click')]).toEqual(['limit', 'plateau']);
  });

  test('by the loss, each by its own, whose unit is its own', () => {
    const joint = (mse: number) => howEnded(epochs(0.5, mse), config(both, {}, { monitor: 'loss' }), false)['time'];
    expect([joint(0.494), joint(0.496)]).toEqual(['limit', 'plateau']); // by 1 %
  });

  test('by a metric, whose unit is its margin; a task of another type has its own', () => {
    const by = (auc: number, nmse: number, independent = false) =>
      howEnded(epochs(auc, nmse), config(both, {}, { monitor: 'metric:auc' }), independent);
    expect([by(0.504, 0.5)['click'], by(0.5009, 0.5)['click']]).toEqual(['limit', 'plateau']);
    expect([by(0.5, 0.494, true)['time'], by(0.5, 0.496, true)['time']]).toEqual(['limit', 'plateau']); // 1 %
  });

  test('without a score, by the loss of its labels of one class', () => {
    const falling = (last: number) => {
      const losses = [0.5, 0.4, 0.4, 0.4, last].map((logLoss) => ({ click: { auc: null, logLoss, samples: 5 } }));
      return howEnded(recorded(losses, [0.1, 0.01]), config([click], {}), false)['click'];
    };
    expect([falling(0.3), falling(0.397)]).toEqual(['limit', 'plateau']);
  });

  test('networks of one task each end by themselves, and the run as its worst', () => {
    const apart = howEnded(epochs(0.5, 0.49), config(both, {}), true);
    expect(apart).toEqual({ click: 'plateau', time: 'limit' });
    expect(worstEnd(Object.values(apart))).toBe('limit');
    expect(worstEnd(['plateau', 'budget'])).toBe('budget');
    expect(worstEnd(['patience', 'budget'])).toBe('patience');
    expect(worstEnd([])).toBe('limit');
  });

  test('one without a validation row is left out', () => {
    const none = recorded(
      [1, 2, 3, 4, 5].map(() => ({ ...metrics(0.5, 0.5), time: { mse: null, nmse: null, samples: 0 } })),
      [0.1, 0.01],
    );
    expect(howEnded(none, config(both, {}), true)).toEqual({ click: 'plateau' });
  });
});
