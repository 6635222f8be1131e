import { expect, test, vi } from 'vitest';
import type { ChosenDevice } from '../../engine/devices/choose-device.js';
import type { ModelShape } from '../../models/model.js';
import { binaryTasks } from '../../models/tasks.fixture.js';
import { plannedRuns, smallConfig } from '../plan/planned-runs.fixture.js';
import type { Run } from '../plan/run.js';
import { localProcesses } from './local-processes.js';
import type { Answer } from './messages.js';
import type { Lost, WorkerProcess } from './worker-process.js';
import type { Workers } from './workers.js';

vi.mock('node:os', async (original) => ({
  ...(await original<typeof import('node:os')>()),
  availableParallelism: () => 2,
}));

const config = smallConfig(`
  seeds: [1, 2]
  models: [{ type: single-task, levels: [[2]], tower: [] }, { type: hard-sharing, levels: [[9]], tower: [] }]
`);
const runsWith = (changes: object) => plannedRuns(config, changes);

const chosen: ChosenDevice = {
  candidate: { engine: 'compiled', device: 'cpu' },
  adapter: { adapter: null, driver: null, memoryBytes: null, software: false },
  why: 'asked for',
};

const model: ModelShape = { tasks: binaryTasks('y1', 'y2'), categorical: [], numeric: ['a', 'b', 'c', 'd'] };

/**
 * Workers that are faster together: the models that they were measured with, and what they answer to runs, in order.
 */
function executor(answers: (Answer | Lost)[] = [], jobs?: number) {
  const [measured, events]: [string[], string[]] = [[], []];
  const released = vi.fn(async () => undefined);
  const ask: WorkerProcess['ask'] = async (order, on) => {
    if (order.kind === 'shape')
      return { kind: 'shape', model, rows: { train: 20, validation: 10, test: 10 }, grouped: false };
    if (order.kind === 'run') return answers.shift() ?? { kind: 'interrupted' };
    on({ kind: 'ready' });
    measured.push(order.experiment.model.type);
    return { kind: 'measured', samplesPerSecond: 100, compileSeconds: 0 };
  };
  const worker: WorkerProcess = {
    ...{ alive: true, pid: 1, ask, signal: () => undefined, release: released, kill: () => undefined },
  };
  const workers: Workers = {
    at: () => worker,
    ...{ signal: () => undefined, stop: () => undefined, kill: () => undefined },
    rest: async () => undefined,
    release: async () => undefined,
  };
  const { jobsFor, execute } = localProcesses({
    workers,
    devices: { all: [chosen], notes: [] },
    ...{ jobs, predictions: false, metrics: {}, signal: new AbortController().signal },
    on: ({ kind }) => events.push(kind),
  });
  return { answers, measured, events, released, jobsFor, execute };
}

test('numbers of jobs are measured with the largest model, where there is a choice', async () => {
  const { measured, events, jobsFor } = executor();
  const runs = runsWith({});
  expect(await jobsFor([])).toBe(1);
  expect(await jobsFor(runs.slice(0, 1))).toBe(1);
  expect([measured, events]).toEqual([[], []]);
  expect(await jobsFor(runs)).toBe(2);
  expect(measured).toEqual(Array(3).fill('hard-sharing')); // 1 job, then 2
  expect(events).toEqual(['measuring']);
});

test('a stage is measured anew unless its largest model has been, in the same size on the same data', async () => {
  const { measured, jobsFor } = executor();
  await jobsFor(runsWith({}));
  await jobsFor(runsWith({ 'train.optimizer.learningRate': 0.1, 'train.epochs': 7 }));
  expect(measured).toHaveLength(3);
  for (const changes of [{ 'model.levels': [[8]] }, { 'train.batchSize': 5 }, { 'dataset.dimension': 8 }]) {
    measured.length = 0;
    await jobsFor(runsWith(changes));
    expect(measured, JSON.stringify(changes)).toHaveLength(3);
  }
});

const lost: Lost = { kind: 'lost', signal: 'SIGKILL', message: 'it was killed' };
const bug = { kind: 'failed', message: 'Error: a bug', exitCode: null } as const;
test.each<[string, (Answer | Lost)[], Run['state'], string[], number]>([
  ['done', [{ kind: 'done' }], 'finished', ['ended'], 0],
  ['lost once: it is started again', [lost, { kind: 'done' }], 'finished', ['started again', 'ended'], 0],
  ['lost twice: it has failed', [lost, lost], 'failed', ['started again', 'ended'], 0],
  ['interrupted: it stays planned', [{ kind: 'interrupted' }], 'planned', ['ended'], 0],
  ['failed by a bug: its worker is not used again', [bug], 'failed', ['ended'], 1],
])('a run is %s', async (_, answers, state, told, released) => {
  const made = executor([...answers], 1);
  const [run] = await made.execute('runs', runsWith({}).slice(0, 1), 'nowhere');
  expect(run?.state).toBe(state);
  expect(made.answers).toEqual([]);
  expect(made.events).toEqual(['planned', 'begun', ...told]);
  expect(made.released).toHaveBeenCalledTimes(released);
});
