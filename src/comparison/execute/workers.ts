import { Interrupted } from '../../support/errors.js';
import { dataKey, type ReadShape } from '../plan/data-shapes.js';
import type { ExecutorOptions } from './executor.js';
import { answerError, startWorker, type WorkerProcess } from './worker-process.js';

/** Worker processes by their place. */
export interface Workers {
  /**
   * The worker at this place, started if none is alive.
   * @throws Interrupted after a signal, or at the end: no further order starts.
   */
  at(place: number): WorkerProcess;
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
  const toEach = (what: 'stop' | 'kill') => () => {
    ended = true;
    for (const worker of workers) worker?.[what]();
  };
  const [stopAll, killAll] = [toEach('stop'), toEach('kill')];
  stop?.addEventListener('abort', stopAll);
  kill?.addEventListener('abort', killAll);
  const rest = async () => {
    await Promise.all(workers.map((worker) => worker?.release()));
  };
  try {
    return await use({ at, rest });
  } finally {
    ended = true;
    await rest();
    stop?.removeEventListener('abort', stopAll);
    kill?.removeEventListener('abort', killAll);
  }

  function at(index: number): WorkerProcess {
    if (ended) throw new Interrupted();
    const worker = workers[index];
    if (worker?.alive) return worker;
    const started = startWorker();
    workers[index] = started;
    return started;
  }
}

/**
 * Reads the data for the plan by the first worker, once for each data set. Assumes that the seed of an experiment does
 * not change any shape.
 */
export function shapeReader({ at }: Pick<Workers, 'at'>, on: ExecutorOptions['on']): ReadShape {
  const shapes = new Map<string, ReturnType<ReadShape>>();
  let last: Promise<unknown> = Promise.resolve(); // a worker executes one order at a time
  return (experiment) => {
    const key = dataKey(experiment);
    const shape = shapes.get(key);
    if (shape) return shape;
    const asked = last.then(async () => {
      const answer = await at(0).ask({ kind: 'shape', experiment }, (report) => {
        if (report.kind !== 'start' && report.kind !== 'step') on(report);
      });
      if (answer.kind !== 'shape') throw answerError(answer);
      return answer;
    });
    last = asked.catch(() => undefined);
    shapes.set(key, asked);
    return asked;
  };
}
