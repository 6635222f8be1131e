import { Interrupted } from '../../support/errors.js';
import { remembered } from '../../support/json.js';
import { dataKey, type ReadShape } from '../plan/data-shapes.js';
import type { ExecutorOptions } from './executor.js';
import { answerError, startWorker, type WorkerProcess } from './worker-process.js';

/** Worker processes, by a number that each keeps. */
export interface Workers {
  /**
   * The worker with this number, started if it is not alive.
   * @throws Interrupted after a signal, or at the end: no further order starts.
   */
  at(index: number): WorkerProcess;
  /** Ends all workers and waits until they have ended. A later order starts a new one. */
  rest(): Promise<void>;
}

/** Workers that end when `use` returns. After `stop` their orders end as `interrupted`; after `kill` they die. */
export async function withWorkers<Made>(
  { stop, kill }: { readonly stop?: AbortSignal; readonly kill?: AbortSignal },
  use: (workers: Workers) => Promise<Made>,
): Promise<Made> {
  const workers: (WorkerProcess | undefined)[] = [];
  let ended = false;
  const endEach = (how: 'stop' | 'kill') => () => {
    ended = true;
    for (const worker of workers) worker?.[how]();
  };
  const listening = new AbortController();
  stop?.addEventListener('abort', endEach('stop'), { signal: listening.signal });
  kill?.addEventListener('abort', endEach('kill'), { signal: listening.signal });
  const rest = async () => {
    await Promise.all(workers.map((worker) => worker?.release()));
  };
  try {
    return await use({ at: started, rest });
  } finally {
    ended = true;
    await rest();
    listening.abort();
  }

  function started(index: number): WorkerProcess {
    if (ended) throw new Interrupted();
    const worker = workers[index];
    if (worker?.alive) return worker;
    const next = startWorker();
    workers[index] = next;
    return next;
  }
}

/**
 * Reads the data for the plan by the first worker, once for each data set. Assumes that the seed of an experiment does
 * not change any shape.
 */
export function shapeReader(workers: Pick<Workers, 'at'>, on: ExecutorOptions['on']): ReadShape {
  const read: ReadShape = async (experiment) => {
    const answer = await workers.at(0).ask({ kind: 'shape', experiment }, (report) => {
      if (report.kind !== 'start' && report.kind !== 'step') on(report);
    });
    if (answer.kind !== 'shape') throw answerError(answer);
    return answer;
  };
  let last: Promise<unknown> = Promise.resolve(); // a worker executes one order at a time
  return remembered((experiment) => {
    const shape = last.then(() => read(experiment));
    last = shape.catch(() => undefined);
    return shape;
  }, dataKey);
}
