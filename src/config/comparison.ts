import { z } from 'zod';
import { didYouMean } from '../support/catalogue.js';
import { ConfigError } from '../support/errors.js';
import { type Change, type ConfigDocument, readDocument } from './document.js';
import { type Definitions, type Experiment, resolveExperiment, seedSchema } from './experiment.js';
import { failAt, parsePart } from './parse.js';

/** Values of axes at one point: `{ 'dataset.correlation': 0.4 }`. */
export type AxisPoint = Readonly<Record<string, unknown>>;

/** A checked comparison config: what is compared, and the experiment of every run that it can ask for. */
export interface ComparisonConfig {
  readonly name: string;
  /** In the order of every table. One of them is the baseline. */
  readonly models: readonly { readonly label: string; readonly type: string }[];
  /** Label of the single-task model that gains are measured against. */
  readonly baseline: string;
  readonly seeds: readonly number[];
  readonly axes: Readonly<Record<string, readonly unknown[]>>;
  /** Every combination of the axes' values; one empty point without axes. */
  readonly points: readonly AxisPoint[];
  /** Network parameters that every model is scaled to: a number, or those of the baseline; null: as configured. */
  readonly match: number | 'baseline' | null;
  /** Values to search, by key; null without `tune`. */
  readonly tune: Readonly<Record<string, readonly unknown[]>> | null;
  /** The search's seed, which is none of `seeds`. */
  readonly tuneSeed: number;
  readonly uncertainty: 'seeds' | 'rows' | 'both';
  /** The metric by which a task is judged, for tasks that do not use their type's usual one. */
  readonly metrics: Readonly<Record<string, string>>;
  /**
   * The experiment of one run. `changes` are further values by dotted key (`model.levels`, `train.optimizer.learningRate`).
   * @throws ConfigError for a value that the key does not take.
   */
  experiment(label: string, point: AxisPoint, seed: number, changes?: AxisPoint): Experiment;
}

const values = z.array(z.unknown()).min(1);
const compareSchema = z.strictObject({
  models: z.array(z.looseObject({ label: z.string().min(1).optional(), type: z.string() })).min(1),
  seeds: z.union([
    z.int().positive().max(10_000),
    z.array(seedSchema.max(Number.MAX_SAFE_INTEGER - 1)).min(1), // the search's seed comes after them
  ]),
  axes: z.record(z.string(), values).default({}),
  match: z
    .union([z.literal('parameters'), z.strictObject({ parameters: z.int().positive().max(100_000_000) })])
    .nullable()
    .default(null),
  tune: z.record(z.string(), values).nullable().default(null),
  uncertainty: z.enum(['seeds', 'rows', 'both']).default('seeds'),
  metrics: z.record(z.string(), z.string()).default({}),
});

/** True if a config's text has a `compare:` key. A text that cannot be read has none: parsing it tells why. */
export function isComparison(text: string, file: string, overrides: readonly string[]): boolean {
  return hasKey('compare', text, file, overrides);
}

/** True if a comparison's config is also that of a run: it has a `model:` beside `compare:`. */
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
 * YAML text with a `compare:` key beside a run's keys -> comparison.
 * @throws ConfigError: one line with file, line, column, key and the nearest known key.
 */
