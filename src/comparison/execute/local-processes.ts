import { availableParallelism } from 'node:os';
import type { ComparisonConfig } from '../../config/comparison.js';
import { inspectMachine } from '../../engine/devices/choose-device.js';
import { firstExperiment } from '../plan/axis-point.js';
import { dataKey } from '../plan/data-shapes.js';
import type { Run } from '../plan/run.js';
import type { Executor, ExecutorOptions, OpenStage } from './executor.js';
import { type Order, readingEvents } from './messages.js';
import { shapeReader } from './shape-reader.js';
import { deviceFor, type SharedDevices, shareDevices, usualJobs } from './shared-devices.js';
import { failureMessage } from './worker-process.js';
import { createWorkers, type Workers } from './workers.js';

/**
 * Trains runs in child processes of this machine, several at a time. The processes end when `use` returns.
 * @throws ConfigError, before `use`, for a device that cannot be used.
 */
export async function withLocalProcesses<Made>(
  config: ComparisonConfig,
  options: ExecutorOptions,
  use: (executor: Executor) => Promise<Made>,
): Promise<Made> {
  const devices = await shareDevices(firstExperiment(config).engine, inspectMachine(options.signal));
  const workers = createWorkers();
  const stop = () => workers.stop();
  const kill = () => workers.kill();
  options.signal.addEventListener('abort', stop);
  options.halt.addEventListener('abort', kill);
  try {
    for (const message of devices.notes) options.on({ kind: 'note', message });
    return await use(localProcesses({ workers, devices, ...options }));
  } finally {
    options.signal.removeEventListener('abort', stop);
    options.halt.removeEventListener('abort', kill);
    await workers.release();
  }
}

interface Local extends Omit<ExecutorOptions, 'halt'> {
  readonly workers: Workers;
  readonly devices: SharedDevices;
}

export function localProcesses(local: Local): Executor {
  const { workers, devices, force = false, signal, on } = local;
  const readShape = shapeReader(workers, readingEvents(on));
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
    await inPlaces(Math.min(count, waiting.length), async (place) => {
      for (;;) {
        const run = signal.aborted ? undefined : waiting.shift();
        if (!run) return;
        stage.begin(run);
        const device = deviceFor(devices, count, place);
        const order = { kind: 'run', plan: stage.plan, index: stage.indexOf(run), device, force } as const;
        stage.end(run, await train(run, order, place, local));
      }
    });
  }
}

/**
 * Trains one run. If the worker is killed, it is restarted once per run and continues from the checkpoint.
 * @returns Why it failed, if it did.
 */
async function train(run: Run, order: Order, place: number, local: Local): Promise<string | undefined> {
  const { workers, signal, on } = local;
  for (let attempt = 1; ; attempt++) {
    const answer = await workers.at(place).ask(order, (report) => on({ kind: 'report', run, report }));
    if (answer.kind === 'done' || answer.kind === 'interrupted' || signal.aborted) return undefined;
    if (answer.kind === 'failed') {
      if (answer.exitCode === null) await workers.at(place).release(); // a bug may have left the worker in an undefined state
      return failureMessage(answer);
    }
    if (answer.kind !== 'lost') throw new Error(`A worker answered a run with '${answer.kind}'.`);
    if (answer.signal === null || attempt === 2) return answer.message;
    on({ kind: 'started again', run, reason: answer.message });
  }
}

async function inPlaces(count: number, work: (place: number) => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, place) => work(place)));
}
