import { z } from 'zod';
import { ConfigError } from '../support/errors.js';
import { must } from '../support/must.js';
import {
  type Compare,
  checkComparison,
  compareSchema,
  crossFit,
  external,
  isLossWeight,
  modelsOfAxis,
  seedsOf,
  tuneSeedsOf,
  usualTuneSeed,
} from './compare-schema.js';
import { type Definitions, resolvedPlugins } from './definitions.js';
import {
  type Change,
  type ConfigDocument,
  isMapping,
  type Path,
  readDocument,
  valueAt,
  withChanges,
} from './document.js';
import { executeSchema, parseExecute } from './execute.js';
import {
  type Experiment,
  resolveExperiment,
  runKeys,
  stringifyExperiment,
  withChecks,
  withoutComparison,
} from './experiment.js';
import { failAt, parsePart } from './parse.js';
import type { Margin } from './parts.js';
import { combinations, drawCandidates, usualSearch } from './search.js';

/** Values of axes at one point: `{ 'dataset.correlation': 0.4 }`. */
export type AxisPoint = Readonly<Record<string, unknown>>;

/** True if a config's text has a `compare:` key. False for an unreadable text: parsing it gives the reason. */
export function isComparison(text: string, file: string, overrides: readonly string[]): boolean {
  return hasKey('compare', text, file, overrides);
}

/** True if a comparison's config is also that of a run: it has both `compare:` and `model:`. */
export function isAlsoRun(text: string, file: string, overrides: readonly string[]): boolean {
  return hasKey('model', text, file, overrides);
}

function hasKey(key: string, text: string, file: string, overrides: readonly string[]): boolean {
  try {
    return valueAt(readDocument(text, file, overrides).value, [key]) !== undefined;
  } catch {
    return false;
  }
}

/**
 * YAML text with `compare:` and a run's keys -> what is compared, and the experiment of every possible run.
 * @throws ConfigError: for each mistake a line with file, line, column, key and the nearest known key.
 */
export function parseComparison(text: string, file: string, overrides: readonly string[], definitions: Definitions) {
  const document = readDocument(text, file, overrides);
  if (valueAt(document.value, ['compare']) === undefined)
    throw new ConfigError(`${file}: 'compare' is missing: this is the config of one run (ple train --config ${file}).`);
  refuseKeysOfRun(overrides);
  const { name, compare, plugins, execute } = parsePart(comparisonSchema(definitions), document.value, document);
  const { models: entries, match, margin, search, tuneSeed, ...kept } = compare;
  const run = { ...document, value: withoutComparison(document.value) };
  const models = entries.flatMap(({ type, label = type, tune }, index) =>
    type === external ? [] : [{ label, type, tune, path: ['compare', 'models', index] }],
  );
  const [baseline] = models.filter(({ type }) => type === definitions.baseline);
  const named = (label: string) =>
    must(
      models.find((model) => model.label === label),
      `model '${label}'`,
    );
  const axes = axisValues(compare.axes, run);
  const config = {
    ...kept,
    name,
    /** As it is written, with every default filled in. */
    compare,
    /** A run's own config has only the plugins that it uses. */
    plugins: resolvedPlugins(plugins ?? [], document, definitions.plugins),
    seeds: seedsOf(compare),
    /** The search's seeds; none is in `seeds`, unless it is cross-fitted. */
    tuneSeeds: tuneSeedsOf(compare),
    /** Each seed is judged at the values that are best for the others. */
    crossFit: tuneSeed === crossFit,
    search: search ?? usualSearch,
    /** In the order of every table. One of them is the baseline. `tune`: values to search for this model alone, by key. */
    models: models.map(({ label, type, tune }) => ({ label, type, tune })),
    /** Rows that commands of the user make. They come last in every table. */
    external: entries.flatMap(({ type, label = type, command }) =>
      type === external ? [{ label, command: String(command) }] : [],
    ),
    /** Label of the single-task model that gains are measured against. */
    baseline: baseline?.label ?? '',
    axes,
    /** Every combination of the axes' values; one empty point without axes. */
    points: combinations(axes),
    /** The part of a point that changes a model: an axis may name others, and a loss weight may be the config's own. */
    pointOf(label: string, point: AxisPoint): AxisPoint {
      const changes = ([key, value]: readonly [string, unknown]) =>
        (modelsOfAxis(compare.axes[key])?.includes(label) ?? true) &&
        !(isLossWeight(key) && value === numberAt(key, run));
      return Object.fromEntries(Object.entries(point).filter(changes));
    },
    /** The size that every model is scaled to, and whether embedding tables count; null: as configured. */
    match: match && {
      target: (match !== 'parameters' && match.parameters) || ('baseline' as const),
      embeddings: match !== 'parameters' && match.embeddings === true,
    },
    /** By metric, margins that replace its own: a smaller gain counts as none. Null: no margin. */
    margins: Object.fromEntries(Object.entries(margin).map(([metric, value]) => [metric, marginOf(value)])),
    /** Where runs train. It changes no result. */
    execute: parseExecute(execute),
    /** The combinations that a model's search tries, from the values of both `tune`: all, or those that are drawn. */
    settings(label: string): readonly AxisPoint[] {
      const spaces = { label, shared: compare.tune ?? {}, own: named(label).tune ?? {} };
      return drawCandidates(config.search, spaces, config.crossFit ? usualTuneSeed : (config.tuneSeeds[0] ?? 0));
    },
    /**
     * The experiment of one run: the YAML with these values. `changes` are further ones by dotted key (`model.levels`,
     * `train.optimizer.learningRate`).
     * @throws ConfigError for a value that the key does not take.
     */
    experiment(label: string, point: AxisPoint, seed: number, changes: AxisPoint = {}): Experiment {
      const { path } = named(label);
      // As it is written: a varied key may name another part, which the defaults of this one do not fit.
      const written = valueAt(document.value, path);
      const { label: _, tune: __, ...options } = isMapping(written) ? written : {};
      const changed = withChanges(run, [
        { key: 'model', value: options, name: path, from: path },
        { key: 'seed', value: seed, name: ['seed'], from: ['compare', 'seeds'] },
        ...Object.entries({ ...config.pointOf(label, point), ...changes }).map(([key, value]) =>
          varied(key, value, path, document.value),
        ),
      ]);
      return resolveExperiment(changed, definitions);
    },
  };
  // Every value is tried now, so that a mistake shows before hours of training.
  for (const { label } of models)
    for (const point of config.points)
      for (const values of config.settings(label)) config.experiment(label, point, config.seeds[0] ?? 0, values);
  return config;
}
export type ComparisonConfig = Readonly<ReturnType<typeof parseComparison>>;

