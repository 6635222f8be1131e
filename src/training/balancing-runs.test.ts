import { expect, test } from 'vitest';
import type { Dataset, Split } from '../data/dataset.js';
import type { HostArrays } from '../support/arrays.js';
import { ConfigError } from '../support/errors.js';
import { must } from '../support/must.js';
import { madeDataset } from './dataset.fixture.js';
import { balancingOptions } from './parity/balancing.fixture.js';
import { checkParts, setUp } from './setup.js';
import { binaryTasks, compiled, experimentOf, linear, trained } from './trainer.fixture.js';
import type { Snapshot } from './trainer.js';

const { dataset } = madeDataset(binaryTasks, { rows: 200, label: linear });

const ple = '{ type: ple, levels: [[6], [5]], tower: [4], dropout: 0.1 }';
function experiment(name: string, model = ple, train = 'epochs: 2') {
  const plain = experimentOf(model, binaryTasks, train);
  return { ...plain, loss: { ...plain.loss, balancing: { ...balancingOptions(name, 'click'), type: name } } };
}

// All that draw something or keep something.
test.each(['uncertainty', 'dwa', 'random', 'famo', 'gradnorm', 'pcgrad', 'metabalance'])(
  '%s has the same bits after an interruption; each epoch has weights and shares, and cosines if the method reads gradients',
  async (name) => {
    const taken: Promise<Snapshot>[] = [];
    const { best, records } = await trained(experiment(name), dataset, compiled, {
      onRecord(record) {
        if (record.kind === 'step' && record.epoch === 2 && record.step < record.steps) taken.push(record.snapshot());
      },
    });
    const resumed = await trained(experiment(name), dataset, compiled, { from: must(await taken[0], 'a snapshot') });
    expect(bits(resumed.best)).toEqual(bits(best));
    expect(resumed.records).toEqual([{ ...records[1], seconds: expect.any(Number) }]);

    const readsGradients = setUp(experiment(name), dataset, compiled).balanced?.method.kind === 'gradients';
    for (const { weights, balance } of records) {
      expect(Object.values(weights).every((weight) => weight > 0)).toBe(true);
      const { click, share } = balance?.shares ?? {};
      expect((click ?? 0) + (share ?? 0)).toBeCloseTo(1);
      expect(balance?.cosines?.map(({ tasks }) => tasks)).toEqual(readsGradients ? [['click', 'share']] : undefined);
      for (const { cosine } of balance?.cosines ?? []) expect(Math.abs(cosine ?? 2)).toBeLessThanOrEqual(1);
    }
  },
);

test('a method is refused with accumulated gradients, before data is read', () => {
  const check = () => checkParts(experiment('uncertainty', ple, 'accumulate: 2'));
  expect(check).toThrow(ConfigError);
  expect(check).toThrow(/^train\.accumulate: 2 does not go with loss\.balancing\.type: /);
  expect(() => checkParts(experiment('fixed', ple, 'accumulate: 2'))).not.toThrow();
});

const { train, validation, test: last } = dataset.splits;
const numericOnly: Dataset = {
  ...dataset,
  categorical: [],
  splits: { train: withoutCategories(train), validation: withoutCategories(validation), test: withoutCategories(last) },
};
const apart = '{ type: single-task, levels: [[4]], tower: [] }';
const towers = '{ type: hard-sharing, levels: [], tower: [4] }';

test.each([
  ['networks apart', 'uncertainty', apart, dataset],
  ['networks apart', 'pcgrad', apart, dataset],
  ['towers that share no layer, on numeric data,', 'mgda', towers, numericOnly],
])('%s train with fixed weights under %s, to the same bits, and say so', async (_, name, model, data) => {
  const plain = await trained(experiment('fixed', model), data);
  const balanced = await trained(experiment(name, model), data);
  expect(bits(balanced.best)).toEqual(bits(plain.best));
  if (model === apart) expect(balanced.records.map(({ balance }) => balance)).toEqual([undefined, undefined]);
  expect(setUp(experiment(name, model), data, compiled).warnings.join(' ')).toContain('nothing to balance');
});

function withoutCategories(split: Split): Split {
  return { ...split, read: async (block) => ({ ...(await split.read(block)), categorical: new Int32Array(0) }) };
}

function bits(arrays: HostArrays): Readonly<Record<string, readonly number[]>> {
  return Object.fromEntries(Object.entries(arrays).map(([name, { data }]) => [name, Array.from(data)]));
}
