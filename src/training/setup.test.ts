import { expect, test } from 'vitest';
import { build } from '../models/run.fixture.js';
import { binaryTasks } from '../models/tasks.fixture.js';
import { madeDataset } from './dataset.fixture.js';
import { countByTask, countParameters, setUp } from './setup.js';
import { compiled, smallExperiment } from './trainer.fixture.js';

const tasks = binaryTasks('a', 'b');

test('each task’s own parameters are counted apart, and add up to those of the model', () => {
  const column = { name: 'site', cardinality: 7, embedding: 3 };
  const shape = { tasks, categorical: [column], numeric: ['x', 'y'] };
  const { parameters } = build({ model: 'single-task', shape, options: { levels: [[6]], tower: [4] } });
  const own = { embedding: 7 * 3, network: (3 + 2) * 6 + 6 + 6 * 4 + 4 + 4 + 1 };
  expect(countByTask(parameters)).toEqual({ a: own, b: own });
  expect(countParameters(parameters)).toEqual({ embedding: 2 * own.embedding, network: 2 * own.network });
  const sharing = build({ model: 'hard-sharing', shape, options: { levels: [[6]], tower: [4] } });
  expect(countByTask(sharing.parameters)).toBeUndefined();
});

const last = (schedule = '') => `epochs: 4, keep: last, optimizer: { type: adam, learningRate: 0.1${schedule} }`;
const sgd = (lazy = '') => `optimizer: { type: sgd${lazy} }`;

test.each<[about: string, warning: RegExp | null, model: string, train?: string, ids?: number, more?: object]>([
  ['a last rate that follows scores', /follows scores on val/, 'hard-sharing', last(', schedule: { type: plateau }')],
  ['a last rate that never falls', /never fell/, 'hard-sharing', last()],
  ['a last rate that falls', null, 'hard-sharing', last(', schedule: { type: cosine }')],
  ['a large table', /^embeddings\.2: .*train\.optimizer\.lazy: false/, 'hard-sharing', sgd(), 200_000],
  ['one that is asked to be lazy', null, 'hard-sharing', sgd(', lazy: true'), 200_000],
  ['a smaller one', null, 'hard-sharing', sgd(), 199_999],
  ['AITM’s calibrator', null, 'aitm, calibrator: 0.6'],
  ['none where a task has rows of its own', null, 'aitm, calibrator: 0', '', 5, { apart: ['b'] }],
  [
    'AITM’s calibrator where a task has rows of its own',
    /sample space of b has other training rows than that of a.*set model\.calibrator to 0/,
    ...(['aitm, calibrator: 0.6', '', 5, { apart: ['b'] }] as const),
  ],
  ['balancing of networks apart', /nothing to balance/, 'single-task', '', 5, { balancing: 'pcgrad' }],
])('what a user is told of %s', (_, warning, model, train = '', ids = 5, more = {}) => {
  const { dataset } = madeDataset(tasks, { rows: 8, label: () => 0 }, ids);
  const { balancing, ...changed }: { readonly balancing?: string; readonly apart?: readonly string[] } = more;
  const plain = smallExperiment(`{ type: ${model}, levels: [[4]], tower: [] }`, tasks, train);
  const experiment = balancing ? { ...plain, loss: { ...plain.loss, balancing: { type: balancing } } } : plain;
  const { warnings } = setUp(experiment, { ...dataset, ...changed }, compiled);
  if (warning) expect(warnings).toEqual([expect.stringMatching(warning)]);
  else expect(warnings).toEqual([]);
});
