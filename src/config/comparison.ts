import { stringify } from 'yaml';
import { z } from 'zod';
import { ConfigError } from '../support/errors.js';
import { must } from '../support/must.js';
import { type Compare, compareSchema, external, isSearched, listed, seedsOf } from './compare-schema.js';
import { type Definitions, type Plugin, resolvedPlugins } from './definitions.js';
import { isMapping, type Path, readDocument, valueAt, withChanges } from './document.js';
import { type Execute, executeSchema, parseExecute } from './execute.js';
import { type Experiment, resolveExperiment, runKeys, withChecks, withoutComparison } from './experiment.js';
import { notAmong, parsePart, refuse } from './parse.js';
import type { Margin } from './parts.js';
import { combinations, drawCandidates, type SearchConfig, usualSearch } from './search.js';

/** Values of axes at one point: `{ 'dataset.correlation': 0.4 }`. */
export type AxisPoint = Readonly<Record<string, unknown>>;

/** A checked comparison config: what is compared, and the experiment of every possible run. */
export interface ComparisonConfig
  extends Pick<Compare, 'axes' | 'tune' | 'uncertainty' | 'metrics' | 'errorGains' | 'taskWeights' | 'contrasts'> {
  readonly name: string;
  /** As it is written, with every default filled in. */
  readonly compare: Compare;
  /** A run's own config has only the plugins that it uses. */
  readonly plugins: readonly Plugin[];
  readonly seeds: readonly number[];
  readonly search: SearchConfig;
  /** In the order of every table. One of them is the baseline. `tune`: values to search for this model alone, by key. */
  readonly models: readonly { readonly label: string; readonly type: string; readonly tune: Compare['tune'] }[];
  /** Rows that commands of the user make. They come last in every table. */
  readonly external: readonly { readonly label: string; readonly command: string }[];
  /** Label of the single-task model that gains are measured against. */
  readonly baseline: string;
  /** Every combination of the axes' values; one empty point without axes. */
  readonly points: readonly AxisPoint[];
  /** The size that every model is scaled to, and whether embedding tables count; null: as configured. */
  readonly match: { readonly target: number | 'baseline'; readonly embeddings: boolean } | null;
  /** The search's seeds; none is in `seeds`. */
  readonly tuneSeeds: readonly number[];
  /** By metric, margins that replace its own: a smaller gain counts as none. Null: no margin. */
  readonly margins: Readonly<Record<string, Margin | null>>;
  readonly front: Front | null;
  /** Where runs train. It changes no result. */
  readonly execute: Execute;
  /**
   * The combinations that a model's search tries, from the values of both `tune`: all, or those that are drawn. `[{}]`
   * without `tune`.
   */
  settings(label: string): readonly AxisPoint[];
  /**
   * The experiment of one run. `changes` are further values by dotted key (`model.levels`,
   * `train.optimizer.learningRate`).
   * @throws ConfigError for a value that the key does not take.
   */
  experiment(label: string, point: AxisPoint, seed: number, changes?: AxisPoint): Experiment;
}

/** The loss weight that is varied for the fronts of joint models. */
interface Front {
  /** `loss.weights.<task>.initial` */
  readonly key: string;
  readonly task: string;
  /** In ascending order: weights, or what a model's own weight is multiplied by. */
  readonly values: readonly number[];
  readonly areTimes: boolean;
  /** The models that have a front: all but single-task ones. */
  readonly labels: readonly string[];
}

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
 * YAML text with `compare:` and a run's keys -> comparison.
 * @throws ConfigError: for each mistake a line with file, line, column, key and the nearest known key.
 */
