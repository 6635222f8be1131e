import { expect, test } from 'vitest';
import type { TaskMetrics } from '../metrics/evaluate.js';
import { type Ended, howEnded, worstEnd } from './ended.js';
import type { EpochRecord } from './epoch-record.js';

type Configured = Parameters<typeof howEnded>[1];
const click = { name: 'click', type: 'binary', standardize: false } as const;
const time = { name: 'time', type: 'regression', standardize: false } as const;
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
  const weights = { click: { initial: 3, ratio: 1 }, time: { initial: 0.5, ratio: 1 } };
  return {
    tasks,
    loss: { schedule: { type: 'constant' }, balancing: { type: 'famo' }, weights },
    train: {
      ...{ epochs: 5, batchSize: 1, keep: 'best', optimizer: adam, ...train },
      earlyStopping: { monitor: 'mean', patience: null, ...stopping },
    },
  };
}

interface Setting {
  readonly rates?: readonly number[];
  readonly patience?: number;
  readonly epochs?: number;
  readonly optimizer?: object;
  readonly keep?: string;
}

const flat = [0.5, 0.7, 0.7, 0.7, 0.7];
const half = Array<number>(8).fill(0.5);
const falling = [0.1, 0.1, 0.1, 0.01];
const rising = [0.5, 0.6, 0.7, 0.8, 0.9];

test.each<[Ended, aucs: readonly number[], Setting?]>([
  // No score improved: at a rate that had fallen, or at the one where it began, or near it.
  ['plateau', flat, { patience: 3, epochs: 9, rates: [0.1, 0.1, 0.1, 0.03] }],
  ['plateau', flat, { patience: 3, epochs: 9, rates: [0.01, 0.1, 0.1, 0.05] }], // after a warm-up
  ['patience', flat, { patience: 3, epochs: 9 }],
  ['patience', flat, { patience: 3, epochs: 9, rates: [0.1, 0.1, 0.1, 0.09], optimizer: cosine }],
  ['patience', flat, { patience: 3 }], // with its last epoch
  // In the last fifth of the allowed epochs, by a unit.
  ['plateau', [...half, 0.5, 0.5009], { rates: falling }],
  ['patience', [...half, 0.5, 0.5009]],
  ['limit', [...half, 0.5005, 0.5011], { rates: falling }],
  ['plateau', [...half.slice(1), 0.7, 0.69, 0.7005], { rates: falling }],
  // A score that still rises at the last allowed epoch is the limit, however far the rate has fallen.
  ['limit', rising],
  ['limit', rising, { rates: [0.1, 0.01], patience: 2 }],
  ['limit', [0.5]], // nothing to compare with
  // A rate that ends at 0 is the budget, and so are the last parameters.
  ['budget', rising, { optimizer: cosine }],
  ['limit', rising, { optimizer: { ...adam, schedule: { type: 'cosine', minimum: 0.1 } } }],
  ['budget', rising, { keep: 'last' }],
  ['patience', rising.slice(0, 3), { epochs: 5, optimizer: cosine, patience: 1 }],
])('%s: %j, %o', (expected, aucs, { rates = [0.1], patience = null, ...train } = {}) => {
  const epochs = recorded(
    aucs.map((auc) => ({ click: { auc, logLoss: 9, samples: 5 } })),
    rates,
  );
  const given = config([click], { epochs: aucs.length, ...train }, { patience });
  expect(howEnded(epochs, given, false)).toEqual({ click: expected });
});

const metrics = (auc: number | null, nmse: number | null) => ({
  click: { auc, logLoss: 1 - (auc ?? 0), samples: 5 },
  time: { mse: nmse && 100 * nmse, nmse, samples: 5, labelVariance: 100 },
});

test.each<[Ended, Ended, auc: number, nmse: number, apart: boolean, stopping?: object, train?: object]>([
  // Of a joint model those are at the limit that still improve: NMSE by 2 %.
  ['plateau', 'limit', 0.5, 0.49, false],
  ['plateau', 'plateau', 0.5, 0.496, false],
  ['limit', 'limit', 0.5, 0.49, false, {}, { keep: 'one' }], // one epoch for both, which `time` may move
  ['limit', 'limit', 0.5, 0.49, false, { monitor: 'task:time' }],
  ['plateau', 'plateau', 0.5, 0.49, false, { monitor: 'task:click' }],
  // By the loss, each by its own, whose unit is its own: 1 %.
  ['plateau', 'limit', 0.5, 0.494, false, { monitor: 'loss' }],
  ['plateau', 'plateau', 0.5, 0.496, false, { monitor: 'loss' }],
  // By a metric, whose unit is its margin; a task of another type has its own.
  ['limit', 'limit', 0.504, 0.5, false, { monitor: 'metric:auc' }],
  ['plateau', 'plateau', 0.5009, 0.5, false, { monitor: 'metric:auc' }],
  ['plateau', 'limit', 0.5, 0.494, true, { monitor: 'metric:auc' }],
  ['plateau', 'plateau', 0.5, 0.496, true, { monitor: 'metric:auc' }],
  // Networks of one task each end by themselves.
  ['plateau', 'limit', 0.5, 0.49, true],
])(
  'click %s, time %s: from .5 to %d and %d, apart: %s, %o %o',
  (...[ofClick, ofTime, auc, nmse, apart, stopping, train]) => {
    // The last epoch is all of the last fifth.
    const epochs = recorded([...Array(4).fill(metrics(0.5, 0.5)), metrics(auc, nmse)], [0.1, 0.01]);
    expect(howEnded(epochs, config([click, time], train ?? {}, stopping), apart)).toEqual({
      click: ofClick,
      time: ofTime,
    });
  },
);

test('without a score, by the loss of its labels of one class', () => {
  const ended = (last: number) => {
    const losses = [0.5, 0.4, 0.4, 0.4, last].map((logLoss) => ({ click: { auc: null, logLoss, samples: 5 } }));
    return howEnded(recorded(losses, [0.1, 0.01]), config([click], {}), false)['click'];
  };
  expect([ended(0.3), ended(0.397)]).toEqual(['limit', 'plateau']);
});

test('a task without a validation row is left out, and a run ends as its worst task', () => {
  const none = { ...metrics(0.5, null), time: { mse: null, nmse: null, samples: 0 } };
  expect(howEnded(recorded(Array(5).fill(none), [0.1, 0.01]), config([click, time], {}), true)).toEqual({
    click: 'plateau',
  });
  const ends: (readonly Ended[])[] = [['plateau', 'limit'], ['plateau', 'budget'], ['patience', 'budget'], []];
  expect(ends.map(worstEnd)).toEqual(['limit', 'budget', 'patience', 'limit']);
});
