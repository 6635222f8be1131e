import { test } from 'vitest';
import { models } from '../models/catalogue.js';
import { requiredOptions } from '../models/run.fixture.js';
import { expectContinues, expectSameOnEager } from './trainer.fixture.js';

test.each([
  '{ type: ple, levels: [[4], [4]], tower: [3], experts: { shared: 1, task: 2 } }',
  '{ type: single-task, levels: [[4]], tower: [3] }',
])('33: %s continues from any of its records to the same bits', async (model) => {
  await expectContinues(model, (taken) => taken);
});

test.each(models.names)(
  '%s trains on both engines to the same result, and the eager one leaks no tensor',
  async (type) => {
    const experts = 'experts' in models.get(type).options.shape ? { experts: 2 } : {};
    await expectSameOnEager(
      JSON.stringify({ type, tower: [3], ...experts, ...requiredOptions(type, 'share', 'click') }),
    );
  },
);