export function parseComparison(
  text: string,
  file: string,
  overrides: readonly string[],
  definitions: Definitions,
): ComparisonConfig {
  const document = readDocument(text, file, overrides);
  if (valueAt(document.value, ['compare']) === undefined)
    throw new ConfigError(`${file}: 'compare' is missing: this is the config of one run (ple train --config ${file}).`);
  refuseKeysOfRun(overrides);
  const { name, compare, plugins, execute } = parsePart(comparisonSchema(definitions), document.value, document);
  const run = { ...document, value: withoutComparison(document.value) };
  const entries = compare.models.map((entry, index) => {
    const path = ['compare', 'models', index];
    const { label = entry.type, tune } = listed.parse(entry);
    // As it is written: a varied key may name another part, which the defaults of this one do not fit.
    const written = valueAt(document.value, path);
    const { label: _, tune: __, ...options } = isMapping(written) ? written : {};
    return { label, type: entry.type, tune, path, options };
  });
  const models = entries.filter(({ type }) => type !== external);
  const find = (label: string) =>
    must(
      models.find((model) => model.label === label),
      `model '${label}'`,
    );
  const ofBaseline = models.filter(({ type }) => type === definitions.baseline);
  const joint = models.filter((model) => !ofBaseline.includes(model));
  const points = combinations(compare.axes);
  const { models: _, match, margin, front, ...kept } = compare;
  const [seeds, tuneSeeds] = [seedsOf(compare), [compare.tuneSeed].flat()];
  const search = compare.search ?? usualSearch;
  const config: ComparisonConfig = {
    ...kept,
    name,
    compare,
    plugins: resolvedPlugins(plugins ?? [], document, definitions.plugins),
    models: models.map(({ label, type, tune }) => ({ label, type, tune })),
    external: entries
      .filter(({ type }) => type === external)
      .map(({ label, options }) => ({ label, command: String(options.command) })),
    baseline: ofBaseline[0]?.label ?? '',
    points,
    match: sizeOf(match),
    seeds,
    search,
    tuneSeeds,
    margins: Object.fromEntries(Object.entries(margin).map(([metric, value]) => [metric, marginOf(value)])),
    front: frontOf(
      front,
      joint.map(({ label }) => label),
    ),
    execute: parseExecute(execute),
    settings: (label) =>
      drawCandidates(search, { label, shared: compare.tune ?? {}, own: find(label).tune ?? {} }, tuneSeeds[0] ?? 0),
    experiment(label, point, seed, changes = {}) {
      const { path, options } = find(label);
      const varied = Object.entries({ ...point, ...changes }).map(([key, value]) => {
        return { key, value, ...placeOf(key, value, path, document.value) };
      });
      const changed = withChanges(run, [
        { key: 'model', value: options, name: path, from: path },
        { key: 'seed', value: seed, name: ['seed'], from: ['compare', 'seeds'] },
        ...varied,
      ]);
      return resolveExperiment(changed, definitions);
    },
  };
  // Every value is tried now, so that a mistake shows before hours of training.
  for (const { label } of models)
    for (const point of points)
      for (const values of config.settings(label)) config.experiment(label, point, seeds[0] ?? 0, values);
  return config;
}

/** The schema of a whole config: of a comparison, and of a run beside it. */
export function wholeSchema(definitions: Definitions) {
  const keys = runKeys(definitions);
  const compare = compareSchema(definitions).describe(
    'What `ple compare` compares; the keys of a run are its common settings.',
  );
  return { ...keys, model: keys.model.optional(), compare, execute: executeSchema };
}

