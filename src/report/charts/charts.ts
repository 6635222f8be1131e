import type { Comparison } from '../../comparison/comparison.js';
import { judge } from '../../comparison/gains/measured.js';
import type { Run } from '../../comparison/plan/run.js';
import type { ComparisonConfig } from '../../config/comparison.js';
import { groupedBy } from '../../support/grouped-by.js';
import type { EpochRecord } from '../../training/epoch-record.js';
import type { FinishedRun } from '../../training/finished-run.js';
import type { ReportData } from '../report-data.js';
import type { PointTask } from '../task-gains.js';
import { axisBars } from './axis-bars.js';
import type { ChartSection } from './chart.js';
import { runsOfComparison, singleRun } from './charted-runs.js';
import { expertUse } from './expert-use.js';
import { forest } from './forest.js';
import { frontCharts } from './front-charts.js';
import { curvesOfLearners, learningCurves } from './learning-curves.js';
import { lossWeights } from './loss-weights.js';
import { modelSeries } from './palette.js';
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

/** While runs train: the gains of those that have ended, and the learning curves of all. */
export function chartsSoFar(
  comparison: Comparison,
  config: ComparisonConfig,
  runs: readonly Run[],
  epochsOf: (run: Run) => readonly EpochRecord[],
): readonly ChartSection[] {
  const { models, metrics, baseline } = config;
  const reported = runs.filter(({ values }) => values === undefined); // no other points of a front
  const all = groupedBy(reported, ({ point }) => point).map((own) => ({
    axis: own[0].point,
    tasks: own[0].experiment.tasks.map((task) => pointTask(judge(task, metrics))),
    learners: models.map(({ label }) => ({
      label,
      runs: own
        .filter((run) => run.label === label)
        .map((run) => ({ seed: run.seed, tasks: run.tasks, epochs: epochsOf(run), bestEpoch: null })),
    })),
  }));
  return [
    ...forest(comparison),
    ...axisBars(comparison),
    ...scatters(comparison),
    ...curvesOfLearners(all, baseline, modelSeries(comparison)),
  ];
}

function pointTask({ name, metric }: ReturnType<typeof judge>): PointTask {
  return { name, metric: metric.name, better: metric.better ?? 'higher', digits: 5, percent: null };
}
