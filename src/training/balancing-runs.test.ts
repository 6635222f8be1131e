import { describe, expect, it } from 'vitest';
import type { Dataset, Split } from '../data/dataset.js';
import { balancings } from '../objective/balancing/catalogue.js';
import type { HostArrays } from '../support/arrays.js';
import { ConfigError } from '../support/errors.js';
import { madeDataset } from './dataset.fixture.js';
import { balancingOptions } from './parity/balancing.fixture.js';
import { checkParts, setUp } from './setup.js';
import { binaryTasks, compiled, experimentOf, linear, trained } from './trainer.fixture.js';
import { type Snapshot, type TrainingRecord, train } from './trainer.js';

const made = { label: linear };
const { dataset } = madeDataset(binaryTasks, {
  train: { rows: 500, ...made },
  validation: { rows: 100, ...made },
  test: { rows: 100, ...made },
});

const { train: all, validation, test } = dataset.splits;
const numericOnly: Dataset = {
  ...dataset,
  categorical: [],
  splits: { train: withoutCategories(all), validation: withoutCategories(validation), test: withoutCategories(test) },
};

const ple = '{ type: ple, levels: [[6], [5]], tower: [4], dropout: 0.1 }';
function experiment(name: string, model = ple, train = '') {
  const plain = experimentOf(model, binaryTasks, train);
  return { ...plain, loss: { ...plain.loss, balancing: { ...balancingOptions(name, 'click'), type: name } } };
}

const others = balancings.names.slice(1);

describe.each(others)('%s', (name) => {
  it('ends with the same bits after an interruption within an epoch and one after it', async () => {
    const whole = await trained(experiment(name), dataset);
    const within = await left(
      name,
      (record) => record.kind === 'step' && record.epoch === 2 && record.step < record.steps,
    );
    const after = await left(name, (record) => record.kind === 'epoch');
    expect([within.progress.epoch, after.progress.epoch]).toEqual([2, 2]);
    expect(within.progress.step).toBeGreaterThan(0);
    for (const from of [within, after]) {
      const resumed = await trained(experiment(name), dataset, compiled, { from });
      expect(bits(resumed.best)).toEqual(bits(whole.best));
      expect(resumed.records.at(-1)).toEqual({ ...whole.records.at(-1), seconds: expect.any(Number) });
    }
  });

  it('writes weights and shares for each epoch, and cosines if it reads gradients', async () => {
    const { records } = await trained(experiment(name), dataset);
    const readsGradients = setUp(experiment(name), dataset, compiled).balanced?.method.kind === 'gradients';
    for (const { weights, balance } of records) {
      expect(Object.values(weights).every((weight) => weight > 0)).toBe(true);
      const { click, share } = balance?.shares ?? {};
      expect((click ?? 0) + (share ?? 0)).toBeCloseTo(1);
      expect(balance?.cosines?.map(({ tasks }) => tasks)).toEqual(readsGradients ? [['click', 'share']] : undefined);
      for (const { cosine } of balance?.cosines ?? []) expect(Math.abs(cosine ?? 2)).toBeLessThanOrEqual(1);
    }
  });
});

it.each(others)('%s is refused with accumulated gradients, before data is read', (name) => {
  const check = () => checkParts(experiment(name, ple, 'accumulate: 2'));
  expect(check).toThrow(ConfigError);
  expect(check).toThrow(/^train\.accumulate: 2 does not go with loss\.balancing\.type: /);
  expect(() => checkParts(experiment('fixed', ple, 'accumulate: 2'))).not.toThrow();
});

describe('networks apart', () => {
  const apart = '{ type: single-task, levels: [[4]], tower: [] }';

  it.each(others)('train with fixed weights under %s, to the same bits, and say so', async (name) => {
    const plain = await trained(experimentOf(apart, binaryTasks), dataset);
    const balanced = await trained(experiment(name, apart), dataset);
    expect(bits(balanced.best)).toEqual(bits(plain.best));
    expect(balanced.records.map(({ balance }) => balance)).toEqual([undefined, undefined, undefined]);
    expect(setUp(experiment(name, apart), dataset, compiled).warnings.join(' ')).toContain('nothing to balance');
  });
});

describe('towers that share no layer, on numeric data', () => {
  const towers = '{ type: hard-sharing, levels: [], tower: [4] }';
  const readers = others.filter(
    (name) => setUp(experiment(name), dataset, compiled).balanced?.method.kind === 'gradients',
  );

  it.each(readers)('train with fixed weights under %s, and say so', async (name) => {
    const plain = await trained(experimentOf(towers, binaryTasks), numericOnly);
    const balanced = await trained(experiment(name, towers), numericOnly);
    expect(bits(balanced.best)).toEqual(bits(plain.best));
    expect(setUp(experiment(name, towers), numericOnly, compiled).warnings.join(' ')).toContain('nothing to balance');
  });
});

function withoutCategories(split: Split): Split {
  return { ...split, read: async (block) => ({ ...(await split.read(block)), categorical: new Int32Array(0) }) };
}

/** Where a run stands at the first such record. */
async function left(name: string, isThere: (record: TrainingRecord) => boolean): Promise<Snapshot> {
  for await (const record of train(setUp(experiment(name), dataset, compiled))) {
    if (isThere(record)) return record.snapshot();
  }
  throw new Error('There is no such record.');
}

function bits(arrays: HostArrays): Readonly<Record<string, readonly number[]>> {
  return Object.fromEntries(Object.entries(arrays).map(([name, { data }]) => [name, Array.from(data)]));
}
