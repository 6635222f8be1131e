import { expect, test } from 'vitest';
import { meantKey } from './field-names.js';

test.each([
  ['lr', ['type', 'learningRate', 'l2'], 'learningRate'],
  ['lr', ['epochs', 'optimizer'], 'optimizer.learningRate'],
  ['weight_decay', ['type', 'l2'], 'l2'],
  ['bs', ['epochs', 'batchSize'], 'batchSize'],
  ['batch_size', ['epochs', 'batchSize'], 'batchSize'],
  ['hidden_units', ['levels', 'tower'], 'levels'],
  ['lr', ['epochs'], undefined],
  ['constructor', ['epochs'], undefined],
])('%s among %j means %s', (word, known, meant) => {
  expect(meantKey(word, known)).toBe(meant);
});
