import type { AxisPoint, ComparisonConfig } from '../config/comparison.js';
import type { Experiment } from '../config/experiment.js';
import { axisName } from './axis-point.js';

/** One run of a comparison. */
export interface PlannedRun {
  readonly label: string;
  readonly point: AxisPoint;
  readonly seed: number;
  /** What a run of `tune` tries. */
  readonly values?: AxisPoint;
  /** Named for its folder: label, axis values and seed. */
  readonly experiment: Experiment;
}

/** What a model has beyond its config at one point: matched widths, tuned values. */
export type Changes = (label: string, point: AxisPoint) => AxisPoint;

/**
 * The reported runs, seed by seed, so that an unfinished comparison has whole pairs. Within a seed: point by point, the models in
 * the order of the config.
 */
export function planRuns(
  config: ComparisonConfig,
  changes: Changes,
  seeds: readonly number[] = config.seeds,
): readonly PlannedRun[] {
  return seeds.flatMap((seed) =>
    config.points.flatMap((point) =>
      config.models.map(({ label }) => planRun(config, label, point, seed, changes(label, point))),
    ),
  );
}

export function planRun(
  config: ComparisonConfig,
  label: string,
  point: AxisPoint,
  seed: number,
  changes: AxisPoint,
): PlannedRun {
  const experiment = config.experiment(label, point, seed, changes);
  const values = Object.entries({ ...point, seed }).map(([key, value]) => `${axisName(key)}-${JSON.stringify(value)}`);
  return { label, point, seed, experiment: { ...experiment, name: folderName([label, ...values].join('-')) } };
}

/** A text as a name that a config and any file system take. */
function folderName(text: string): string {
  const plain = text.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '');
  return plain.slice(0, 80) || 'run';
}
