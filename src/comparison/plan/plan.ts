import type { AxisPoint, ComparisonConfig } from '../../config/comparison.js';
import type { Experiment } from '../../config/experiment.js';
import { axisName } from './axis-point.js';

/** One run of a comparison. */
export interface PlannedRun {
  readonly label: string;
  readonly point: AxisPoint;
  readonly seed: number;
  /** What a run of `tune` tries. */
  readonly values?: AxisPoint;
  /** What is reported from it; absent: all tasks. */
  readonly tasks?: readonly string[];
  /** Named for its folder: label, tasks, axis values and seed. */
  readonly experiment: Experiment;
}

/** A reported run is made of parts, nearly always of one: a run, and the tasks that are reported from it. */
export interface RunPart {
  /** Absent: all. */
  readonly tasks?: readonly string[];
  /** What the model has beyond its config: matched widths, tuned values. */
  readonly changes: AxisPoint;
}

/**
 * The reported runs, seed by seed, so that an unfinished comparison has whole pairs. Within a seed: point by point, the models in
 * the order of the config.
 */
export function planRuns(
  config: ComparisonConfig,
  partsOf: (label: string, point: AxisPoint) => readonly RunPart[],
  seeds: readonly number[] = config.seeds,
): readonly PlannedRun[] {
  return seeds.flatMap((seed) =>
    config.points.flatMap((point) =>
      config.models.flatMap(({ label }) =>
        partsOf(label, point).map(({ tasks, changes }) => planRun(config, label, point, seed, changes, tasks)),
      ),
    ),
  );
}

export function planRun(
  config: ComparisonConfig,
  label: string,
  point: AxisPoint,
  seed: number,
  changes: AxisPoint,
  tasks?: readonly string[],
): PlannedRun {
  const experiment = config.experiment(label, point, seed, changes);
  const values = Object.entries({ ...point, seed }).map(([key, value]) => `${axisName(key)}-${JSON.stringify(value)}`);
  const name = folderName([label, ...(tasks ?? []), ...values].join('-'));
  return { label, point, seed, ...(tasks ? { tasks } : {}), experiment: { ...experiment, name } };
}

/** A text as a name that a config and any file system take. */
function folderName(text: string): string {
  const plain = text.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '');
  return plain.slice(0, 80) || 'run';
}
