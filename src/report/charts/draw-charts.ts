import type { Chart, ReportData } from '../report-data.js';
import { axisBars } from './axis-bars.js';
import { calibrationCurves } from './calibration-curves.js';
import { draw } from './drawing.js';
import { expertBars } from './expert-bars.js';
import { gainBars } from './gain-bars.js';
import { learningCurves } from './learning-curves.js';
import { lossWeights } from './loss-weights.js';
import { scatters } from './scatter.js';

/** All charts of a report, section after section. What has no data (no gates, no predictions, one task) has no chart. */
export async function drawCharts(data: ReportData): Promise<readonly Chart[]> {
  const { comparison } = data;
  const drawings = [
    ...scatters(comparison),
    ...gainBars(comparison),
    ...axisBars(comparison),
    ...expertBars(data),
    ...learningCurves(data),
    ...lossWeights(data),
    ...(await calibrationCurves(data)),
  ];
  const charts: Chart[] = [];
  for (const drawing of drawings) charts.push(await draw(drawing));
  return charts;
}
