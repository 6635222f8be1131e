import { z } from 'zod';
import { ConfigError } from '../support/errors.js';
import { Faults } from '../support/faults.js';
import { must } from '../support/must.js';
import { type CompareOptions, type ContrastSide, compareSchema, external, listed } from './compare-schema.js';
import type { Definitions } from './definitions.js';
import {
  type Change,
  type ConfigDocument,
  isMapping,
  type Path,
  readDocument,
  valueAt,
  withChanges,
} from './document.js';
import { type Execute, executeSchema, parseExecute } from './execute.js';
import { type Experiment, resolveExperiment, runKeys, withChecks, withoutComparison } from './experiment.js';
import { failAt, notAmong, parsePart } from './parse.js';
import type { Margin } from './parts.js';
import { type Plugin, resolvedPlugins } from './plugins.js';
import {
  checkSearch,
  combinations,
  countCombinations,
  drawCandidates,
  isList,
  type SearchConfig,
  type Spaces,
  usualSearch,
} from './search.js';
import { type Choices, checkTasks } from './varied-keys.js';

/** Values of axes at one point: `{ 'dataset.correlation': 0.4 }`. */
export type AxisPoint = Readonly<Record<string, unknown>>;

interface FrontConfig {
  /** `loss.weights.<task>.initial` */
  readonly key: string;
  readonly task: string;
  /** In ascending order: weights, or what a model's own weight is multiplied by. */
  readonly values: readonly number[];
  readonly areTimes: boolean;
  /** The models that have a front: all but single-task ones. */
  readonly labels: readonly string[];
}

interface ExternalModel {
  readonly label: string;
  /** Of the shell. */
  readonly command: string;
}

