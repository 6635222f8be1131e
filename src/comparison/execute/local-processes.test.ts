import { expect, test, vi } from 'vitest';
import type { ChosenDevice } from '../../engine/devices/devices.js';
import type { DataShape } from '../plan/data-shapes.js';
import { plannedRuns, smallConfig } from '../plan/planned-runs.fixture.js';
import type { Run } from '../plan/run.js';
import { type Event, openStage } from './executor.js';
import { localProcesses } from './local-processes.js';
import type { Answer, Order } from './orders.js';
import type { Lost, WorkerProcess } from './worker-process.js';

const config = smallConfig(`
  seeds: [1, 2]
  models: [{ type: single-task, levels: [[2]], tower: [] }, { type: hard-sharing, levels: [[9]], tower: [] }]
`);
const runs = plannedRuns(config);

const device: ChosenDevice = {
  candidate: { engine: 'compiled', device: 'cpu' },
  adapter: { adapter: null, software: false },
  why: 'asked for',
};

const shape: DataShape = {
  kind: 'shape',
  grouped: false,
  rows: { train: 20, validation: 10, test: 10 },
  testClasses: [],
  model: { tasks: [], categorical: [], numeric: [] },
};

/** @param answers Of the workers to runs, in order. */
function executor(answers: (Answer | Lost)[], jobs: number) {
  const events: string[] = [];
  const orders: Extract<Order, { kind: 'run' }>[] = [];
  const released = vi.fn(async () => undefined);
  const ask: WorkerProcess['ask'] = async (order) => {
    if (order.kind === 'shape') return shape;
    if (order.kind === 'run') orders.push(order);
    return answers.shift() ?? { kind: 'interrupted' };
  };
  const worker: WorkerProcess = {
    ...{ alive: true, ask, stop: () => undefined, release: released, kill: () => undefined },
  };
  const on = ({ kind }: Event) => void events.push(kind);
  const { execute } = localProcesses({
    workers: { at: () => worker },
    devices: { all: [device], notes: [] },
    ...{ jobs, predictions: true, signal: new AbortController().signal },
    on,
  });
  return {
    ...{ answers, events, orders, released },
    /** Which runs failed. */
    async train(runs: readonly Run[]) {
      const open = openStage({ stage: 'runs', runs, folder: 'nowhere', plan: 'plan.json' }, {}, on);
      await execute(open);
      return open.failed;
    },
  };
}

const lost: Lost = { kind: 'lost', signal: 'SIGKILL', message: 'it was killed' };
const bug = { kind: 'failed', message: 'Error: a bug', exitCode: null } as const;
test.each<[string, (Answer | Lost)[], string[], string[], number]>([
  ['done', [{ kind: 'done' }], [], ['ended'], 0],
  ['lost once: it is started again', [lost, { kind: 'done' }], [], ['started again', 'ended'], 0],
  ['lost twice: it has failed', [lost, lost], ['nowhere/0'], ['started again', 'ended'], 0],
  ['interrupted: it has not failed', [{ kind: 'interrupted' }], [], ['ended'], 0],
  ['failed by a bug: its worker is not used again', [bug], ['nowhere/0'], ['ended'], 1],
])('a run is %s', async (_, answers, failed, told, released) => {
  const made = executor([...answers], 1);
  expect(await made.train(runs.slice(0, 1))).toEqual(failed);
  expect(made.answers).toEqual([]);
  expect(made.events).toEqual(['planned', 'begun', ...told]);
  expect(made.released).toHaveBeenCalledTimes(released);
});

test('runs are trained in the order of the plan', async () => {
  const { train, orders } = executor(Array<Answer>(4).fill({ kind: 'done' }), 2);
  await train(runs);
  expect(orders.map(({ plan, index }) => [plan, index])).toEqual([0, 1, 2, 3].map((index) => ['plan.json', index]));
});