export function parseComparison(
  text: string,
  file: string,
  overrides: readonly string[],
  definitions: Definitions,
): ComparisonConfig {
  const document = readDocument(text, file, overrides);
  // A seed beside `compare`, as in a run's config, is not used, but must be one.
  const besides = z.looseObject({ compare: z.unknown().optional(), seed: seedSchema.optional() });
  const config = parsePart(besides, document.value ?? {}, document);
  if (config.compare === undefined)
    throw new ConfigError(`${file}: 'compare' is missing: this is the config of one run (ple train --config ${file}).`);
  const unused = overrides.find((override) => /^(model|seed)[.=]/.test(override));
  if (unused !== undefined)
    throw new ConfigError(
      `override '${unused}': a comparison takes its models and seeds from compare.models and compare.seeds; this key is one of ple train.`,
    );
  const compare = parsePart(compareSchema, config.compare, document, ['compare']);

  const listed = compare.models.map(({ label, ...options }, index): Listed => {
    return { label: label ?? options.type, options, path: ['compare', 'models', index] };
  });
  const models = withBaseline(listed, document, definitions);
  const labels = models.map(({ label }) => label);
  for (const [index, label] of labels.entries()) {
    if (labels.indexOf(label) !== index)
      throw failAt(document, ['compare', 'models'], `two models are labelled '${label}': give each a label of its own`);
  }
  const seeds =
    typeof compare.seeds === 'number' ? Array.from({ length: compare.seeds }, (_, i) => i + 1) : compare.seeds;
  if (new Set(seeds).size < seeds.length) throw failAt(document, ['compare', 'seeds'], 'a seed is listed twice');
  for (const key of ['axes', 'tune'] as const) checkValues(compare[key] ?? {}, key, document);
  for (const key of Object.keys(compare.tune ?? {})) {
    const fail = (message: string) => failAt(document, ['compare', 'tune', key], message);
    if (key in compare.axes) throw fail('is an axis already');
    if (key.split('.', 1)[0] === 'dataset')
      throw fail('cannot be tuned: models are compared on the same data and split; vary it by axes');
  }

  const points = combinations(compare.axes);
  const baseline = models.find(({ options }) => options.type === definitions.baseline)?.label ?? '';
  const experiment: ComparisonConfig['experiment'] = (label, point, seed, changes = {}) => {
    const model = models.find((candidate) => candidate.label === label);
    if (!model) throw new Error(`No model is labelled '${label}'.`);
    const at = (key: string) => {
      const path = key.split('.');
      return path[0] === 'model' ? [...model.path, ...path.slice(1)] : path;
    };
    const chosen = (part: 'axes' | 'tune', values: AxisPoint): Change[] =>
      Object.entries(values).map(([key, value]) => {
        const index = compare[part]?.[key]?.indexOf(value) ?? -1; // -1: matched widths
        return { key, value, at: at(key), from: index < 0 ? model.path : ['compare', part, key, index] };
      });
    const changed = [
      { key: 'model', value: model.options, at: model.path, from: model.path },
      { key: 'seed', value: seed, at: ['seed'], from: ['compare', 'seeds'] },
      ...chosen('axes', point),
      ...chosen('tune', changes),
    ];
    return resolveExperiment(readDocument(text, file, overrides, changed), definitions, model.path);
  };
  const parsed: ComparisonConfig = {
    name: '',
    models: models.map(({ label, options }) => ({ label, type: options.type })),
    baseline,
    seeds,
    axes: compare.axes,
    points,
    match: compare.match === null ? null : compare.match === 'parameters' ? 'baseline' : compare.match.parameters,
    tune: compare.tune,
    tuneSeed: Math.max(...seeds) + 1,
    uncertainty: compare.uncertainty,
    metrics: compare.metrics,
    experiment,
  };
  // Every value is tried now, so that a mistake is told before hours of training.
  const experiments = labels.flatMap((label) =>
    points.flatMap((point) =>
      combinations(compare.tune ?? {}).map((changes) => experiment(label, point, seeds[0] ?? 0, changes)),
    ),
  );
  const first = experiments[0];
  if (!first) throw new Error('A comparison has a model.');
  checkTasks(compare, experiments, document);
  checkMetrics(compare, first, document, definitions);
  return { ...parsed, name: first.name };
}

type Path = readonly (string | number)[];
interface Listed {
  readonly label: string;
  readonly options: { readonly type: string; readonly [key: string]: unknown };
  readonly path: Path;
}

/**
 * The listed models and, first, the single-task baseline if it is not among them: an MLP of the layers that every listed model
 * has from its input to a task's logit (its levels' and the tower's).
 */