function comparisonSchema(definitions: Definitions) {
  return withChecks(z.strictObject(wholeSchema(definitions)), definitions).superRefine((config, context) => {
    if (context.issues.length > 0) return;
    checkNames(config, context, definitions);
    if (config.dataset.splitSeed === 'run' && isSearched(config.compare))
      refuse(
        context,
        ['dataset', 'splitSeed'],
        'run draws other splits under the seed of a search: it would choose by rows that others are tested on; use a number',
      );
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

/** The name of a varied value in messages, and where it is written. Matched widths are written nowhere: they are of the model. */
function placeOf(key: string, value: unknown, model: Path, config: unknown): { name: Path; from: Path } {
  const [head, ...rest] = key.split('.');
  const paths: Path[] = [...['axes', 'tune', 'front'].map((part) => ['compare', part, key]), [...model, 'tune', key]];
  const space = paths.find((path) => valueAt(config, path) !== undefined);
  const values = space && valueAt(config, space);
  const index = Array.isArray(values) ? values.indexOf(value) : -1;
  return {
    name: head === 'model' ? [...model, ...rest] : key.split('.'),
    from: space ? [...space, ...(index < 0 ? [] : [index])] : model,
  };
}

function frontOf(given: Compare['front'], labels: readonly string[]): Front | null {
  const [only] = Object.entries(given ?? {});
  if (!only) return null;
  const [key, weights] = only;
  const areTimes = !Array.isArray(weights);
  const values = (areTimes ? weights.times : weights).toSorted((a, b) => a - b);
  return { key, task: key.split('.')[2] ?? '', values, areTimes, labels };
}

function sizeOf(match: Compare['match']): ComparisonConfig['match'] {
  if (match === null) return null;
  const { parameters = 'baseline' as const, embeddings = false } = match === 'parameters' ? {} : match;
  return { target: parameters, embeddings };
}

function marginOf(value: Compare['margin'][string]): Margin | null {
  if (typeof value === 'string') return { percent: Number.parseFloat(value) };
  return value === null ? null : { absolute: value };
}

/** Checks the names of tasks, metrics and models in `compare`. */
function checkNames(
  { tasks, compare }: { readonly tasks: Experiment['tasks']; readonly compare: Compare },
  context: z.core.$RefinementCtx,
  { metrics: { all } }: Definitions,
): void {
  const names = tasks.map(({ name }) => name);
  const judges = all.filter(({ better }) => better !== null);
  const fail = (path: Path, message: string) => refuse(context, ['compare', ...path], message);
  const known = (path: Path, what: string, name: string, among: readonly string[]) => {
    if (!among.includes(name)) fail(path, notAmong(what, name, among));
    return among.includes(name);
  };
  for (const [name, metric] of Object.entries(compare.metrics)) {
    const path = ['metrics', name];
    if (!known(path, 'no task', name, names)) continue;
    const ofTask = judges.filter(({ type }) => tasks.some((task) => task.name === name && task.type === type));
    if (!known(path, `'${name}' is not judged by`, metric, namesOf(ofTask))) continue;
    if ((compare.uncertainty ?? 'seeds') !== 'seeds' && !ofTask.find((one) => one.name === metric)?.influence)
      fail(
        path,
        `${metric} has no error over test rows, which uncertainty: ${compare.uncertainty} asks for: choose another metric, or uncertainty: seeds`,
      );
  }
  for (const name of Object.keys(compare.margin)) known(['margin', name], 'no metric', name, namesOf(judges));
  for (const name of Object.keys(compare.taskWeights)) known(['taskWeights', name], 'no task', name, names);
  if (names.every((name) => compare.taskWeights[name] === 0)) fail(['taskWeights'], 'a task has a weight above 0');
  for (const key of Object.keys(compare.front ?? {})) {
    known(['front', key], 'no task', key.split('.')[2] ?? '', names);
    if (names.length < 2) fail(['front', key], 'a front is of two tasks or more');
    if (key in compare.axes) fail(['front', key], 'is an axis already');
  }
  const labels = compare.models.map((entry) => listed.parse(entry).label ?? entry.type);
  for (const [index, pair] of compare.contrasts.entries())
    for (const [place, side] of pair.entries())
      for (const label of [side].flat()) known(['contrasts', index, place], 'no model is labelled', label, labels);
}

function namesOf(metrics: readonly { readonly name: string }[]): readonly string[] {
  return metrics.map(({ name }) => name);
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
  return stringify(resolvedComparison(config, run), { flowCollectionPadding: true, blockQuote: 'literal' });
}
