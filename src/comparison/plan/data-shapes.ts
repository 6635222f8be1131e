import type { Experiment } from '../../config/experiment.js';
import type { Dataset, SplitName } from '../../data/dataset.js';
import type { ClassCounts } from '../../metrics/metric.js';
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
  /** For each task, the test rows in its sample space. Null: it is not binary. */
  readonly testClasses: readonly (ClassCounts | null)[];
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

/** Counts the test rows of binary tasks by class: reads the test split once. */
export async function countClasses(
  { tasks, splits: { test } }: Pick<Dataset, 'tasks' | 'splits'>,
  signal: AbortSignal,
): Promise<DataShape['testClasses']> {
  const counts = tasks.map(({ type }) => (type === 'binary' ? { positives: 0, negatives: 0 } : null));
  for (let index = 0; counts.some(Boolean) && index * test.blockRows < test.rows; index++) {
    signal.throwIfAborted();
    const { labels, masks } = await test.read(index);
    for (const [cell, weight] of masks.entries()) {
      const count = counts[cell % tasks.length];
      if (count && weight > 0) count[labels[cell] === 1 ? 'positives' : 'negatives']++;
    }
  }
  return counts;
}
