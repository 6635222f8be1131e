import type {
  Comparison,
  ComparisonRow,
  Gain,
  ModelSearch,
  TaskGain,
  TaskVerdict,
  TestedGain,
  Trained,
} from '../comparison/comparison.js';
import { axisValue, pointKey } from '../comparison/plan/axis-point.js';
import { fewestRuns } from '../comparison/statistics/gain-family.js';
import { type Part, partOf } from '../comparison/statistics/parts.js';
import type { AxisPoint } from '../config/comparison.js';
import { metrics } from '../metrics/catalogue.js';
import { groupedBy } from '../support/json.js';
import { digitsFor, percentDigits } from './numbers.js';

/** A gain: of a model over a reference on a task, or on the mean over tasks (Δm). Every table is made of these rows. */
export interface GainRow extends Omit<TestedGain, 'verdict'> {
  /** The tests of a family are adjusted together. */
  readonly family: 'models' | 'contrasts' | 'means';
  readonly point: Point;
  readonly model: ComparisonRow;
  /** The model that the gain is over. Null: this is the baseline. */
  readonly reference: string | null;
  /** Over all tasks, or `no result`. */
  readonly modelVerdict: string;
  readonly task: PointTask;
  /** Finished runs of the model. */
  readonly runs: number;
  /** Mean and standard deviation of the metric over the model's runs. */
  readonly mean: number | null;
  readonly sd: number | null;
  readonly oneEpoch: TaskGain['oneEpoch'];
  /** Runs that ended at the limit of epochs, still improving on the task. */
  readonly atLimit: number;
  readonly verdict: TaskVerdict | null;
  /** As a part of a claim. */
  readonly part: Part | null;
  /** Decimals of `relativeGain`. */
  readonly percentDigits: number;
}

/** The mean relative gain over tasks, as a task of its own. */
const meanTask = { name: 'Δm', metric: '', better: 'higher', unit: '%', levelDigits: 0, percent: 1 } as const;

export function isMean({ task }: Pick<GainRow, 'task'>): boolean {
  return task.metric === '';
}

/** The tables of a comparison: one for each point of the axes, and with several one of the means over them. */
export function gainTables(
  comparison: Comparison,
): readonly { readonly title: string; readonly rows: readonly GainRow[] }[] {
  const points = comparisonPoints(comparison);
  const rows = meanRows(comparison, points);
  return [
    ...points.map((point) => ({ title: point.title, rows: pointRows(comparison, point) })),
    ...(rows.some(({ gain }) => gain !== null) ? [{ title: `mean over ${points.length} points`, rows }] : []),
  ];
}

/** Means over the points. */
function meanRows({ means = [], tasks: names }: Comparison, [first]: readonly Point[]): readonly GainRow[] {
  if (!first) return [];
  const point = { ...first, axis: {} };
  return means.flatMap(({ tasks, aggregate, ...compared }) => {
    const model = rowNamed(compared, first);
    const gains = [...names.map((name) => [name, tasks[name]] as const), [meanTask.name, aggregate] as const];
    const digits = percentDigits(gains.map(([, gain]) => gain?.gain ?? null));
    return gains.flatMap(([name, gain]) => {
      if (!gain || !model) return [];
      const runs = gain.gains.length;
      const ofModel = { point, model, reference: compared.reference, modelVerdict: '', runs, atLimit: 0 };
      return percentRow({ ...ofModel, family: 'means', part: partIn(gain, runs) }, gain, name, digits);
    });
  });
}

/** All gains at a point of the axes. */
export function pointRows(comparison: Comparison, point: Point): readonly GainRow[] {
  const { baseline } = comparison;
  return [
    ...point.rows.flatMap((row) => {
      const reference = row.label === baseline ? null : baseline;
      return modelRows({ ...row, family: 'models', model: row.label, reference }, point, comparison);
    }),
    ...partsAt(comparison.contrasts, point.axis).flatMap((contrast) =>
      modelRows({ ...contrast, family: 'contrasts' }, point, comparison),
    ),
  ];
}

interface Compared extends Pick<GainRow, 'family' | 'reference'>, Pick<ComparisonRow, 'aggregate' | 'verdict'> {
  readonly model: string;
  /** It is the mean of these. */
  readonly models?: readonly string[];
  readonly tasks: Readonly<Record<string, TestedGain>>;
}

