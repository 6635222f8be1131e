import type { Comparison, ComparisonRow, Gain, TaskGain, TaskVerdict, TestedGain } from '../comparison/comparison.js';
import { percentDigits } from './numbers.js';
import { comparisonPoints, type Point, partsAt } from './points.js';
import { aggregateDigits, noGain, type PointTask, taskGain } from './task-gains.js';

/** A gain: of a model over a reference on a task, or on the mean over tasks (Δm). Every table is made of these rows. */
export interface GainRow extends Omit<TestedGain, 'verdict'> {
  /** The tests of a family are adjusted together. */
  readonly family: 'models' | 'contrasts' | 'front' | 'means';
  readonly point: Point;
  readonly model: ComparisonRow;
  /** The model that the gain is over. Null: this is the baseline. */
  readonly reference: string | null;
  /** In a front: the loss weight. */
  readonly weight: number | null;
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
  /** Decimals of `relativeGain`. */
  readonly percentDigits: number;
}

/** The mean relative gain over tasks, as a task of its own. */
const meanTask = { name: 'Δm', metric: '', better: 'higher', percent: 1 } as const;

export function isMean({ task }: Pick<GainRow, 'task'>): boolean {
  return task.metric === '';
}

/** The tables of a comparison: one for each point of the axes, and with several one of the means over them. */
export function gainTables(
  comparison: Comparison,
): readonly { readonly title: string; readonly rows: readonly GainRow[]; readonly searches: Point['searches'] }[] {
  const points = comparisonPoints(comparison);
  const rows = meanRows(comparison, points);
  return [
    ...points.map((point) => ({ title: point.title, rows: pointRows(comparison, point), searches: point.searches })),
    ...(rows.some(({ gain }) => gain !== null)
      ? [{ title: `mean over ${points.length} points`, rows, searches: [] }]
      : []),
  ];
}

/** Means over the points, in percent. */
function meanRows({ means = [], tasks: names }: Comparison, [first]: readonly Point[]): readonly GainRow[] {
  if (!first) return [];
  const point = { ...first, axis: {} };
  return means.flatMap(({ model: label, models, reference, tasks, aggregate }) => {
    const model = rowNamed(label, models, first);
    if (!model) return [];
    const all = [...names.map((name) => [name, tasks[name] ?? null] as const), [meanTask.name, aggregate] as const];
    const digits = percentDigits(all.map(([, gain]) => gain?.gain ?? null));
    return all.flatMap(([name, gain]): GainRow[] => {
      if (!gain) return [];
      const of = {
        ...{ family: 'means' as const, point, model, reference, weight: null, modelVerdict: '' },
        runs: gain.gains.length,
      };
      return [{ ...of, ...ofMean(gain), atLimit: 0, task: { ...meanTask, name, digits }, percentDigits: digits }];
    });
  });
}

/** All gains at a point of the axes. */
export function pointRows(comparison: Comparison, point: Point): readonly GainRow[] {
  const { baseline } = comparison;
  return [
    ...point.rows.flatMap((row) => {
      const reference = row.label === baseline ? null : baseline;
      return modelRows({ ...row, family: 'models', model: row.label, reference, weight: null }, point);
    }),
    ...partsAt(comparison.contrasts, point.axis).flatMap((contrast) =>
      modelRows({ ...contrast, family: 'contrasts', weight: null }, point),
    ),
    ...point.fronts.flatMap(({ model, points }) =>
      points.flatMap((at) =>
        modelRows({ ...at, family: 'front', model, reference: baseline, weight: at.value }, point),
      ),
    ),
  ];
}

interface Compared
  extends Pick<GainRow, 'family' | 'reference' | 'weight'>,
    Pick<ComparisonRow, 'aggregate' | 'verdict'> {
  readonly model: string;
  /** It is the mean of these. */
  readonly models?: readonly string[];
  readonly tasks: Readonly<Record<string, TestedGain>>;
}

/** The mean of several models has no row of its own. */
function rowNamed(label: string, meanOf: readonly string[] | undefined, { rows }: Point): ComparisonRow | undefined {
  const row = rows.find((one) => one.label === (meanOf?.[0] ?? label));
  return row && meanOf ? { ...row, label, parameters: null, tasks: {}, networks: 1 } : row;
}

/** A row for each task, and one for Δm. */
function modelRows({ tasks, aggregate, verdict, ...of }: Compared, point: Point): readonly GainRow[] {
  const model = rowNamed(of.model, of.models, point);
  if (!model) return [];
  const hasGain = Object.values(tasks).some(({ gain }) => gain !== null);
  const ofModel = {
    ...of,
    ...{ point, model, runs: model.runs.filter(({ status }) => status === 'done').length },
    modelVerdict: verdict === 'baseline' || hasGain ? verdict : 'no result',
  };
  const own = of.family !== 'front';
  const ofTasks = point.tasks.map((task): GainRow => {
    const { mean, sd, oneEpoch, atLimit } = taskGain(model, task);
    return {
      ...ofModel,
      ...(tasks[task.name] ?? noGain),
      task,
      ...(own ? { mean, sd } : { mean: null, sd: null }),
      atLimit,
      oneEpoch: of.family === 'models' ? oneEpoch : null,
      percentDigits: percentDigits(point.rows.map((row) => taskGain(row, task).relativeGain)),
    };
  });
  if (!aggregate) return ofTasks;
  const digits = aggregateDigits(point.rows);
  return [
    ...ofTasks,
    { ...ofModel, ...ofMean(aggregate), atLimit: model.atLimit, task: { ...meanTask, digits }, percentDigits: digits },
  ];
}

function ofMean(aggregate: Gain & { readonly verdict: TaskVerdict | null }) {
  const { gain, verdict } = aggregate;
  return { ...noGain, ...aggregate, relativeGain: gain, verdict, mean: null, sd: null, oneEpoch: null };
}

/** The rows of each model, in their order: one group for each model, contrast, or weight of a front. */
export function rowsByModel(rows: readonly GainRow[]): readonly (readonly [GainRow, ...GainRow[]])[] {
  const groups: [GainRow, ...GainRow[]][] = [];
  for (const row of rows) {
    const [last] = groups.at(-1) ?? [];
    if (last && isSameModel(last, row)) groups.at(-1)?.push(row);
    else groups.push([row]);
  }
  return groups;
}

function isSameModel(one: GainRow, other: GainRow): boolean {
  return (['family', 'point', 'model', 'reference', 'weight'] as const).every((key) => one[key] === other[key]);
}