/** The schema of a whole config: of a comparison, and of a run beside it. */
export function wholeSchema(definitions: Definitions) {
  const keys = runKeys(definitions);
  const compare = compareSchema(definitions).describe('What `ple compare` compares.');
  return { ...keys, model: keys.model.optional(), compare, execute: executeSchema };
}

function comparisonSchema(definitions: Definitions) {
  return withChecks(z.strictObject(wholeSchema(definitions)), definitions).superRefine((config, context) => {
    if (context.issues.length === 0) checkComparison(config, context, definitions);
  });
}

function refuseKeysOfRun(overrides: readonly string[]): void {
  const unused = overrides.find((override) => /^(model|seed)[.=]/.test(override));
  if (unused === undefined) return;
  const [, key] = /^model(\.[^=]*)/.exec(unused) ?? [];
  const instead = key === undefined ? '' : `, so for the first model say compare.models.0${key}`;
  throw new ConfigError(
    `override '${unused}': a comparison takes its models and seeds from compare.models and compare.seeds${instead}; this key is one of ple train.`,
  );
}

/** A value of an axis, a search or a front. Matched widths are written nowhere: they are of the model. */
function varied(key: string, value: unknown, model: Path, config: unknown): Change {
  const [head, ...rest] = key.split('.');
  const paths: Path[] = [...['axes', 'tune'].map((part) => ['compare', part, key]), [...model, 'tune', key]];
  const space = paths.find((path) => valueAt(config, path) !== undefined);
  const values = space && valueAt(config, space);
  const index = Array.isArray(values) ? values.indexOf(value) : -1;
  const name = head === 'model' ? [...model, ...rest] : key.split('.');
  return { key, value, name, from: space ? [...space, ...(index < 0 ? [] : [index])] : model };
}

/** The values of each axis; `times` are multiples of the config's number. */
function axisValues(axes: Compare['axes'], run: ConfigDocument): Readonly<Record<string, readonly unknown[]>> {
  return Object.fromEntries(
    Object.entries(axes).map(([key, axis]) => {
      if (Array.isArray(axis)) return [key, axis];
      if ('values' in axis) return [key, axis.values];
      const number = numberAt(key, run);
      return [key, axis.times.map((times) => Number((times * number).toPrecision(12)))];
    }),
  );
}

/** A number of a run's config; a loss weight is 1 where the config has none. */
function numberAt(key: string, run: ConfigDocument): number {
  const written = valueAt(run.value, key.split('.')) ?? (isLossWeight(key) ? 1 : undefined);
  if (typeof written === 'number') return written;
  throw failAt(run, ['compare', 'axes', key], 'times multiplies a number that the config has at this key');
}

function marginOf(value: Compare['margin'][string]): Margin | null {
  if (typeof value === 'string') return { percent: Number.parseFloat(value) };
  return value === null ? null : { absolute: value };
}

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
  return stringifyExperiment(resolvedComparison(config, run));
}
