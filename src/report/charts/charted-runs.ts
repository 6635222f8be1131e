import { comparisonPoints } from '../points.js';
import { type ReportData, type ReportedRun, rowRuns } from '../report-data.js';
import { atPoint } from './drawn-points.js';
import { type Mark, modelSeries } from './palette.js';

/** What the charts of runs are drawn from: the finished runs of a comparison. */
export interface ChartedRuns {
  readonly tasks: readonly string[];
  readonly places: readonly ChartedPoint[];
}

/** The models at a point of the axes. */
interface ChartedPoint {
  /** The point. Empty without axes. */
  readonly title: string;
  readonly models: readonly ChartedModel[];
}

export interface ChartedModel extends Mark {
  /** Its index among the marks. */
  readonly model: number;
  readonly runs: readonly ReportedRun[];
}

export function runsOfComparison(data: ReportData): ChartedRuns {
  const marks = modelSeries(data.comparison);
  const places = comparisonPoints(data.comparison).map((point) => ({
    title: atPoint('', point),
    models: marks.map((mark, model): ChartedModel => {
      const row = point.rows.find(({ label }) => label === mark.label);
      return { ...mark, model, runs: row ? rowRuns(data, row) : [] };
    }),
  }));
  return { tasks: data.comparison.tasks, places };
}
