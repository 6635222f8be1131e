import { stringify } from 'yaml';
import { external } from './compare-schema.js';
import type { ComparisonConfig } from './comparison.js';
import type { Experiment } from './experiment.js';

/**
 * A comparison with every default filled in, as a config for the same runs.
 * @param run the run of the same file, if it has one
 */
export function resolvedComparison(config: ComparisonConfig, run?: Experiment): Readonly<Record<string, unknown>> {
  const [point = {}] = config.points;
  const experimentOf = (label: string) => config.experiment(label, point, config.seeds[0] ?? 0);
  const { model: _model, seed: _seed, plugins: _plugins, ...shared } = experimentOf(config.baseline);
  const {
    seeds,
    looks,
    axes,
    match,
    tune,
    tuneScore,
    search,
    tuneSeeds,
    uncertainty,
    metrics,
    margins,
    taskWeights,
    front,
    contrasts,
  } = config;
  const [first = 0, second = first + 1] = looks;
  const [tuneSeed, ...others] = tuneSeeds;
  return {
    ...(config.plugins.length > 0 ? { plugins: config.plugins } : {}),
    ...shared,
    ...(run ? { seed: run.seed, model: run.model } : {}),
    compare: {
      models: [
        ...config.models.map((model) => ({
          label: model.label,
          ...experimentOf(model.label).model,
          ...(model.tune ? { tune: model.tune } : {}),
        })),
        ...config.external.map(({ label, command }) => ({ label, type: external, command })),
      ],
      seeds: looks.length > 1 ? { first, step: second - first, most: seeds.length } : countOf(seeds),
      axes,
      match: match && writtenMatch(match),
      tune: tuneScore === 'mean' ? tune : { score: tuneScore, ...tune },
      ...(search.type === 'grid' ? {} : { search }), // as earlier versions wrote it
      tuneSeed: others.length === 0 ? tuneSeed : tuneSeeds,
      uncertainty,
      metrics,
      margin: Object.fromEntries(Object.entries(margins).map(([name, margin]) => [name, written(margin)])),
      taskWeights,
      ...(front ? { front: { [front.key]: front.values } } : {}), // absent in what earlier versions wrote
      contrasts,
    },
  };
}

/** The number of seeds, if they count from 1; else the seeds. */
function countOf(seeds: readonly number[]): number | readonly number[] {
  return seeds.every((seed, index) => seed === index + 1) ? seeds.length : seeds;
}

function writtenMatch({ target, embeddings }: NonNullable<ComparisonConfig['match']>) {
  if (target === 'baseline') return embeddings ? { embeddings } : 'parameters';
  return { parameters: target, ...(embeddings ? { embeddings } : {}) };
}

function written(margin: ComparisonConfig['margins'][string]): number | string | null {
  if (!margin) return null;
  return 'absolute' in margin
    ? margin.absolute
    : `${margin.percent.toLocaleString('en', { useGrouping: false, maximumFractionDigits: 20 })} %`;
}

export function stringifyComparison(config: ComparisonConfig, run?: Experiment): string {
  return stringify(resolvedComparison(config, run), { flowCollectionPadding: true });
}
