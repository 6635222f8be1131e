import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { ZodError } from 'zod';
import { parseExperiment } from '../config/experiment.js';
import { build } from '../models/run.fixture.js';
import { binaryTasks } from '../models/tasks.fixture.js';
import { isPart } from '../support/catalogue.js';
import { temporaryFolder } from '../support/folder.fixture.js';
import { madeDataset } from './dataset.fixture.js';
import { definitions } from './definitions.js';
import { type LoadingEvent, loadDataset } from './load-dataset.js';
import { checkParts, countByTask, countParameters, setUp, tableMemory } from './setup.js';
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

const column = (cardinality: number, embedding: number) => ({ name: `id${embedding}`, cardinality, embedding });

function told(train: string, { memory = 1e12, ids = 10_000_000, model = 'hard-sharing', states = 1 } = {}) {
  const shape = { tasks, categorical: [column(ids, 16), column(5, 2)], numeric: [] };
  const { parameters } = build({ model, shape, options: { levels: [[4]], tower: [3] } });
  return tableMemory(parameters, smallExperiment(`{ type: ${model}, levels: [[4]] }`, tasks, train), states, memory);
}

test('large tables are told with their memory, by optimizer, and what keeping best epochs costs', () => {
  const sizes = 'Embedding tables: 10,000,000 rows x 16, 5 rows x 2,';
  const keep = expect.stringMatching(/^train\.keep: best .* up to 3 x 0\.6 GB\. keep: last does not\.$/);
  expect(told('')).toEqual([`${sizes} 1.9 GB with adam, 0.7 GB with rowwise-adagrad.`, keep]);
  expect(told('keep: last')).toHaveLength(1);
  expect(told('keep: last', { states: 2 })).toEqual([`${sizes} 3.2 GB with adam, 0.7 GB with rowwise-adagrad.`]);
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

test('each catalogue takes from a plugin what its define… function makes', () => {
  const { plugins: _plugins, baseline: _baseline, ...catalogues } = definitions;
  for (const { kind, all } of Object.values(catalogues))
    expect(all.map((part) => isPart(part, kind))).toEqual(all.map(() => true));
});

test('the look at the data before training tells each second how many columns it has inspected', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'rows.csv');
  writeFileSync(path, `a,b,y\n${Array.from({ length: 60 }, (_, r) => `${r / 8},${r / 16},${r % 2}`).join('\n')}\n`);
  const experiment = parseExperiment(
    `name: told
dataset: { loader: table, path: ${path}, cache: ${folder}/cache, tasks: { y: {} }, split: { fraction: { validation: 0.2, test: 0.2 } } }
tasks: [{ name: y, type: binary }]
model: { type: single-task, levels: [[4]], tower: [] }
train: { epochs: 1, batchSize: 20, optimizer: { type: adam } }
`,
    'told.yaml',
    [],
    definitions,
  );
  const every = vi.spyOn(globalThis, 'setInterval');
  const events: LoadingEvent[] = [];
  await loadDataset(experiment, (event) => events.push(event));
  const timers = every.mock.calls.filter(([, milliseconds]) => milliseconds === 1000);
  every.mockRestore();
  for (const [tell] of timers) tell();
  expect(events.at(-1)).toEqual({ kind: 'inspecting', done: 2, total: 2 });
});

test('mistakes in several parts are told together, in order; other errors end the check', () => {
  const model = '{ type: sluice, levels: [[5]], subspaces: 2 }';
  const train = 'epochs: 3, optimizer: { type: adam, schedule: { type: cosine, warmup: 9 } }';
  const experiment = smallExperiment(model, tasks, train);
  const check = (balancing: object) => () => {
    checkParts({ ...experiment, loss: { ...experiment.loss, balancing: { type: 'metabalance', ...balancing } } });
  };
  const faults = [/^loss\.balancing\.target: /, /^model\.levels: /, /^train\.optimizer\.schedule\.warmup: /];
  expect(check({ target: 'none' })).toThrow(
    expect.objectContaining({ name: 'ConfigError', faults: faults.map((fault) => expect.stringMatching(fault)) }),
  );
  expect(check({})).toThrow(ZodError);
});

test.each([
  [
    'fixed',
    'learningRate: { a: 0.1, b: 0.2 }',
    /^train\.optimizer\.learningRate: a value for each task needs .*adatask/,
  ],
  ['fixed', 'clipNorm: { a: 1, b: 2 }', /^train\.optimizer\.clipNorm: a value for each task needs .*adatask/],
  ['adatask', 'learningRate: { a: 0.1 }', /^train\.optimizer\.learningRate: give each task a value: a, b\.$/],
  ['adatask', 'clipNorm: { a: 1, b: 1, c: 1 }', /^train\.optimizer\.clipNorm: give each task a value: a, b\.$/],
  [
    'adatask',
    'l2: 0.1',
    /^train\.optimizer\.l2: with a state for each task it would act once for each: set it to 0\.$/,
  ],
  ['adatask', 'learningRate: { a: 0.1, b: 0.2 }, clipNorm: 1, l2: 0', null],
])('%s with { %s }', (type, options, fault) => {
  const train = `optimizer: { type: adam, ${options} }`;
  for (const model of ['single-task', 'hard-sharing']) {
    const experiment = smallExperiment(`{ type: ${model}, levels: [[4]] }`, tasks, train);
    const check = () => checkParts({ ...experiment, loss: { ...experiment.loss, balancing: { type } } });
    if (fault) expect(check).toThrow(fault);
    else expect(check).not.toThrow();
  }
});
