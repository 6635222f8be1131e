import { type DataShape, dataOf, type ReadShape } from '../plan/data-shapes.js';
import type { Workers } from './jobs.js';
import type { Report } from './messages.js';
import { errorOf } from './worker-process.js';

/** Asks a worker, so that this process does not hold the data. The seed of an experiment is taken to change no shape. */
export function createShapeReader(workers: Workers, on: (report: Report) => void): ReadShape {
  const shapes = new Map<string, Promise<DataShape>>();
  let last: Promise<unknown> = Promise.resolve(); // a worker carries out one order at a time
  return (experiment) => {
    const key = dataOf(experiment);
    const known = shapes.get(key);
    if (known) return known;
    const asked = last.then(async () => {
      const answer = await workers.at(0).ask({ kind: 'shape', experiment }, on);
      if (answer.kind !== 'shape') throw errorOf(answer);
      return answer;
    });
    last = asked.catch(() => undefined);
    shapes.set(key, asked);
    return asked;
  };
}
