import type { ReportData } from '../report-data.js';
import { axisBars } from './axis-bars.js';
import type { ChartSection } from './chart.js';
import { runsOfComparison } from './charted-runs.js';
import { expertUse } from './expert-use.js';
import { forest } from './forest.js';
import { frontCharts } from './front-charts.js';
import { learningCurves } from './learning-curves.js';
import { lossWeights } from './loss-weights.js';
import { paths } from './paths.js';
import { reliability } from './reliability.js';
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
