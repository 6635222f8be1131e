import type { Experiment } from '../../config/experiment.js';
import type { SplitName } from '../../data/dataset.js';
import { models } from '../../models/catalogue.js';
import type { ModelShape } from '../../models/model.js';
import { countParameters } from '../../training/setup.js';

/** What models are built for. */
export interface DataShape {
  readonly kind: 'shape';
  readonly model: ModelShape;
  readonly rows: Readonly<Record<SplitName, number>>;
  /** Whether they say which rows belong together (of one user). */
  readonly grouped: boolean;
}

/** What an experiment's model is built for. Equal data are read once. */
export type ReadShape = (experiment: Experiment) => Promise<DataShape>;

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
