import { expect, test } from 'vitest';
import { build } from '../models/run.fixture.js';
import { binaryTasks } from '../models/tasks.fixture.js';
import { madeDataset } from './dataset.fixture.js';
import { countByTask, countParameters, setUp } from './setup.js';
import { compiled, smallExperiment } from './trainer.fixture.js';

test('each task’s own parameters are counted apart, and add up to those of the model', () => {
  const column = { name: 'site', cardinality: 7, embedding: 3 };
  const shape = { tasks: binaryTasks('a', 'b'), categorical: [column], numeric: ['x', 'y'] };
  const { parameters } = build({ model: 'single-task', shape, options: { levels: [[6]], tower: [4] } });
  const own = { embedding: 7 * 3, network: (3 + 2) * 6 + 6 + 6 * 4 + 4 + 4 + 1 };
  expect(countByTask(parameters)).toEqual({ a: own, b: own });
  expect(countParameters(parameters)).toEqual({ embedding: 2 * own.embedding, network: 2 * own.network });
  const sharing = build({ model: 'hard-sharing', shape, options: { levels: [[6]], tower: [4] } });
  expect(countByTask(sharing.parameters)).toBeUndefined();
});

test('with keep: last, a rate that follows scores on validation or never falls has a warning', () => {
  const tasks = binaryTasks('a', 'b');
  const { dataset } = madeDataset(tasks, { rows: 8, label: () => 0 });
  const warnings = (schedule: string) => {
    const train = `epochs: 4, keep: last, optimizer: { type: adam, learningRate: 0.1${schedule} }`;
    return setUp(smallExperiment('{ type: hard-sharing, levels: [[4]] }', tasks, train), dataset, compiled).warnings;
  };
  expect(warnings(', schedule: { type: plateau }')).toEqual([expect.stringMatching(/follows scores on validation/)]);
  expect(warnings('')).toEqual([expect.stringMatching(/never fell/)]);
  expect(warnings(', schedule: { type: cosine }')).toEqual([]);
});

test('large tables are lazy, with a note that says how they would not be', () => {
  const tasks = binaryTasks('a', 'b');
  const { dataset } = madeDataset(tasks, { rows: 8, label: () => 0 });
  const warnings = (cardinality: number, lazy = '') => {
    const train = `epochs: 4, optimizer: { type: sgd${lazy} }`;
    const large = { ...dataset, categorical: [{ name: 'id', cardinality, embedding: 1 }] };
    return setUp(smallExperiment('{ type: hard-sharing, levels: [[4]] }', tasks, train), large, compiled).warnings;
  };
  expect(warnings(200_000)).toEqual([expect.stringMatching(/^embeddings\.1: .*train\.optimizer\.lazy: false/)]);
  expect(warnings(200_000, ', lazy: true')).toEqual([]);
  expect(warnings(199_999)).toEqual([]);
});
