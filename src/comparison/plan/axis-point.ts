import type { AxisPoint, ComparisonConfig } from '../../config/comparison.js';
import type { Experiment } from '../../config/experiment.js';

/** A key that is equal for equal points. The axes must be in the same order. */
export function pointKey(point: AxisPoint): string {
  return JSON.stringify(point);
}

/** The baseline at the first point, under the first seed: what all models have in common is as it is there. */
export function firstExperiment(
  config: Pick<ComparisonConfig, 'experiment' | 'baseline' | 'points' | 'seeds'>,
): Experiment {
  return config.experiment(config.baseline, config.points[0] ?? {}, config.seeds[0] ?? 0);
}

/** `dataset.correlation` -> `correlation`; `loss.weights.click.initial` -> `weight of click` */
export function axisName(key: string): string {
  const [, task] = /^loss\.weights\.(.+)\.initial$/.exec(key) ?? [];
  return task !== undefined ? `weight of ${task}` : (key.split('.').at(-1) ?? key);
}

export function axisValue(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

/** `correlation 0.4, tower [8]`; empty without axes. */
export function pointText(point: AxisPoint, separator = ', '): string {
  return Object.entries(point)
    .map(([key, value]) => `${axisName(key)} ${axisValue(value)}`)
    .join(separator);
}
