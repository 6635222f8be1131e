import { stringify } from 'yaml';
import type { ComparisonConfig } from './comparison.js';
import type { Experiment } from './experiment.js';

/**
 * A comparison with every default filled in, as a config for the same runs.
 * @param run the run of the same file, if it has one
 */
export function resolvedComparison(config: ComparisonConfig, run?: Experiment): Readonly<Record<string, unknown>> {
  const { baseline, points, seeds, plugins, compare } = config;
  const { model: _, seed: __, plugins: ___, ...shared } = config.experiment(baseline, points[0] ?? {}, seeds[0] ?? 0);
  return {
    ...(plugins.length > 0 ? { plugins } : {}),
    ...shared,
    ...(run ? { seed: run.seed, model: run.model } : {}),
    compare,
  };
}

export function stringifyComparison(config: ComparisonConfig, run?: Experiment): string {
  return stringify(resolvedComparison(config, run), { flowCollectionPadding: true, blockQuote: 'literal' });
}
