import type { Experiment } from '../config/experiment.js';
import { models } from '../models/catalogue.js';
import type { ModelShape } from '../models/model.js';
import { countParameters } from '../training/setup.js';
import type { Workers } from './jobs.js';
import type { DataShape, Report } from './messages.js';
import { errorOf } from './worker-process.js';

/** What an experiment's model is built for. Equal data are read once. */
export type ReadShape = (experiment: Experiment) => Promise<DataShape>;

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

/** Equal for experiments that are fed the same columns and tasks. */
export function dataOf({ dataset, inputs, tasks }: Experiment): string {
  return JSON.stringify([dataset, inputs, tasks]);
}

/** Trainable values of an experiment's model. */
export function parametersOf(
  { model }: Experiment,
  shape: ModelShape,
): { readonly embedding: number; readonly network: number } {
  return countParameters(models.get(model.type).build(shape, model).parameters);
}
