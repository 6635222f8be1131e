import { expect, test } from 'vitest';
import type { Dataset } from '../data/dataset.js';
import type { HostArrays } from '../support/arrays.js';
import { must } from '../support/must.js';
import { madeDataset } from './dataset.fixture.js';
import { balancingOptions } from './parity/balancing.fixture.js';
import { setUp } from './setup.js';
import { binaryTasks, compiled, linear, smallExperiment, trained } from './trainer.fixture.js';
import type { Snapshot, Trained } from './trainer.js';

const { dataset } = madeDataset(binaryTasks, { rows: 200, label: linear });

const sharing = '{ type: hard-sharing, levels: [[6]], tower: [4], dropout: 0.1 }';
function experiment(name: string, model = sharing) {
  const plain = smallExperiment(model, binaryTasks, 'epochs: 2');
  return { ...plain, loss: { ...plain.loss, balancing: { ...balancingOptions(name, 'click'), type: name } } };
}

// All that draw something or keep something.
test.each(['uncertainty', 'dwa', 'random', 'famo', 'gradnorm', 'pcgrad', 'metabalance'])(
  '%s has the same bits after an interruption; each epoch has weights and shares',
  async (name) => {
    const taken: Promise<Snapshot>[] = [];
    const { served, records } = await trained(experiment(name), dataset, compiled, {
      onRecord(record) {
        if (record.kind === 'step' && record.epoch === 2 && record.step < record.steps) taken.push(record.snapshot());
      },
    });
    const resumed = await trained(experiment(name), dataset, compiled, { from: must(await taken[0], 'a snapshot') });
    expect(servedBits(resumed)).toEqual(servedBits({ served }));
    expect(resumed.records).toEqual([{ ...records[1], seconds: expect.any(Number) }]);

    for (const { weights, balance } of records) {
      expect(Object.values(weights).every((weight) => weight > 0)).toBe(true);
      const { click, share } = balance?.shares ?? {};
      expect((click ?? 0) + (share ?? 0)).toBeCloseTo(1);
    }
  },
);

const servedBits = ({ served }: Pick<Trained, 'served'>) => served.map(({ parameters }) => bits(parameters));

const apart = '{ type: single-task, levels: [[4]], tower: [] }';

test('networks apart train with fixed weights under PCGrad, to the same bits, and say so', async () => {
  const plain = await trained(experiment('fixed', apart), dataset);
  const balanced = await trained(experiment('pcgrad', apart), dataset);
  expect(servedBits(balanced)).toEqual(servedBits(plain));
  expect(balanced.records.map(({ balance }) => balance)).toEqual([undefined, undefined]);
  expect(setUp(experiment('pcgrad', apart), dataset, compiled).warnings.join(' ')).toContain('nothing to balance');
});

test('AITM’s calibrator is warned of where a task has a sample space of its own', () => {
  const warnings = (calibrator: number, data: Dataset) => {
    const chain = `{ type: aitm, levels: [[4]], tower: [], calibrator: ${calibrator} }`;
    return setUp(experiment('fixed', chain), data, compiled).warnings.join(' ');
  };
  const conditional = { ...dataset, apart: ['share'] };
  expect(warnings(0.6, conditional)).toMatch(
    /sample space of share has other training rows than that of click.*set model\.calibrator to 0/,
  );
  expect(warnings(0.6, dataset)).toBe('');
  expect(warnings(0, conditional)).toBe('');
});

function bits(arrays: HostArrays): Readonly<Record<string, readonly number[]>> {
  return Object.fromEntries(Object.entries(arrays).map(([name, { data }]) => [name, Array.from(data)]));
}
