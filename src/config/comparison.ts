import { z } from 'zod';
import { ConfigError } from '../support/errors.js';
import { must } from '../support/must.js';
import { checkComparison } from './compare-rules.js';
import {
  type Compare,
  compareSchema,
  crossFit,
  external,
  isLossWeight,
  labelOf,
  modelsOfAxis,
  pickRows,
  seedsOf,
  trainedModels,
  tuneSeedsOf,
  usualTuneSeed,
} from './compare-schema.js';
import { type Definitions, pluginsOf } from './definitions.js';
import { type ConfigDocument, readDocument } from './document.js';
import { executeSchema, parseExecute } from './execute.js';
import {
  type Experiment,
  resolveExperiment,
  runKeys,
  stringifyExperiment,
  withChecks,
  withoutComparison,
} from './experiment.js';
import { type ConfigNode, nodeAt, type Path, plainNode, valueAt, withNode, withoutKeys } from './node.js';
import { failAt, parsePart } from './parse.js';
import type { Margin } from './parts.js';
import { combinations, drawCandidates, usualSearch } from './search.js';

/** Values of axes at one point: `{ 'dataset.correlation': 0.4 }`. */
export type AxisPoint = Readonly<Record<string, unknown>>;

/** True for the config of a comparison. */
export function isComparison({ value }: ConfigDocument): boolean {
  return valueAt(value, ['compare']) !== undefined;
}

/** `resolveComparison` for a text. */
export function parseComparison(
  text: string,
  file: string,
  overrides: readonly string[],
  definitions: Definitions,
): ComparisonConfig {
  return resolveComparison(readDocument(text, file, overrides), definitions);
}

/**
 * A config with `compare:` and a run's keys -> what is compared, and the experiment of every possible run.
 * @throws ConfigError: for each mistake a line with file, line, column, key and the nearest known key.
 */
export function resolveComparison(document: ConfigDocument, definitions: Definitions) {
  refuseConfigOfRun(document);
  const { name, compare, execute } = parsePart(comparisonSchema(definitions), document);
  const { models: _, match, margin, search, tuneSeed, ...kept } = compare;
  const plugins = pluginsOf(document, definitions.plugins);
  const models = trainedModels(compare);
  const axes = axisValues(compare.axes, document);
  const config = {
    ...kept,
    name,
    /** As it is written, with every default filled in. */
    compare,
    /** A run's own config has only the plugins that it uses. */
    plugins,
    seeds: seedsOf(compare),
    /** The search's seeds; none is in `seeds`, unless it is cross-fitted. */
    tuneSeeds: tuneSeedsOf(compare),
    /** Each seed is judged at the values that are best for the others. */
    crossFit: tuneSeed === crossFit,
    search: search ?? usualSearch,
    /** In the order of every table. One of them is the baseline. `tune`: values to search for this model alone, by key. */
    models: models.map(({ label, type, tune }) => ({ label, type, tune })),
    /** Rows that commands of the user make. They come after the models. */
    external: externalModels(compare),
    /** Rows that pick each task from models. They come last in every table. */
    picks: pickRows(compare),
    /** Label of the single-task model that gains are measured against. */
    baseline: models.find(({ type }) => type === definitions.baseline)?.label ?? '',
    axes,
    /** Every combination of the axes' values; one empty point without axes. */
    points: combinations(axes),
    /** The size that every model is scaled to, and whether embedding tables count; null: as configured. */
    match: match && {
      target: (match !== 'parameters' && match.parameters) || ('baseline' as const),
      embeddings: match !== 'parameters' && match.embeddings === true,
    },
    /** By metric, margins that replace its own: a smaller gain counts as none. Null: no margin. */
    margins: Object.fromEntries(Object.entries(margin).map(([metric, value]) => [metric, marginOf(value)])),
    /** Where runs train. It changes no result. */
    execute: parseExecute(execute),
    ...runsOf(document, compare, (run) => resolveExperiment(run, definitions, plugins)),
  };
  triedExperiments(config); // a mistake shows now, before hours of training
  return config;
}
export type ComparisonConfig = Readonly<ReturnType<typeof resolveComparison>>;

