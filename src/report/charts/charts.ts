import type { ReportData } from '../report-data.js';
import type { Section } from './chart.js';
import { expertUse } from './expert-use.js';
import { axisLines, forest } from './gain-charts.js';
import { chartedOf } from './gains.js';
import { learningCurves } from './learning-curves.js';
import { taskAgainstTask } from './task-against-task.js';

/** All charts of a comparison's report. A section without data (one task, no gates) is left out. */
export function comparisonCharts(data: ReportData): readonly Section[] {
  const charted = chartedOf(data);
  return [forest, axisLines, taskAgainstTask, learningCurves, expertUse].flatMap((kind) => kind(charted));
}
