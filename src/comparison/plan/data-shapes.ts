import type { Experiment } from '../../config/experiment.js';
import type { SplitName } from '../../data/dataset.js';
import { models } from '../../models/catalogue.js';
import type { ModelShape } from '../../models/model.js';
import { countByTask, countParameters, type ParameterCounts } from '../../training/setup.js';

/** The data dimensions that models are built for. */
export interface DataShape {
  readonly kind: 'shape';
  readonly model: ModelShape;
  readonly rows: Readonly<Record<SplitName, number>>;
  /** Whether the data have groups: rows that belong together, such as those of one user. */
  readonly grouped: boolean;
}

/** Reads the shape of an experiment's data. Equal data are read once. */
export type ReadShape = (experiment: Experiment) => Promise<DataShape>;

/** A key that is equal for experiments with the same input columns and tasks. */
export function dataKey({ dataset, inputs, tasks }: Experiment): string {
  return JSON.stringify([dataset, inputs, tasks]);
}

/** Number of trainable values of an experiment's model. */
export function parameterCounts(
  { model }: { readonly model: Experiment['model'] },
  shape: ModelShape,
): ParameterCounts {
  return countParameters(models.get(model.type).build(shape, model).parameters);
}

/** The same by task, where the tasks share no parameters. */
export function parametersByTask({ model }: Experiment, shape: ModelShape): ReturnType<typeof countByTask> {
  return countByTask(models.get(model.type).build(shape, model).parameters);
}