/** What the runs of a comparison are made of. */
function runsOf(document: ConfigDocument, compare: Compare, resolve: (run: ConfigNode) => Experiment) {
  const models = trainedModels(compare);
  const modelOf = (label: string) =>
    must(
      models.find((model) => model.label === label),
      `model '${label}'`,
    );
  const experiments = new Map<string, Experiment>(); // by model and values
  return { pointOf, settings, experiment };

  /** The part of a point that changes a model: an axis may name others, and a loss weight may be the config's own. */
  function pointOf(label: string, point: AxisPoint): AxisPoint {
    const changes = ([key, value]: readonly [string, unknown]) =>
      (modelsOfAxis(compare.axes[key])?.includes(label) ?? true) &&
      !(isLossWeight(key) && value === numberAt(key, document));
    return Object.fromEntries(Object.entries(point).filter(changes));
  }

  /** The combinations that a model's search tries, from the values of both `tune`: all, or those that are drawn. */
  function settings(label: string): readonly AxisPoint[] {
    const spaces = { label, shared: compare.tune ?? {}, added: modelOf(label).tune ?? {} };
    const [seed = 0] = compare.tuneSeed === crossFit ? [usualTuneSeed] : tuneSeedsOf(compare);
    return drawCandidates(compare.search ?? usualSearch, spaces, seed);
  }

  /**
   * The experiment of one run: the YAML with these values. Runs that differ in their seed alone are checked once.
   * @param changes further values by dotted key (`model.levels`, `train.optimizer.learningRate`)
   * @throws ConfigError for a value that the key does not take.
   */
  function experiment(label: string, point: AxisPoint, seed: number, changes: AxisPoint = {}): Experiment {
    const values = { ...pointOf(label, point), ...changes };
    const key = JSON.stringify([label, values]);
    const checked = experiments.get(key) ?? resolve(runNode(document, modelOf(label).path, values));
    experiments.set(key, checked);
    return { ...checked, seed };
  }
}

/** The experiments of every model at every point with all values of its search, under the first seed. */
export function triedExperiments(config: ComparisonConfig): readonly Experiment[] {
  const { models, points, seeds } = config;
  return models.flatMap(({ label }) => {
    const settings = config.settings(label);
    return points.flatMap((point) => settings.map((values) => config.experiment(label, point, seeds[0] ?? 0, values)));
  });
}

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

/** @throws ConfigError for the config of a run, and for an override that only a run takes. */
function refuseConfigOfRun(document: ConfigDocument): void {
  const { file, overrides } = document;
  if (!isComparison(document))
    throw new ConfigError(`${file}: 'compare' is missing: this is the config of one run (ple train --config ${file}).`);
  const unused = overrides.find((override) => /^(model|seed)[.=]/.test(override));
  if (unused === undefined) return;
  const [, key] = /^model(\.[^=]*)/.exec(unused) ?? [];
  const instead = key === undefined ? '' : `, so for the first model say compare.models.0${key}`;
  throw new ConfigError(
    `override '${unused}': a comparison takes its models and seeds from compare.models and compare.seeds${instead}; this key is one of ple train.`,
  );
}

function externalModels({ models }: Compare) {
  return models.flatMap((model) =>
    model.type === external ? [{ label: labelOf(model), command: String(model.command) }] : [],
  );
}

/** The config of a run: what all runs share, a model, and values by dotted key. */
function runNode(document: ConfigDocument, path: Path, values: AxisPoint): ConfigNode {
  // As it is written: a varied key may name another part, which the defaults of this one do not fit.
  const model = withoutKeys(must(nodeAt(document, path), 'a model'), ['label', 'tune']);
  const run = withNode(withoutComparison(document), ['model'], { ...model, name: path });
  return Object.entries(values).reduce((node, [key, value]) => {
    const spaces = [
      ['compare', 'axes', key],
      ['compare', 'tune', key],
      [...path, 'tune', key],
    ];
    const space = spaces.map((space) => nodeAt(document, space)).find((node) => node !== undefined);
    const listed = [...(space?.inside?.values() ?? [])].find((item) => item.value === value);
    // A value that is drawn or a multiple is written with its key; matched widths belong to the model.
    return withNode(node, key.split('.'), listed ?? plainNode(value, (space ?? model).origin));
  }, run);
}

/** The values of each axis; `times` are multiples of the config's number. */
function axisValues(axes: Compare['axes'], document: ConfigDocument): Readonly<Record<string, readonly unknown[]>> {
  return Object.fromEntries(
    Object.entries(axes).map(([key, axis]) => {
      if (Array.isArray(axis)) return [key, axis];
      if ('values' in axis) return [key, axis.values];
      const number = numberAt(key, document);
      return [key, axis.times.map((times) => Number((times * number).toPrecision(12)))];
    }),
  );
}

/** A number of a run's config; a loss weight is 1 where the config has none. */
function numberAt(key: string, document: ConfigDocument): number {
  const written = valueAt(document.value, key.split('.')) ?? (isLossWeight(key) ? 1 : undefined);
  if (typeof written === 'number') return written;
  throw failAt(document, ['compare', 'axes', key], 'times multiplies a number that the config has at this key');
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
