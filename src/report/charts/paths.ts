import { hasTask } from '../../comparison/stored/entry.js';
import { fixed } from '../numbers.js';
import { comparisonPoints } from '../points.js';
import { type ReportData, rowRuns } from '../report-data.js';
import { metricName, type PointTask } from '../task-gains.js';
import type { ChartSection } from './chart.js';
import { pathDomain, pathPanels, type Step } from './model-paths.js';
import { modelSeries } from './palette.js';
import { smallLabels } from './plot.js';
import { perPair } from './scatter.js';

/**
 * The path of each run through two tasks, epoch by epoch: when one task is best, where is the other? A panel per model
 * and pair of tasks.
 */
export function paths(data: ReportData): readonly ChartSection[] {
  const { comparison } = data;
  const { baseline, rows } = comparison;
  const series = modelSeries(comparison);
  const { charts, omission } = perPair(
    comparison,
    comparisonPoints(comparison),
    rows.length,
    'paths',
    (point, x, y, title, id) => {
      const models = point.rows.map((row) => ({
        label: row.label,
        paths: rowRuns(data, row).flatMap((run, _, all) => {
          if (!hasTask(run, x.name)) return [];
          const { seed } = run.result;
          const other = all.find((one) => one.result.seed === seed && hasTask(one, y.name));
          const steps = run.epochs.flatMap(({ epoch, validation }): Step[] => {
            const beside = other?.epochs.find((record) => record.epoch === epoch);
            const [across, up] = [validation[x.name]?.[x.metric], beside?.validation[y.name]?.[y.metric]];
            return typeof across === 'number' && typeof up === 'number' ? [{ epoch, x: across, y: up }] : [];
          });
          return [{ steps, dot: pathEnd(steps, `${row.label}, seed ${seed}`, x, y) }];
        }),
      }));
      const steps = models.flatMap(({ paths }) => paths.flatMap((path) => path.steps));
      if (steps.length < 2) return [];
      const axis = (task: PointTask, key: 'x' | 'y') => ({
        title: `${task.name}, ${metricName(task.metric)}`,
        domain: pathDomain(
          steps.map((step) => step[key]),
          task,
        ),
        isReversed: task.better === 'lower',
        ...smallLabels,
      });
      const drawn = models.filter(({ paths }) => paths.some((path) => path.steps.length > 1));
      const panels = pathPanels(drawn, baseline, series, { height: 140, x: axis(x, 'x'), y: axis(y, 'y') });
      return panels.length === 0 ? [] : [{ id, title, panels, columns: 4 }];
    },
  );
  if (charts.length === 0) return [];
  const note = [
    'Where each run is on validation after every epoch: its metric on one task against that on another; up and right is better. Thin: a seed; thick: the mean over ' +
      `seeds; grey: that of ${baseline}. A dot is the last epoch. A path that turns back overfits a task. The worst tenth of all places may lie outside a panel.`,
    ...omission,
  ];
  return [{ id: 'paths', title: 'Paths through two tasks', note, size: 'small', charts }];
}

function pathEnd(steps: readonly Step[], run: string, x: PointTask, y: PointTask) {
  const end = steps.at(-1);
  const text = (task: PointTask, value: number) => `${task.name} ${fixed(value, task.digits)}`;
  return end && { x: end.x, y: end.y, tip: [run, `epoch ${end.epoch}: ${text(x, end.x)}, ${text(y, end.y)}`] };
}
