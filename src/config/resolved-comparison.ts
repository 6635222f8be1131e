import { stringify } from 'yaml';
import type { ComparisonConfig } from './comparison.js';
import type { Experiment } from './experiment.js';

/**
 * A comparison with every default filled in; it is a config that asks for the same runs.
 * @param run What `ple train` makes of the same file, if it does.
 */
export function resolvedComparison(config: ComparisonConfig, run?: Experiment): Readonly<Record<string, unknown>> {
  const [point = {}] = config.points;
  const experimentOf = (label: string) => config.experiment(label, point, config.seeds[0] ?? 0);
  const { model: _model, seed: _seed, ...shared } = experimentOf(config.baseline);
  const { seeds, axes, match, tune, uncertainty, metrics } = config;
  return {
    ...shared,
    ...(run ? { seed: run.seed, model: run.model } : {}),
    compare: {
      models: config.models.map(({ label }) => ({ label, ...experimentOf(label).model })),
      seeds,
      axes,
      match: match === 'baseline' ? 'parameters' : match === null ? null : { parameters: match },
      tune,
      uncertainty,
      metrics,
    },
  };
}

export function stringifyComparison(config: ComparisonConfig, run?: Experiment): string {
  return stringify(resolvedComparison(config, run), { flowCollectionPadding: true });
}
