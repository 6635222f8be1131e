import { availableParallelism } from 'node:os';
import type { ComparisonConfig } from '../../config/comparison.js';
import { thisMachine } from '../../engine/devices/devices.js';
import { firstExperiment } from '../plan/axis-point.js';
import { dataKey } from '../plan/data-shapes.js';
import type { Run } from '../plan/run.js';
import type { Executor, ExecutorOptions, OpenStage } from './executor.js';
import type { Order } from './orders.js';
import { deviceFor, type SharedDevices, shareDevices, usualJobs } from './shared-devices.js';
import { failureMessage } from './worker-process.js';
import { shapeReader, type Workers, withWorkers } from './workers.js';

/**
 * Trains runs in child processes of this machine, several at a time. The processes end when `use` returns.
 * @throws ConfigError, before `use`, for a device that cannot be used.
 */
export async function withLocalProcesses<Made>(
  config: ComparisonConfig,
  options: ExecutorOptions,
  use: (executor: Executor) => Promise<Made>,
): Promise<Made> {
  const { signal, halt, on } = options;
  const devices = await shareDevices(firstExperiment(config).engine, thisMachine(signal));
  for (const message of devices.notes) on({ kind: 'note', message });
  return withWorkers({ stop: signal, kill: halt }, (workers) => use(localProcesses({ workers, devices, ...options })));
}

interface Local extends Omit<ExecutorOptions, 'halt'> {
  readonly workers: Pick<Workers, 'at'>;
  readonly devices: SharedDevices;
}

export function localProcesses(local: Local): Executor {
  const { workers, devices, force = false, signal, on } = local;
  const readShape = shapeReader(workers, on);
  return { readShape, execute };

  async function execute(stage: OpenStage): Promise<undefined> {
    const { todo } = stage;
    if (signal.aborted) return;
    // A mistake that every run would have ends the stage; where runs differ in their data, each reports its own.
    const [first, ...others] = new Map(todo.map(({ experiment }) => [dataKey(experiment), experiment])).values();
    if (first && others.length === 0) await readShape(first);
    if (signal.aborted) return;
    const count = Math.max(1, Math.min(local.jobs ?? usualJobs(devices), todo.length));
    stage.planned({ jobs: count, threads: deviceFor(devices, count, 0).threads ?? availableParallelism() });
    const waiting = [...todo];
    const takeRuns = async (worker: number) => {
      const device = deviceFor(devices, count, worker);
      while (!signal.aborted) {
        const run = waiting.shift();
        if (!run) return;
        stage.begin(run);
        const order = { kind: 'run', plan: stage.plan, index: stage.indexOf(run), device, force } as const;
        stage.end(run, await train(run, order, worker, local));
      }
    };
    await Promise.all(Array.from({ length: count }, (_, worker) => takeRuns(worker)));
  }
}

/**
 * Trains one run. If the worker is killed, it is restarted once per run and continues from the checkpoint.
 * @returns Why it failed, if it did.
 */
async function train(run: Run, order: Order, worker: number, local: Local): Promise<string | undefined> {
  const { workers, signal, on } = local;
  for (let attempt = 1; ; attempt++) {
    const answer = await workers.at(worker).ask(order, (report) => on({ kind: 'report', run, report }));
    if (signal.aborted || (answer.kind !== 'failed' && answer.kind !== 'lost')) return undefined;
    if (answer.kind === 'failed') {
      if (answer.exitCode === null) await workers.at(worker).release(); // a bug may have left the worker in an undefined state
      return failureMessage(answer);
    }
    if (answer.signal === null || attempt === 2) return answer.message;
    on({ kind: 'started again', run, reason: answer.message });
  }
}
