import { dataKey, type ReadShape } from '../plan/data-shapes.js';
import type { ExecutorOptions } from './executor.js';
import { type Report, readingEvents } from './messages.js';
import { answerError } from './worker-process.js';
import { createWorkers, type Workers } from './workers.js';

/**
 * For executors whose runs train elsewhere: the data are read for the plan in a process of its own, which ends when
 * `use` returns.
 * @param use `rest` ends the process before, so that it does not hold the data. A later call starts another.
 */
export async function withShapeReader<Made>(
  { signal, on }: Pick<ExecutorOptions, 'signal' | 'on'>,
  use: (readShape: ReadShape, rest: () => Promise<void>) => Promise<Made>,
): Promise<Made> {
  const workers = createWorkers();
  const kill = () => workers.kill();
  signal.addEventListener('abort', kill);
  try {
    return await use(shapeReader(workers, readingEvents(on)), workers.rest);
  } finally {
    signal.removeEventListener('abort', kill);
    await workers.release();
  }
}

/**
 * Reads the data by the first worker, once for each data set. Assumes that the seed of an experiment does not change
 * any shape.
 */
export function shapeReader(workers: Workers, on: (report: Report) => void): ReadShape {
  const shapes = new Map<string, ReturnType<ReadShape>>();
  let last: Promise<unknown> = Promise.resolve(); // a worker executes one order at a time
  return (experiment) => {
    const key = dataKey(experiment);
    const known = shapes.get(key);
    if (known) return known;
    const asked = last.then(async () => {
      const answer = await workers.at(0).ask({ kind: 'shape', experiment }, on);
      if (answer.kind !== 'shape') throw answerError(answer);
      return answer;
    });
    last = asked.catch(() => undefined);
    shapes.set(key, asked);
    return asked;
  };
}