function withBaseline(
  listed: readonly Listed[],
  document: ConfigDocument,
  definitions: Definitions,
): readonly Listed[] {
  const type = definitions.baseline;
  if (listed.some(({ options }) => options.type === type)) return listed;
  const layered = z.looseObject({ levels: z.array(z.array(z.int())), tower: z.array(z.int()) });
  const stacks = listed.map(({ options, path }) => {
    const { names, all } = definitions.models;
    const definition = all.find(({ name }) => name === options.type);
    if (!definition)
      throw failAt(
        document,
        [...path, 'type'],
        `unknown model '${options.type}'${didYouMean(options.type, names)}; there are: ${names.join(', ')}`,
      );
    const { levels, tower } = layered.parse(parsePart(definition.options, options, document, path));
    return [...levels.flat(), ...tower];
  });
  const [stack = [], ...others] = stacks;
  if (others.some((other) => String(other) !== String(stack))) {
    const message = `list a ${type} model: the models differ in the widths of their layers, so its own cannot be told from theirs`;
    throw failAt(document, ['compare', 'models'], message);
  }
  return [{ label: type, options: { type, levels: stack.map((width) => [width]), tower: [] }, path: [] }, ...listed];
}

/** Keys that a comparison sets itself, or that do not belong to a run. */
const ownKeys = ['compare', 'name', 'seed', 'engine', 'model'];

function checkValues(
  choices: Readonly<Record<string, readonly unknown[]>>,
  part: 'axes' | 'tune',
  document: ConfigDocument,
): void {
  const parts = `${part === 'axes' ? 'dataset, ' : ''}inputs, tasks, model, loss or train`;
  for (const [key, options] of Object.entries(choices)) {
    const path = ['compare', part, key];
    const whole = ownKeys.includes(key) || ['compare', 'engine'].includes(key.split('.', 1)[0] ?? '');
    if (whole) throw failAt(document, path, `cannot be varied here: name a key below ${parts}`);
    if (key.split('.').includes(''))
      throw failAt(document, path, 'is not a key: join its parts by single dots, as in train.epochs');
    if (new Set(options.map((value) => JSON.stringify(value))).size < options.length)
      throw failAt(document, path, 'a value is listed twice');
  }
}

function checkTasks(
  { axes, tune }: Pick<ComparisonConfig, 'axes' | 'tune'>,
  experiments: readonly Experiment[],
  document: ConfigDocument,
): void {
  const names = (key: string) => key.split('.', 1)[0] === 'tasks' && !key.endsWith('.standardize');
  const tasksOf = ({ tasks }: Experiment) => tasks.map(({ name, type }) => `${name}: ${type}`).join(', ');
  const [first, other] = new Set(experiments.map(tasksOf));
  if (other === undefined) return;
  const [key] = Object.entries({ ...axes, ...tune }).find(([key, values]) => values.length > 1 && names(key)) ?? [];
  if (key === undefined) throw new Error('The tasks differ, and no key varies them.');
  const path = ['compare', key in axes ? 'axes' : 'tune', key];
  throw failAt(document, path, `gives other tasks (${first}; ${other}): all points of a comparison have the same`);
}

function checkMetrics(
  { metrics: chosen, uncertainty }: Pick<ComparisonConfig, 'metrics' | 'uncertainty'>,
  { tasks }: Experiment,
  document: ConfigDocument,
  { metrics }: Definitions,
): void {
  for (const [name, metric] of Object.entries(chosen)) {
    const path = ['compare', 'metrics', name];
    const task = tasks.find((candidate) => candidate.name === name);
    const names = tasks.map((candidate) => candidate.name);
    if (!task) throw failAt(document, path, `no task '${name}'${didYouMean(name, names)}; tasks: ${names.join(', ')}`);
    const known = metrics.all
      .filter(({ type, better }) => type === task.type && better !== null)
      .map((known) => known.name);
    if (!known.includes(metric))
      throw failAt(
        document,
        path,
        `a ${task.type} task is judged by one of: ${known.join(', ')}${didYouMean(metric, known)}`,
      );
    if (uncertainty !== 'seeds' && !metrics.all.find(({ name }) => name === metric)?.influence)
      throw failAt(
        document,
        path,
        `${metric} has no error over test rows, which uncertainty: ${uncertainty} asks for: choose another metric, or uncertainty: seeds`,
      );
  }
}

/** Every combination of values, the last key's changing fastest. */
export function combinations(choices: Readonly<Record<string, readonly unknown[]>>): AxisPoint[] {
  return Object.entries(choices).reduce<AxisPoint[]>(
    (points, [key, options]) => points.flatMap((point) => options.map((option) => ({ ...point, [key]: option }))),
    [{}],
  );
}
