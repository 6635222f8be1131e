import { Interrupted } from '../../support/errors.js';
import { startWorker, type WorkerProcess } from './worker-process.js';

/** Worker processes by their place. */
export interface Workers {
  /**
   * The worker at this place, started if none is alive.
   * @throws Interrupted after `stop`, `release` or `kill`: no further order starts.
   */
  at(place: number): WorkerProcess;
  /** Makes all workers stop, as `interrupted`. */
  stop(): void;
  /** Ends all workers and waits until they have ended. A later order starts a new one. */
  rest(): Promise<void>;
  /** As `rest`, for good. */
  release(): Promise<void>;
  kill(): void;
}

export function createWorkers(): Workers {
  const workers: (WorkerProcess | undefined)[] = [];
  let ended = false;
  const rest = async () => {
    await Promise.all(workers.map((worker) => worker?.release()));
  };
  return {
    at(place) {
      if (ended) throw new Interrupted();
      const known = workers[place];
      if (known?.alive) return known;
      const started = startWorker();
      workers[place] = started;
      return started;
    },
    stop: () => {
      ended = true;
      for (const worker of workers) worker?.stop();
    },
    rest,
    release: async () => {
      ended = true;
      await rest();
    },
    kill: () => {
      ended = true;
      for (const worker of workers) worker?.kill();
    },
  };
}
