import { expect, test, vi } from 'vitest';
import type { ChosenDevice } from '../../engine/devices/choose-device.js';
import type { ModelShape } from '../../models/model.js';
import { binaryTasks } from '../../models/tasks.fixture.js';
import { plannedRuns, smallConfig } from '../plan/planned-runs.fixture.js';
import type { Run } from '../plan/run.js';
import { localProcesses } from './local-processes.js';
import type { Answer, Order } from './messages.js';
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

/** @param answers Of the workers to runs, in order. */
function executor(answers: (Answer | Lost)[] = [], jobs?: number, device = chosen) {
  const events: string[] = [];
  const orders: Extract<Order, { kind: 'run' }>[] = [];
  const released = vi.fn(async () => undefined);
  const ask: WorkerProcess['ask'] = async (order) => {
    if (order.kind === 'shape')
      return { kind: 'shape', model, rows: { train: 20, validation: 10, test: 10 }, grouped: false };
    if (order.kind === 'run') orders.push(order);
    return answers.shift() ?? { kind: 'interrupted' };
  };
  const worker: WorkerProcess = {
    ...{ alive: true, pid: 1, ask, stop: () => undefined, release: released, kill: () => undefined },
  };
  const workers: Workers = {
    at: () => worker,
    ...{ stop: () => undefined, kill: () => undefined },
    rest: async () => undefined,
    release: async () => undefined,
  };
  const { jobsFor, execute } = localProcesses({
    workers,
    devices: { all: [device], notes: [] },
    ...{ jobs, predictions: true, metrics: {}, signal: new AbortController().signal },
    on: ({ kind }) => events.push(kind),
  });
  return { answers, events, orders, released, jobsFor, execute };
}

test('so many runs train at a time as are asked for, else as there are cores for, and never more than there are', () => {
  const runs = runsWith({});
  const jobs = (...asked: Parameters<typeof executor>) => executor(...asked).jobsFor(runs);
  expect([executor().jobsFor([]), executor().jobsFor(runs.slice(0, 1)), jobs(), jobs([], 3)]).toEqual([1, 1, 2, 3]);
  expect(jobs([], undefined, { ...chosen, threads: 2 })).toBe(1);
  expect(jobs([], undefined, { ...chosen, candidate: { engine: 'compiled', device: 'webgpu' } })).toBe(1);
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

test('of a seed the largest model is trained first, and only reported runs keep predictions', async () => {
  const ordersOf = async (stage: 'runs' | 'tuning') => {
    const { execute, orders } = executor(Array<Answer>(4).fill({ kind: 'done' }), 2);
    await execute(stage, runsWith({}), 'nowhere');
    return orders.map(({ experiment, predictions }) => [experiment.seed, experiment.model.type, predictions]);
  };
  const expected = [1, 2].flatMap((seed) => ['hard-sharing', 'single-task'].map((type) => [seed, type, true]));
  expect(await ordersOf('runs')).toEqual(expected);
  expect(await ordersOf('tuning')).toEqual(expected.map(([seed, type]) => [seed, type, false]));
});
