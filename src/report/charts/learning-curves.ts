import { hasTask } from '../../comparison/stored/entry.js';
import type { EpochRecord } from '../../training/epoch-record.js';
import type { FinishedRun } from '../../training/finished-run.js';
import { fixed } from '../numbers.js';
import { comparisonPoints, type Point } from '../points.js';
import type { ReportData } from '../report-data.js';
import { rowRuns } from '../report-data.js';
import { metricName, type PointTask, ranked } from '../task-gains.js';
import type { Chart, ChartSection, Panel } from './chart.js';
import { atPoint, chartId, drawnPoints } from './drawn-points.js';
import { pathDomain, pathPanels } from './model-paths.js';
import { type Mark, modelSeries } from './palette.js';
import { epochAxis, smallLabels } from './plot.js';

/** Maximum number of small panels of all models and tasks on a page. */
const mostPanels = 60;
/** Longer training is drawn at every second, third, … epoch. */
const mostEpochs = 40;

/** A model's runs, and the point of the axes that they are at. */
interface Learner {
  readonly label: string;
  readonly runs: readonly {
    readonly seed: number;
    readonly epochs: readonly EpochRecord[];
    readonly bestEpoch: FinishedRun['result']['bestEpoch'];
    /** Tasks that are reported from this run. Undefined: all. */
    readonly tasks?: readonly string[] | undefined;
  }[];
}

/** Models at a point of the axes, the baseline first. */
interface Learners extends Pick<Point, 'axis' | 'tasks'> {
  readonly learners: readonly Learner[];
}

/**
 * Learning curves as small multiples: for each task a panel per model, the best model first. It shows the validation
 * metric of all seeds and their mean, compared with the baseline's mean. A mean ends where more than half of the runs
 * have stopped.
 */
export function learningCurves(data: ReportData): readonly ChartSection[] {
  const { baseline } = data.comparison;
  const all = comparisonPoints(data.comparison).map(({ axis, tasks, rows }): Learners => {
    const [own, others] = [true, false].map((is) => rows.filter(({ label }) => (label === baseline) === is));
    const learners = [...(own ?? []), ...ranked(others ?? [])].map((row) => ({
      label: row.label,
      runs: rowRuns(data, row).map(({ result: { seed, bestEpoch }, ...run }) => ({ ...run, seed, bestEpoch })),
    }));
    return { axis, tasks, learners };
  });
  const series = modelSeries(data.comparison);
  const [first] = all;
  const panelsEach = (first?.learners.length ?? 1) * (first?.tasks.length ?? 1);
  const { points, omission } = drawnPoints(all, panelsEach, mostPanels);
  const charts = points.flatMap((point, at) =>
    point.tasks.flatMap((task, index): Chart[] => {
      const panels = taskPanels(point.learners, task, baseline, series);
      if (panels.length === 0) return [];
      const name = `${task.name}: validation ${metricName(task.metric)} by epoch`;
      const id = chartId('learning', at + 1, index + 1);
      return [{ id, title: atPoint(name, point), panels, columns: 4 }];
    }),
  );
  if (charts.length === 0) return [];
  const note = [
    'Validation metric after each epoch, one panel per model and all panels of a task to one scale. Thin: a seed; thick: their mean, up to ' +
      `where more than half of the runs have stopped; grey: the mean of ${baseline}. A dot is the best epoch of a seed, whose parameters ` +
      'were kept. The worst tenth of all values may lie outside a panel.',
    ...omission,
  ];
  return [{ id: 'learning', title: 'Learning curves', note, size: 'small', charts }];
}

function taskPanels(
  learners: readonly Learner[],
  { name, metric, better, digits }: PointTask,
  baseline: string,
  series: readonly Mark[],
): readonly Panel[] {
  const trained = learners.map(({ label, runs }) => ({
    label,
    runs: runs.filter((run) => run.epochs.length > 0 && hasTask(run, name)),
  }));
  const last = Math.max(0, ...learners.flatMap(({ runs }) => runs.map(({ epochs }) => epochs.length)));
  const stride = Math.ceil(last / mostEpochs);
  const models = trained.map(({ label, runs }) => ({
    label,
    paths: runs.map(({ seed, epochs, bestEpoch }) => {
      const steps = epochs.flatMap(({ validation }, index) => {
        const y = validation[name]?.[metric];
        return typeof y === 'number' ? [{ epoch: index + 1, x: index + 1, y }] : [];
      });
      const best = steps.find(({ epoch }) => epoch === bestEpoch[name]);
      const tip = [`${label}, seed ${seed}`, `best epoch ${best?.epoch}: ${fixed(best?.y ?? null, digits)}`];
      const dot = best && { x: best.x, y: best.y, tip };
      return { all: steps, steps: steps.filter(({ epoch }) => (epoch - 1) % stride === 0), dot };
    }),
  }));
  const values = models.flatMap(({ paths }) => paths.flatMap(({ all }) => all.map(({ y }) => y)));
  if (values.length === 0) return [];
  return pathPanels(
    models.filter(({ paths }) => paths.length > 0),
    baseline,
    series,
    {
      height: 104,
      x: { ...epochAxis(last, stride), ...smallLabels },
      y: { domain: pathDomain(values, { better }), ...smallLabels },
    },
  );
}
