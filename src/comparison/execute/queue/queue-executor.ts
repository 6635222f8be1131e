import { Queue } from 'bullmq';
import { exitCode, Interrupted, UserError } from '../../../support/errors.js';
import { counted } from '../../../support/whole-number.js';
import type { ComparisonOptions, Executor } from '../executor.js';
import { withShapeReader } from '../shape-reader.js';
import { writeStagePlan } from '../stage-plan.js';
import type { Address } from './address.js';
import { type Connection, connect, refusalOf } from './connection.js';
import { stageJobs } from './jobs.js';
import { type Payload, prefix, queueName } from './messages.js';

/**
 * Trains runs on the workers of a queue, which share the folder of all runs.
 * @throws UserError, before `use`, for a queue that refuses the connection.
 */
export async function withQueue<Made>(
  address: Address,
  options: ComparisonOptions,
  use: (executor: Executor) => Promise<Made>,
): Promise<Made> {
  const { signal, halt, on } = options;
  const connection = await connect(address, signal, (message) => on({ kind: 'note', message }));
  const { redis, close } = connection;
  const stop = () => {
    if (redis.status !== 'ready') close(); // what waits for the server would keep this process
  };
  signal.addEventListener('abort', stop);
  halt.addEventListener('abort', close);
  try {
    return await withShapeReader(options, (readShape, rest) =>
      use({ readShape, execute: executeIn({ address, connection, options, rest }) }),
    );
  } catch (error) {
    if (signal.aborted && !(error instanceof UserError)) throw new Interrupted();
    throw refusalOf(error, address.shown) ?? error;
  } finally {
    signal.removeEventListener('abort', stop);
    halt.removeEventListener('abort', close);
    close();
  }
}

interface Opened {
  readonly address: Address;
  readonly connection: Connection;
  readonly options: ComparisonOptions;
  /** Frees the data that were read for the plan. */
  readonly rest: () => Promise<void>;
}

function executeIn({ address, connection, options, rest }: Opened): Executor['execute'] {
  const { signal, on, predictions, detach = false } = options;
  const { shown } = address;
  const queue = new Queue<Payload>(queueName, { connection: connection.redis, prefix });
  queue.on('error', () => undefined); // the connection says so
  return async (open) => {
    if (signal.aborted) return;
    const slots = (await queue.getWorkers()).length; // each trains one run at a time
    const place = `the queue at ${shown} has ${counted(slots, 'place')} at workers`;
    open.planned({ jobs: Math.max(1, slots), threads: null, place });
    if (slots === 0)
      on({
        kind: 'note',
        message: `No worker is connected to the queue at ${shown}: ple worker --queue … starts one.`,
      });
    void rest();
    const plan = await writeStagePlan(open, open.todo, predictions);
    const jobs = stageJobs(queue, { open, plan, runs: options.runs, signal, on });
    await jobs.add();
    if (detach) {
      const what = `${counted(open.todo.length, 'run')} are with the queue at ${shown}`;
      const message = `${what}. The same command with --attach waits for them, and goes on.`;
      return { message, exitCode: exitCode.done };
    }
    const left = await jobs.follow(() => connection.redis.status === 'ready');
    if (left > 0)
      on({
        kind: 'note',
        message: `${counted(left, 'run')} stay with the queue: its workers train on. The same command collects them.`,
      });
    return;
  };
}