/** The mean of several models has no row of its own. */
function rowNamed({ model, models }: Pick<Compared, 'model' | 'models'>, { rows }: Point): ComparisonRow | undefined {
  const row = rows.find(({ label }) => label === (models?.[0] ?? model));
  return row && models ? { ...row, label: model, parameters: null, tasks: {}, networks: 1 } : row;
}

/** A row for each task, and one for Δm. */
function modelRows(
  { tasks, aggregate, verdict, ...compared }: Compared,
  point: Point,
  { uncertainty, test: { drawn } }: Comparison,
): readonly GainRow[] {
  const model = rowNamed(compared, point);
  if (!model) return [];
  const { family, reference } = compared;
  const hasGain = Object.values(tasks).some(({ gain }) => gain !== null);
  const ofModel = {
    ...{ family, reference, point, model },
    runs: model.runs.filter(({ status }) => status === 'done').length,
    modelVerdict: verdict === 'baseline' || hasGain ? verdict : 'no result',
  };
  // More draws lower the whole error, unless test rows are a part of it.
  const draws = uncertainty !== 'rows' && drawn === null && model.design !== 'splits' ? ofModel.runs : null;
  const judgedPart = (gain: Judged) =>
    uncertainty !== 'rows' && gain.gains.length < fewestRuns ? null : partIn(gain, draws);
  const rows = point.tasks.map((task): GainRow => {
    const { mean, sd, oneEpoch, atLimit } = taskGain(model, task);
    const gain = tasks[task.name] ?? noGain;
    return {
      ...{ ...ofModel, ...gain, part: judgedPart(gain), task, atLimit },
      mean,
      sd,
      oneEpoch: family === 'models' ? oneEpoch : null,
      percentDigits: percentDigits(point.rows.map((row) => taskGain(row, task).relativeGain)),
    };
  });
  if (!aggregate) return rows;
  const digits = percentDigits(point.rows.map((row) => row.aggregate?.gain ?? null));
  const ofMean = { ...ofModel, part: judgedPart(aggregate), atLimit: model.atLimit };
  return [...rows, percentRow(ofMean, aggregate, meanTask.name, digits)];
}

type Judged = Gain & { readonly verdict: TaskVerdict | null; readonly margin?: number | null };

/** A gain that is in percent, and has no metric. */
function percentRow(
  ofModel: Pick<GainRow, 'family' | 'point' | 'model' | 'reference' | 'modelVerdict' | 'runs' | 'part' | 'atLimit'>,
  gain: Judged,
  name: string,
  digits: number,
): GainRow {
  const none = { ...noGain, mean: null, sd: null, oneEpoch: null };
  const task = { ...meanTask, name, digits };
  return { ...none, ...gain, ...ofModel, margin: null, relativeGain: gain.gain, task, percentDigits: digits };
}

/** No word is said of a gain whose training had not ended. Where better values may lie beyond a list's end, it is open. */
function partIn(gain: Judged, draws: number | null): Part | null {
  if (gain.verdict === 'not trained to a plateau') return null;
  if (gain.atEdge) return { word: 'open', isWorthIt: false, moreDraws: null };
  return partOf({ margin: null, ...gain }, draws);
}

/** The rows of each model, in their order: one group for each model or contrast. */
export function rowsByModel(rows: readonly GainRow[]): readonly (readonly [GainRow, ...GainRow[]])[] {
  const groups: [GainRow, ...GainRow[]][] = [];
  for (const row of rows) {
    const [last] = groups.at(-1) ?? [];
    if (last && isSameModel(last, row)) groups.at(-1)?.push(row);
    else groups.push([row]);
  }
  return groups;
}

function isSameModel(row: GainRow, other: GainRow): boolean {
  return (['family', 'point', 'model', 'reference'] as const).every((key) => row[key] === other[key]);
}

/** What a comparison has at one point of the axes. Without axes there is one point. */
export interface Point {
  readonly axis: AxisPoint;
  /** `dataset.correlation = 0.4`. Empty without axes. */
  readonly title: string;
  readonly tasks: readonly PointTask[];
  readonly rows: readonly ComparisonRow[];
  readonly searches: readonly ModelSearch[];
  /** Where models keep their last epoch. */
  readonly trained: Trained | undefined;
}

