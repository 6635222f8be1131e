import type { FinishedRun } from '../../training/finished-run.js';
import type { PointTask } from '../points.js';
import type { ChartSection, ReportData } from '../report-data.js';
import { axisBars } from './axis-bars.js';
import { drawSection, type Section } from './drawing.js';
import { expertUse, runExpertUse } from './expert-use.js';
import { forest } from './forest.js';
import { gainByParameters } from './gain-by-parameters.js';
import { learningCurves } from './learning-curves.js';
import { lossWeights, runLossWeights } from './loss-weights.js';
import { reliability, runReliability } from './reliability.js';
import { runCurves } from './run-curves.js';
import { scatters } from './scatter.js';

/** All charts of a comparison's report, section after section. What has no data (no gates, no predictions, one task) has no section. */
export async function drawCharts(data: ReportData): Promise<readonly ChartSection[]> {
  const { comparison } = data;
  return drawAll([
    ...forest(comparison),
    ...axisBars(comparison),
    ...scatters(comparison),
    ...learningCurves(data),
    ...expertUse(data),
    ...gainByParameters(comparison),
    ...(await reliability(data)),
    ...lossWeights(data),
  ]);
}

/** All charts of a single run. */
export async function drawRunCharts(run: FinishedRun, tasks: readonly PointTask[]): Promise<readonly ChartSection[]> {
  return drawAll([
    ...runCurves(run, tasks),
    ...(await runReliability(run)),
    ...runExpertUse(run),
    ...runLossWeights(run),
  ]);
}

async function drawAll(sections: readonly Section[]): Promise<readonly ChartSection[]> {
  const drawn: ChartSection[] = [];
  for (const section of sections) drawn.push(await drawSection(section));
  return drawn;
}
