import type { FinishedRun } from '../../training/finished-run.js';
import type { ReportData } from '../report-data.js';
import type { PointTask } from '../task-gains.js';
import { axisBars } from './axis-bars.js';
import type { ChartSection } from './chart.js';
import { runsOfComparison, singleRun } from './charted-runs.js';
import { expertUse } from './expert-use.js';
import { forest } from './forest.js';
import { frontCharts } from './front-charts.js';
import { learningCurves } from './learning-curves.js';
import { lossWeights } from './loss-weights.js';
import { paths } from './paths.js';
import { reliability } from './reliability.js';
import { runCurves } from './run-curves.js';
import { scatters } from './scatter.js';

/**
 * All charts of a comparison's report, by section. A section without data (no gates, no predictions, one task) is
 * omitted.
 */
export async function comparisonCharts(data: ReportData): Promise<readonly ChartSection[]> {
  const { comparison } = data;
  const runs = runsOfComparison(data);
  return [
    ...forest(comparison),
    ...axisBars(comparison),
    ...scatters(comparison),
    ...frontCharts(comparison),
    ...learningCurves(data),
    ...paths(data),
    ...expertUse(runs),
    ...(await reliability(runs)),
    ...lossWeights(runs),
  ];
}

/** All charts of a single run. */
export async function runCharts(run: FinishedRun, tasks: readonly PointTask[]): Promise<readonly ChartSection[]> {
  const runs = singleRun(run);
  return [...runCurves(run, tasks), ...(await reliability(runs)), ...expertUse(runs), ...lossWeights(runs)];
}