/** A checked comparison config: what is compared, and the experiment of every possible run. */
export interface ComparisonConfig {
  readonly name: string;
  /** As it is written, with every default filled in. */
  readonly compare: CompareOptions;
  /** A run's own config has only the plugins that it uses. */
  readonly plugins: readonly Plugin[];
  /** In the order of every table. One of them is the baseline. */
  readonly models: readonly {
    readonly label: string;
    readonly type: string;
    /** Values to search for this model alone, by key; null: none. */
    readonly tune: Spaces | null;
  }[];
  /** Rows that commands of the user make. They come last in every table. */
  readonly external: readonly ExternalModel[];
  /** Label of the single-task model that gains are measured against. */
  readonly baseline: string;
  /** In their order. */
  readonly seeds: readonly number[];
  readonly axes: Readonly<Record<string, readonly unknown[]>>;
  /** Every combination of the axes' values; one empty point without axes. */
  readonly points: readonly AxisPoint[];
  /** The size that every model is scaled to; null: as configured. */
  readonly match: {
    /** A number of parameters, or those of the baseline. */
    readonly target: number | 'baseline';
    /** Whether embedding tables count. */
    readonly embeddings: boolean;
  } | null;
  /** Values to search for every model, by key; null: none. */
  readonly tune: Spaces | null;
  readonly search: SearchConfig;
  /** The search's seeds; none is in `seeds`. */
  readonly tuneSeeds: readonly number[];
  /** Null: both, if every run keeps its predictions and every metric has an error over rows; else seeds. */
  readonly uncertainty: 'seeds' | 'rows' | 'both' | null;
  /** The metric by which a task is judged, for tasks that do not use their type's usual one. */
  readonly metrics: Readonly<Record<string, string>>;
  /** By metric, margins that replace its own: a smaller gain counts as none. Null: no margin. */
  readonly margins: Readonly<Record<string, Margin | null>>;
  /** What gains of errors are: in the metric's unit, or in log points. */
  readonly errorGains: 'difference' | 'log';
  /** Weights in the mean relative gain; other tasks have 1. */
  readonly taskWeights: Readonly<Record<string, number>>;
  /** The loss weight that is varied for the fronts of joint models. Null: no fronts. */
  readonly front: FrontConfig | null;
  /** Pairs of labels: a model, and the one that its gains are measured against. */
  readonly contrasts: readonly (readonly [model: ContrastSide, reference: ContrastSide])[];
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

/** Runs are checked and planned in memory. */
const mostRuns = 20_000;
function tooManyRuns(runs: number): string {
  return `the points of the axes, models, seeds, fronts and searched values make ${runs.toLocaleString('en-US')} runs; ${mostRuns.toLocaleString('en-US')} is the most: list fewer values`;
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
    const { value } = readDocument(text, file, overrides);
    return typeof value === 'object' && value !== null && key in value;
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
  const { compare, plugins, execute } = comparisonPart(document, overrides, definitions);
  const run = { ...document, value: withoutComparison(document.value) };
  const named = namedModels(compare, document);
  const models = named.filter(({ options }) => options.type !== external);
  const tuneSeeds = [compare.tuneSeed].flat();
  const spaces = compare.tune ?? {};
  const axes: Choices = { path: ['compare', 'axes'], values: compare.axes };
  const shared: Choices = { path: ['compare', 'tune'], values: spaces };
  const listed = Object.entries(compare.front ?? {}).flatMap(([key, weights]) => {
    return Array.isArray(weights) ? [[key, weights] as const] : [];
  });
  const fronts: Choices = { path: ['compare', 'front'], values: Object.fromEntries(listed) };
  const searched = [shared, ...models.map(ownChoices)];
  const search = compare.search ?? usualSearch;
  const joint = models.filter(({ options }) => options.type !== definitions.baseline);
  const front = parseFront(
    compare.front,
    joint.map(({ label }) => label),
  );
  const find = (label: string) =>
    must(
      models.find((model) => model.label === label),
      `model '${label}'`,
    );
  const parsed: ComparisonConfig = {
    name: '',
    compare,
    plugins: resolvedPlugins(plugins ?? [], document, definitions.plugins),
    models: models.map(({ label, options, tune }) => ({ label, type: options.type, tune })),
    external: named
      .filter(({ options }) => options.type === external)
      .map(({ label, options }) => ({ label, command: String(options.command) })),
    baseline: models.find(({ options }) => options.type === definitions.baseline)?.label ?? '',
    seeds: parseSeeds(compare.seeds),
    axes: compare.axes,
    points: [],
    match: parseMatch(compare.match),
    tune: compare.tune,
    search,
    tuneSeeds,
    uncertainty: compare.uncertainty,
    metrics: compare.metrics,
    margins: Object.fromEntries(Object.entries(compare.margin).map(([metric, value]) => [metric, parseMargin(value)])),
    errorGains: compare.errorGains,
    taskWeights: compare.taskWeights,
    front,
    contrasts: compare.contrasts,
    execute: parseExecute(execute),
    settings: (label) =>
      drawCandidates(search, { label, shared: spaces, own: find(label).tune ?? {} }, tuneSeeds[0] ?? 0),
    experiment(label, point, seed, changes = {}) {
      const model = find(label);
      const changed = withChanges(run, [
        { key: 'model', value: model.options, name: model.path, from: model.path },
        { key: 'seed', value: seed, name: ['seed'], from: ['compare', 'seeds'] },
        ...located(point, model, [axes]),
        ...located(changes, model, [shared, ownChoices(model), fronts]),
      ]);
      return resolveExperiment(changed, definitions);
    },
  };
  checkSize(parsed, document);
  const config = { ...parsed, points: combinations(compare.axes) };
  return { ...config, name: checkTried(config, compare, searched, document, definitions) };
}

function checkSize(
  { models, axes, seeds, search, tune, tuneSeeds, front }: ComparisonConfig,
  document: ConfigDocument,
): void {
  const drawn = search.type === 'grid' ? Number.POSITIVE_INFINITY : search.candidates;
  const searches = models.map((model) => Math.min(countCombinations({ ...tune, ...model.tune }), drawn));
  const onFronts = front ? seeds.length * front.labels.length * front.values.length : 0;
  const points = Object.values(axes).reduce((product, values) => product * values.length, 1);
  const runs = points * searches.reduce((sum, size) => sum + seeds.length + size * tuneSeeds.length, onFronts);
  if (runs > mostRuns) throw failAt(document, ['compare'], tooManyRuns(runs));
}

/** Tries every value now, so that a mistake shows before hours of training. @returns The comparison's name. */
function checkTried(
  config: ComparisonConfig,
  compare: CompareOptions,
  searched: readonly Choices[],
  document: ConfigDocument,
  definitions: Definitions,
): string {
  const { models, points, seeds, search } = config;
  const labels = models.map(({ label }) => label);
  const faults = new Faults();
  faults.try(() => checkSearchedSeeds(config, document));
  const experiments = labels.flatMap((label) =>
    points.flatMap((point) =>
      config
        .settings(label)
        .flatMap((changes) => faults.of(() => config.experiment(label, point, seeds[0] ?? 0, changes), [])),
    ),
  );
  const [first] = experiments;
  if (first) {
    faults.try(() => checkSplits(config, first, document));
    faults.try(() => checkSearch(search, searched, document));
    faults.try(() => checkTasks(experiments, document));
    const all = [...labels, ...config.external.map(({ label }) => label)];
    faults.try(() => checkNames(compare, first, all, document, definitions));
  }
  faults.tell();
  return must(first, 'experiment of a comparison').name;
}

/** The whole config of a comparison. */
function comparisonPart(document: ConfigDocument, overrides: readonly string[], definitions: Definitions) {
  const { file, value } = document;
  if (!isMapping(value) || value.compare === undefined)
    throw new ConfigError(`${file}: 'compare' is missing: this is the config of one run (ple train --config ${file}).`);
  const unused = overrides.find((override) => /^(model|seed)[.=]/.test(override));
  if (unused !== undefined) {
    const [, key] = /^model(\.[^=]*)/.exec(unused) ?? [];
    const instead = key === undefined ? '' : `, so for the first model say compare.models.0${key}`;
    throw new ConfigError(
      `override '${unused}': a comparison takes its models and seeds from compare.models and compare.seeds${instead}; this key is one of ple train.`,
    );
  }
  const { model: _, ...keys } = comparisonKeys(definitions);
  const { model: __, ...given } = value; // which only ple train uses
  return parsePart(withChecks(z.strictObject(keys), definitions), given, document);
}

/** The keys of a comparison, which are those of a run and its own. */
export function comparisonKeys(definitions: Definitions) {
  return {
    ...runKeys(definitions),
    compare: compareSchema(definitions).describe(
      'What `ple compare` compares; the keys of a run are its common settings.',
    ),
    execute: executeSchema,
  };
}

function namedModels(compare: CompareOptions, document: ConfigDocument): readonly Listed[] {
  return compare.models.map(({ type, ...parsed }, index): Listed => {
    const path = ['compare', 'models', index];
    const { label = type, tune } = listed.parse(parsed);
    const { label: _, tune: __, ...options } = mappingAt(document.value, path);
    return { label, options: { ...options, type }, tune, path };
  });
}

/** As it is written: a varied key may name another part, which the defaults of this one do not fit. */
function mappingAt(value: unknown, path: Path): Readonly<Record<string, unknown>> {
  const found = valueAt(value, path);
  return isMapping(found) ? found : {};
}

function ownChoices({ path, tune }: Listed): Choices {
  return { path: [...path, 'tune'], values: tune ?? {} };
}

/** The values of keys, each with the place where it is written. */
function located(values: AxisPoint, { path }: Listed, choices: readonly Choices[]): readonly Change[] {
  return Object.entries(values).map(([key, value]) => {
    const [head, ...rest] = key.split('.');
    const source = choices.find(({ values: { [key]: space } }) => space && (!isList(space) || space.includes(value)));
    const space = source?.values[key];
    const name = head === 'model' ? [...path, ...rest] : key.split('.');
    if (!source) return { key, value, name, from: path }; // matched widths
    return { key, value, name, from: [...source.path, key, ...(space && isList(space) ? [space.indexOf(value)] : [])] };
  });
}

/** A search needs its own seeds. */
function checkSearchedSeeds(config: ComparisonConfig, document: ConfigDocument): void {
  const { seeds, tuneSeeds } = config;
  const reported = tuneSeeds.find((seed) => seeds.includes(seed));
  if (reported !== undefined && isSearched(config)) {
    const message = `${reported} is one of compare.seeds: a search has seeds of its own`;
    throw failAt(document, ['compare', 'tuneSeed'], message);
  }
}

function checkSplits(config: ComparisonConfig, { dataset }: Experiment, document: ConfigDocument): void {
  if (dataset.splitSeed !== 'run' || !isSearched(config)) return;
  throw failAt(
    document,
    ['dataset', 'splitSeed'],
    'run draws other splits under the seed of a search: it would choose by rows that others are tested on; use a number',
  );
}

function isSearched({ models, settings }: ComparisonConfig): boolean {
  return models.some(({ label }) => settings(label).length > 1);
}

function parseFront(front: CompareOptions['front'], labels: readonly string[]): FrontConfig | null {
  const [only] = Object.entries(front ?? {});
  if (!only) return null;
  const [key, given] = only;
  const areTimes = !Array.isArray(given);
  const values = (areTimes ? given.times : given).toSorted((a, b) => a - b);
  return { key, task: key.split('.')[2] ?? '', values, areTimes, labels };
}

function parseSeeds(given: CompareOptions['seeds']): readonly number[] {
  return Array.isArray(given) ? given : Array.from({ length: given }, (_, i) => i + 1);
}

function parseMatch(given: CompareOptions['match']): ComparisonConfig['match'] {
  if (given === null) return null;
  const { parameters = 'baseline' as const, embeddings = false } = given === 'parameters' ? {} : given;
  return { target: parameters, embeddings };
}

function parseMargin(value: CompareOptions['margin'][string]): Margin | null {
  if (typeof value === 'string') return { percent: Number.parseFloat(value) };
  return value === null ? null : { absolute: value };
}

interface Listed {
  readonly label: string;
  readonly options: { readonly type: string; readonly [key: string]: unknown };
  readonly tune: Choices['values'] | null;
  readonly path: Path;
}

/** Checks the names of tasks, metrics and models in `compare`. */
function checkNames(
  compare: CompareOptions,
  { tasks }: Experiment,
  labels: readonly string[],
  document: ConfigDocument,
  { metrics: { all } }: Definitions,
): void {
  const names = tasks.map(({ name }) => name);
  const judges = all.filter(({ better }) => better !== null);
  const faults = new Faults();
  const fail = (path: Path, message: string) => faults.add(failAt(document, ['compare', ...path], message));
  const known = (path: Path, what: string, name: string, among: readonly string[]) => {
    if (!among.includes(name)) fail(path, notAmong(what, name, among));
    return among.includes(name);
  };
  for (const [name, metric] of Object.entries(compare.metrics)) {
    const path = ['metrics', name];
    if (!known(path, 'no task', name, names)) continue;
    const ofTask = judges.filter(({ type }) => tasks.some((task) => task.name === name && task.type === type));
    const own = ofTask.map((one) => one.name);
    if (!known(path, `'${name}' is not judged by`, metric, own)) continue;
    if ((compare.uncertainty ?? 'seeds') !== 'seeds' && !ofTask.find((one) => one.name === metric)?.influence)
      fail(
        path,
        `${metric} has no error over test rows, which uncertainty: ${compare.uncertainty} asks for: choose another metric, or uncertainty: seeds`,
      );
  }
  for (const name of Object.keys(compare.margin))
    known(
      ['margin', name],
      'no metric',
      name,
      judges.map((one) => one.name),
    );
  for (const name of Object.keys(compare.taskWeights)) known(['taskWeights', name], 'no task', name, names);
  if (names.every((name) => compare.taskWeights[name] === 0)) fail(['taskWeights'], 'a task has a weight above 0');
  for (const key of Object.keys(compare.front ?? {})) {
    known(['front', key], 'no task', key.split('.')[2] ?? '', names);
    if (names.length < 2) fail(['front', key], 'a front is of two tasks or more');
    if (key in compare.axes) fail(['front', key], 'is an axis already');
  }
  for (const [index, pair] of compare.contrasts.entries())
    for (const [place, side] of pair.entries())
      for (const label of typeof side === 'string' ? [side] : side)
        known(['contrasts', index, place], 'no model is labelled', label, labels);
  faults.tell();
}
