import { expect, test } from 'vitest';
import { build } from '../models/run.fixture.js';
import { binaryTasks } from '../models/tasks.fixture.js';
import { madeDataset } from './dataset.fixture.js';
import { setUp } from './setup.js';
import { tableMemory } from './table-memory.js';
import { compiled, smallExperiment } from './trainer.fixture.js';

const tasks = binaryTasks('a', 'b');
const column = (cardinality: number, embedding: number) => ({ name: `id${embedding}`, cardinality, embedding });

function told(train: string, { memory = 1e12, ids = 10_000_000, model = 'hard-sharing' } = {}) {
  const shape = { tasks, categorical: [column(ids, 16), column(5, 2)], numeric: [] };
  const { parameters } = build({ model, shape, options: { levels: [[4]], tower: [3] } });
  return tableMemory(parameters, smallExperiment(`{ type: ${model}, levels: [[4]] }`, tasks, train), memory);
}

test('large tables are told with their memory, by optimizer, and what keeping best epochs costs', () => {
  const sizes = 'Embedding tables: 10,000,000 rows x 16, 5 rows x 2,';
  const keep = expect.stringMatching(/^train\.keep: best .* up to 3 x 0\.6 GB\. keep: last does not\.$/);
  expect(told('')).toEqual([`${sizes} 1.9 GB with adam, 0.7 GB with rowwise-adagrad.`, keep]);
  expect(told('keep: last')).toHaveLength(1);
  expect(told('', { model: 'single-task', ids: 5_000_000 })).toEqual([
    'Embedding tables: 10,000,000 rows x 16, 10 rows x 2, 1.9 GB with adam, 0.7 GB with rowwise-adagrad.',
  ]);
  const apart = 'keep: last, optimizers: { embeddings: { type: rowwise-adagrad } }';
  expect(told(apart)).toEqual([`${sizes} 0.7 GB with rowwise-adagrad.`]);
  expect(told('', { ids: 4_000_000 })).toEqual([]);
});

test('what cannot fit is refused with what would', () => {
  const refusal = (gigabytes: string, mend: string) =>
    new RegExp(`need ${gigabytes} GB, .* of memory: .*inputs\\.minCount, hash .*inputs\\.embedding, ${mend}`);
  for (const [train, gigabytes, mend] of [
    ['keep: last', 1.9, 'or take rowwise-adagrad'],
    ['keep: one', 3.2, 'or take rowwise-adagrad'], // the best epoch, and the one that replaces it
    ['', 4.5, 'set train.keep: last, or take'], // of two tasks, of both, and the next
  ] as const) {
    expect(() => told(train, { memory: 1e9 * (gigabytes - 0.1) })).toThrow(refusal(String(gigabytes), mend));
    expect(() => told(train, { memory: 1e9 * (gigabytes + 0.1) })).not.toThrow();
  }
  const { dataset } = madeDataset(tasks, { rows: 8, label: () => 0 });
  const categorical = Array.from({ length: 250 }, (_, index) => column(Math.floor(2 ** 30 / (index + 1)), index + 1));
  const experiment = smallExperiment('{ type: hard-sharing, levels: [[4]] }', tasks);
  expect(() => setUp(experiment, { ...dataset, categorical }, compiled)).toThrow(/training may need \d\d\d\d\.\d GB/);
});
