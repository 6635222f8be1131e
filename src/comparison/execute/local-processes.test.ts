import { expect, test, vi } from 'vitest';
import { parseComparison } from '../../config/comparison.js';
import type { ChosenDevice } from '../../engine/devices/choose-device.js';
import type { ModelShape } from '../../models/model.js';
import { binaryTasks } from '../../models/tasks.fixture.js';
import { definitions } from '../../training/definitions.js';
import { experimentOf, type Run, reportedRuns } from '../plan/run.js';
import { localProcesses } from './local-processes.js';
import type { WorkerProcess } from './worker-process.js';
import type { Workers } from './workers.js';

vi.mock('node:os', async (original) => ({
  ...(await original<typeof import('node:os')>()),
  availableParallelism: () => 2,
}));

const config = parseComparison(
  `name: staged
dataset: { loader: synthetic, rows: { train: 20, validation: 10, test: 10 }, dimension: 4 }
tasks: [{ name: y1, type: regression }, { name: y2, type: regression }]
train: { epochs: 1, batchSize: 10, optimizer: { type: adam } }
compare:
  seeds: [1, 2]
  models: [{ type: single-task, levels: [[2]], tower: [] }, { type: hard-sharing, levels: [[9]], tower: [] }]
  tune: { train.optimizer.learningRate: [0.1, 0.01] }
`,
  'staged.yaml',
  [],
  definitions,
);
const runsWith = (changes: object): Run[] =>
  reportedRuns(config, () => [{ changes: { ...changes } }], config.seeds).map((run) => ({
    ...run,
    ...{ experiment: experimentOf(config, run), hash8: '', checksum: '', folder: '', state: 'planned' },
  }));

const chosen: ChosenDevice = {
  candidate: { engine: 'compiled', device: 'cpu' },
  adapter: { adapter: null, driver: null, memoryBytes: null, software: false },
  why: 'asked for',
};

/** Workers that are faster together; the models that they were measured with. */
function measuring() {
  const measured: string[] = [];
  const ask: WorkerProcess['ask'] = async (order, on) => {
    if (order.kind === 'shape')
      return { kind: 'shape', model, rows: { train: 20, validation: 10, test: 10 }, grouped: false };
    if (order.kind !== 'measure') throw new Error(`There is no answer to '${order.kind}'.`);
    on({ kind: 'ready' });
    measured.push(order.experiment.model.type);
    return { kind: 'measured', samplesPerSecond: 100, compileSeconds: 0 };
  };
  const worker: WorkerProcess = {
    ...{ alive: true, pid: 1, ask, signal: () => undefined, release: async () => undefined, kill: () => undefined },
  };
  const workers: Workers = {
    at: () => worker,
    ...{ signal: () => undefined, stop: () => undefined, kill: () => undefined },
    rest: async () => undefined,
    release: async () => undefined,
  };
  const model: ModelShape = { tasks: binaryTasks('y1', 'y2'), categorical: [], numeric: ['a', 'b', 'c', 'd'] };
  const events: string[] = [];
  const { jobsFor } = localProcesses({
    workers,
    devices: { all: [chosen], notes: [] },
    ...{ predictions: false, metrics: {}, signal: new AbortController().signal },
    on: ({ kind }) => events.push(kind),
  });
  return { measured, events, jobsFor };
}

test('numbers of jobs are measured with the largest model, where there is a choice', async () => {
  const { measured, events, jobsFor } = measuring();
  const runs = runsWith({});
  expect(await jobsFor([])).toBe(1);
  expect(await jobsFor(runs.slice(0, 1))).toBe(1);
  expect([measured, events]).toEqual([[], []]);
  expect(await jobsFor(runs)).toBe(2);
  expect(measured).toEqual(Array(3).fill('hard-sharing')); // 1 job, then 2
  expect(events).toEqual(['measuring']);
});

test('a stage is measured anew unless its largest model has been, in the same size on the same data', async () => {
  const { measured, jobsFor } = measuring();
  await jobsFor(runsWith({}));
  await jobsFor(runsWith({ 'train.optimizer.learningRate': 0.1, 'train.epochs': 7 }));
  expect(measured).toHaveLength(3);
  for (const changes of [{ 'model.levels': [[8]] }, { 'train.batchSize': 5 }, { 'dataset.dimension': 8 }]) {
    measured.length = 0;
    await jobsFor(runsWith(changes));
    expect(measured, JSON.stringify(changes)).toHaveLength(3);
  }
});
