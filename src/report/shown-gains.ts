import type { ComparedModel, Comparison, Gain, ModelSearch, RowsSeen } from '../comparison/comparison.js';
import { axisValue, pointKey } from '../comparison/plan/axis-point.js';
import type { AxisPoint } from '../config/comparison.js';
import { metrics } from '../metrics/catalogue.js';
import { groupedBy } from '../support/json.js';
import { digitsFor, percentDigits } from './numbers.js';

/** A stored gain, with what tables and charts need to write it. */
export interface ShownGain extends Gain {
  /** Its task, or Δm. */
  readonly about: ShownTask;
  /** The model's entry. A mean of models has that of the first, without parameters. */
  readonly entry: ComparedModel;
  /** Decimals of `relativeGain`. */
  readonly percentDigits: number;
}

export interface ShownTask {
  readonly name: string;
  readonly better: 'higher' | 'lower';
  /** The unit of gains: `AUC`, `log points`. */
  readonly unit: string;
  /** Decimals of gains, and of the metric itself. */
  readonly digits: number;
  readonly levelDigits: number;
  /**
   * Percent per unit of the metric, where gains are in percent: those of errors, unless the baseline's is 0. Else null.
   */
  readonly percent: number | null;
}

/** What is shown of a gain that has no metric: Δm, and means over points. */
const inPercent = { better: 'higher', unit: '%', levelDigits: 0, percent: 1 } as const;

/** The unit of gains of errors, where a config asks for it. */
export const logPoints = 'log points';

/** What a comparison has at one point of the axes. Without axes there is one point. */
export interface Point {
  readonly point: AxisPoint;
  /** `dataset.correlation = 0.4`. Empty without axes. */
  readonly title: string;
  readonly tasks: readonly ShownTask[];
  readonly models: readonly ComparedModel[];
  readonly gains: readonly ShownGain[];
  readonly searches: readonly ModelSearch[];
  /** Where models keep their last epoch. */
  readonly trained: RowsSeen | undefined;
}

/** A comparison's points, in the order of its models. */
export function comparisonPoints(comparison: Comparison): readonly Point[] {
  return groupedBy(comparison.models, ({ point }) => point).map((models) => {
    const [{ point }] = models;
    const gains = comparison.gains.filter(
      (gain) => gain.family !== 'means' && pointKey(gain.point) === pointKey(point),
    );
    const tasks = comparison.tasks.map((name) => shownTask(name, gains, comparison));
    return {
      point,
      title: Object.entries(point)
        .map(([key, value]) => `${key} = ${axisValue(value)}`)
        .join(', '),
      tasks,
      models,
      gains: gains.map((gain) => shownGain(gain, gains, { tasks, models, comparison })),
      searches: atPoint(comparison.search?.models, point),
      trained: atPoint(comparison.trained, point)[0],
    };
  });
}

/** Those at one point of the axes. */
function atPoint<Item extends { readonly point: AxisPoint }>(items: readonly Item[] = [], point: AxisPoint) {
  return items.filter((item) => pointKey(item.point) === pointKey(point));
}

/** The tables of a comparison: one for each point of the axes, and with several one of the means over them. */
export function gainTables(
  comparison: Comparison,
): readonly { readonly title: string; readonly gains: readonly ShownGain[] }[] {
  const points = comparisonPoints(comparison);
  const means = shownMeans(comparison, points);
  return [
    ...points.map(({ title, gains }) => ({ title, gains })),
    ...(means.some(({ gain }) => gain !== null) ? [{ title: `mean over ${points.length} points`, gains: means }] : []),
  ];
}

function shownMeans(comparison: Comparison, [first]: readonly Point[]): readonly ShownGain[] {
  const means = comparison.gains.filter(({ family }) => family === 'means');
  return groupedBy(means, ({ model, reference }) => [model, reference]).flatMap((ofPair) => {
    const digits = percentDigits(ofPair.map(({ gain }) => gain));
    return ofPair.map((gain) => {
      const entry = entryOf(gain, first?.models ?? [], comparison);
      return { ...gain, entry, about: { ...inPercent, name: gain.task ?? 'Δm', digits }, percentDigits: digits };
    });
  });
}

function shownGain(
  gain: Gain,
  gains: readonly Gain[],
  { tasks, models, comparison }: Pick<Point, 'tasks' | 'models'> & { readonly comparison: Comparison },
): ShownGain {
  const alike = gains.filter(({ family, task }) => family === 'models' && task === gain.task);
  const digits = percentDigits(alike.map(({ relativeGain }) => relativeGain));
  const task = tasks.find(({ name }) => name === gain.task);
  const about = task ?? { ...inPercent, name: 'Δm', digits };
  return { ...gain, about, entry: entryOf(gain, models, comparison), percentDigits: digits };
}

/** What is shown of a task, from its gains over the baseline at a point of the axes. */
function shownTask(name: string, gains: readonly Gain[], { errorGains }: Pick<Comparison, 'errorGains'>): ShownTask {
  const ofTask = gains.filter(({ family, task }) => family === 'models' && task === name);
  const column = (key: 'gain' | 'value' | 'sd' | 'se') => ofTask.map((gain) => gain[key]);
  const metric = ofTask[0]?.metric ?? '';
  const definition = metrics.all.find((candidate) => candidate.name === metric);
  const better = definition?.better ?? 'higher';
  if (errorGains === 'log' && better === 'lower' && definition?.range === 'error') {
    const digits = digitsFor(column('se'), column('gain'));
    const levelDigits = digitsFor(column('sd'), column('value'));
    return { name, better, unit: logPoints, digits, levelDigits, percent: null };
  }
  const hasError = column('se').some((error) => error !== null && error > 0);
  const digits = digitsFor(column(hasError ? 'se' : 'sd'), column('value'));
  const level = ofTask.find(({ reference }) => reference === null)?.value ?? null;
  const percent = better === 'lower' && level !== null && level > 0 ? 100 / level : null;
  return { name, better, unit: metricName(metric), digits, levelDigits: digits, percent };
}

function entryOf(
  { model: label }: Pick<Gain, 'model'>,
  models: readonly ComparedModel[],
  { contrasts }: Pick<Comparison, 'contrasts'>,
): ComparedModel {
  const sum = contrasts.find(({ model }) => model === label)?.models;
  const entry = models.find((model) => model.label === (sum?.[0] ?? label));
  if (!entry) throw new Error(`There is no model '${label}'.`);
  return sum ? { ...entry, label, parameters: null, networks: 1 } : entry;
}

/** The gains of each model, in their order: one group for each model or contrast. */
export function gainsByModel(gains: readonly ShownGain[]): readonly (readonly [ShownGain, ...ShownGain[]])[] {
  return groupedBy(gains, ({ family, point, model, reference }) => [family, point, model, reference]);
}

/** Sorts models by Δm over the baseline, best first. Those without one are last, in the order of the config. */
export function rankedLabels({ models, gains }: Point): readonly string[] {
  const mean = (label: string) =>
    gains.find((gain) => gain.family === 'models' && gain.model === label && gain.mean)?.gain;
  const gainOf = ({ label }: ComparedModel) => mean(label) ?? Number.NEGATIVE_INFINITY;
  return models.toSorted((a, b) => (gainOf(a) === gainOf(b) ? 0 : gainOf(b) - gainOf(a))).map(({ label }) => label);
}

/** A metric's display name. Short names are initials. */
export function metricName(metric: string): string {
  return metric.length <= 4 ? metric.toUpperCase() : metric;
}
