import { expect, test } from 'vitest';
import { must } from '../support/must.js';
import { madeDataset } from './dataset.fixture.js';
import { balancingOptions } from './step.fixture.js';
import { binaryTasks, compiled, linear, smallExperiment, timeless, trained } from './trainer.fixture.js';
import type { Snapshot } from './trainer.js';

const { dataset } = madeDataset(binaryTasks, { rows: 200, label: linear });

function experiment(type: string, model = '{ type: hard-sharing, levels: [[6]], tower: [4], dropout: 0.1 }') {
  const plain = smallExperiment(model, binaryTasks, 'epochs: 2');
  return { ...plain, loss: { ...plain.loss, balancing: balancingOptions(type, 'click') } };
}

// All that draw something or keep something.
test.each(['uncertainty', 'dwa', 'random', 'famo', 'gradnorm', 'pcgrad', 'metabalance'])(
  '%s has the same bits after an interruption; each epoch has weights and shares',
  async (type) => {
    const taken: Promise<Snapshot>[] = [];
    const whole = await trained(experiment(type), dataset, compiled, {
      onRecord(record) {
        if (record.kind === 'step' && record.epoch === 2 && record.step < record.steps) taken.push(record.snapshot());
      },
    });
    const resumed = await trained(experiment(type), dataset, compiled, { from: must(await taken[0], 'a snapshot') });
    expect(timeless(resumed)).toEqual(timeless({ ...whole, records: whole.records.slice(1) }));
    for (const { weights, balance } of whole.records) {
      expect(Object.values(weights).every((weight) => weight > 0)).toBe(true);
      const { click, share } = balance?.shares ?? {};
      expect((click ?? 0) + (share ?? 0)).toBeCloseTo(1);
    }
  },
);

test('networks apart train with fixed weights under PCGrad, to the same bits', async () => {
  const apart = '{ type: single-task, levels: [[4]], tower: [] }';
  const plain = await trained(experiment('fixed', apart), dataset);
  const balanced = await trained(experiment('pcgrad', apart), dataset);
  expect(timeless(balanced)).toEqual(timeless(plain));
  expect(balanced.records.map(({ balance }) => balance)).toEqual([undefined, undefined]);
});