/** A comparison's points, in the order of its rows. */
export function comparisonPoints(comparison: Comparison): readonly Point[] {
  return groupedBy(comparison.rows, ({ axis }) => axis).map((rows) => {
    const [{ axis }] = rows;
    return {
      axis,
      title: Object.entries(axis)
        .map(([key, value]) => `${key} = ${axisValue(value)}`)
        .join(', '),
      tasks: comparison.tasks.map((name) => describeTask(name, rows, comparison)),
      rows,
      searches: partsAt(comparison.search?.models, axis),
      trained: partsAt(comparison.trained, axis)[0],
    };
  });
}

/** Those at one point of the axes. */
function partsAt<Part extends { readonly axis: AxisPoint }>(
  parts: readonly Part[] = [],
  axis: AxisPoint,
): readonly Part[] {
  return parts.filter((part) => pointKey(part.axis) === pointKey(axis));
}

export interface PointTask {
  readonly name: string;
  /** Empty: this is Δm. */
  readonly metric: string;
  readonly better: 'higher' | 'lower';
  /** Of gains: `AUC`, `log points`. */
  readonly unit: string;
  /** Decimals of gains, and of the metric itself. */
  readonly digits: number;
  readonly levelDigits: number;
  /**
   * Percent per unit of the metric, where gains are in percent: those of errors, unless the baseline's is 0. Else null.
   */
  readonly percent: number | null;
}

/** The unit of gains of errors, where a config asks for it. */
export const logPoints = 'log points';

/** What is said of a task at a point of the axes, from the rows there. */
function describeTask(
  name: string,
  rows: readonly ComparisonRow[],
  { baseline, errorGains }: Pick<Comparison, 'baseline' | 'errorGains'>,
): PointTask {
  const gains = rows.flatMap(({ tasks }) => tasks[name] ?? []);
  const metric = gains[0]?.metric ?? '';
  const definition = metrics.all.find((candidate) => candidate.name === metric);
  const better = definition?.better ?? 'higher';
  const column = (key: 'gain' | 'mean' | 'sd' | 'se') => gains.map((gain) => gain[key]);
  if (errorGains === 'log' && better === 'lower' && definition?.range === 'error') {
    const digits = {
      digits: digitsFor(column('se'), column('gain')),
      levelDigits: digitsFor(column('sd'), column('mean')),
    };
    return { name, metric, better, unit: logPoints, ...digits, percent: null };
  }
  const hasError = column('se').some((error) => error !== null && error > 0);
  const digits = digitsFor(column(hasError ? 'se' : 'sd'), column('mean'));
  const level = rows.find(({ label }) => label === baseline)?.tasks[name]?.mean ?? null;
  const percent = better === 'lower' && level !== null && level > 0 ? 100 / level : null;
  return { name, metric, better, unit: metricName(metric), digits, levelDigits: digits, percent };
}

/** A task's results in a row. All null for a model without a finished run. */
function taskGain(row: ComparisonRow, { name, metric }: PointTask): TaskGain {
  return row.tasks[name] ?? { ...noGain, metric, mean: null, sd: null, atLimit: 0, oneEpoch: null };
}

const noGain: TestedGain = {
  gain: null,
  gains: [],
  se: null,
  interval: null,
  simultaneous: null,
  p: null,
  pHolm: null,
  relativeGain: null,
  margin: null,
  pEquivalent: null,
  pNotInferior: null,
  verdict: null,
};

/** Sorts rows by mean relative gain, best first. Rows without one are last, in the order of the config. */
export function ranked<Row extends Pick<ComparisonRow, 'aggregate'>>(rows: readonly Row[]): readonly Row[] {
  const gain = ({ aggregate }: Row) => aggregate?.gain ?? Number.NEGATIVE_INFINITY;
  return rows.toSorted((a, b) => (gain(a) === gain(b) ? 0 : gain(b) - gain(a)));
}

/** A metric's display name. Short names are initials. */
export function metricName(metric: string): string {
  return metric.length <= 4 ? metric.toUpperCase() : metric;
}
