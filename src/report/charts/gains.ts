import type { Comparison, ComparisonRow, Contrast, Gain, TaskVerdict } from '../../comparison/comparison.js';
import { pointText } from '../../comparison/plan/axis-point.js';
import { joined } from '../../support/joined.js';
import { percent, probability, signed } from '../numbers.js';
import { comparisonPoints, type Point } from '../points.js';
import { type ReportData, type ReportedRun, rowRuns } from '../report-data.js';
import { aggregateDigits, metricName, type PointTask } from '../task-gains.js';
import { modelSeries, type Series } from './palette.js';

/** What charts are drawn from: at each point of the axes, the models with their looks and finished runs. */
export interface Charted {
  readonly comparison: Comparison;
  readonly series: readonly Series[];
  readonly points: readonly ChartedPoint[];
}

export interface ChartedPoint extends Pick<Point, 'axis' | 'fronts' | 'tasks'> {
  /** `correlation 0.4`. Empty without axes. */
  readonly place: string;
  /** The tasks, and of several their mean. */
  readonly measures: readonly Measure[];
  readonly models: readonly {
    readonly look: Series;
    readonly row: ComparisonRow;
    readonly runs: readonly ReportedRun[];
  }[];
}

/** What a gain is in: a task, or the mean over tasks. */
export interface Measure {
  readonly name: string;
  readonly unit: string;
  readonly text: (gain: number) => string;
  /** Null: there is none. */
  readonly gain: (row: Pick<Contrast, 'tasks' | 'aggregate'>) => DrawnGain | null;
}

interface DrawnGain extends Gain {
  readonly gain: number;
  readonly verdict: TaskVerdict;
  readonly margin: number | null;
  /** Of its tooltip. */
  readonly tip: readonly string[];
}

export function chartedOf(data: ReportData): Charted {
  const { comparison } = data;
  const series = modelSeries(comparison);
  const points = comparisonPoints(comparison).map(({ axis, tasks, fronts, rows }) => {
    const measures = [...tasks.map(taskMeasure), ...(tasks.length > 1 ? [meanMeasure(rows)] : [])];
    const models = series.flatMap((look) =>
      rows.filter(({ label }) => label === look.label).map((row) => ({ look, row, runs: rowRuns(data, row) })),
    );
    return { axis, tasks, fronts, place: pointText(axis), measures, models };
  });
  return { comparison, series, points };
}

function taskMeasure({ name, metric, digits }: PointTask): Measure {
  const text = (gain: number) => signed(gain, digits);
  return { name, unit: metricName(metric), text, gain: ({ tasks }) => known(tasks[name], text) };
}

function meanMeasure(rows: readonly ComparisonRow[]): Measure {
  const digits = aggregateDigits(rows);
  const text = (gain: number) => percent(gain, digits);
  return { name: 'mean over tasks', unit: '%', text, gain: ({ aggregate }) => known(aggregate, text) };
}

function known(
  own: (Gain & { readonly verdict: TaskVerdict | null; readonly margin?: number | null }) | null | undefined,
  text: Measure['text'],
): DrawnGain | null {
  if (own?.gain == null) return null;
  const { gain, interval, pHolm } = own;
  const verdict = own.verdict ?? 'undecided';
  const tip = [
    joined(', ', text(gain), verdict),
    ...(interval ? [`interval ${text(interval[0])} to ${text(interval[1])}`] : []),
    ...(pHolm === null ? [] : [`adjusted p ${probability(pHolm)}`]),
  ];
  return { ...own, gain, verdict, margin: own.margin ?? null, tip };
}
