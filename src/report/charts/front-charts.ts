import type { Comparison, Front } from '../../comparison/comparison.js';
import { confidence, rounded } from '../numbers.js';
import { comparisonPoints, weightedTask } from '../points.js';
import { noGain, type PointTask } from '../task-gains.js';
import type { ChartSection } from './chart.js';
import { taskGainLines } from './gain-lines.js';
import { type Mark, markStyle, modelSeries } from './palette.js';
import { estimate, type Position, perPair, scatter } from './scatter.js';

/**
 * The fronts: each model's gains on one task against those on another, at each loss weight. A chart for each pair of
 * tasks, a panel for each model.
 */
export function frontCharts(comparison: Comparison): readonly ChartSection[] {
  const all = comparisonPoints(comparison).filter(({ fronts }) => fronts.length > 0);
  const series = modelSeries(comparison);
  const models = comparison.fronts?.length ?? 0;
  const { charts, omission } = perPair(comparison, all, models, 'fronts', (point, x, y, title, id) => {
    const fronts = point.fronts
      .map((front) => ({ front, positions: frontPositions(front, x, y, series) }))
      .filter(({ positions }) => positions.length > 0);
    const together = fronts.flatMap(({ positions }) => positions);
    const panels = fronts.map(({ front, positions }) => {
      return { title: front.model, plots: [scatter(positions, x, y, together, true)] };
    });
    return panels.length === 0 ? [] : [{ id, title, panels, columns: 2 }];
  });
  const [front] = comparison.fronts ?? [];
  if (charts.length === 0 || !front) return [];
  const note = [
    `Each model's gains over ${comparison.baseline} (the origin) on two tasks, at each loss weight of ${weightedTask(front)}; a label is the weight.`,
    `Up and right is better. Lines are ${confidence(comparison.test.level)} intervals.`,
    ...omission,
  ];
  return [{ id: 'fronts', title: 'Fronts', note, size: 'medium', charts }];
}

/** The weights with a gain on both tasks. */
function frontPositions({ model: name, points }: Front, xTask: PointTask, yTask: PointTask, series: readonly Mark[]) {
  const look = markStyle(series, name);
  return points.flatMap(({ value, tasks, verdict }): Position[] => {
    const [x = noGain, y = noGain] = [tasks[xTask.name], tasks[yTask.name]];
    if (x.gain === null || y.gain === null) return [];
    const lines = [xTask, yTask].flatMap((task) => taskGainLines(tasks[task.name] ?? noGain, task).slice(0, 1));
    const about = [`${name}, weight ${rounded(value)}: ${verdict}`, ...lines];
    return [{ ...look, label: rounded(value), x: estimate(x), y: estimate(y), tip: about }];
  });
}
