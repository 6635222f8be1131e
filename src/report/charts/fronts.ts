import type { Comparison } from '../../comparison/comparison.js';
import { frontsAt, hypervolumeText, weightedTask } from '../fronts.js';
import { confidence, percent, rounded, signed } from '../numbers.js';
import { metricName, noGain, type Point, type PointTask, pointsOf } from '../points.js';
import { type Drawing, type Section, tip } from './drawing.js';
import { cssColour, modelSeries } from './palette.js';
import { atPoint, chartId, drawnPoints } from './points.js';
import { estimateOf, mostTasks, type Position, scatter } from './scatter.js';

/** The fronts: each model's gains on one task against those on another, at each loss weight. A chart for each pair of tasks, a panel for each model. */
export function frontCharts(comparison: Comparison): readonly Section[] {
  const pairs = comparison.tasks
    .slice(0, mostTasks)
    .flatMap((_, x, tasks) => tasks.flatMap((_, y) => (y > x ? [{ x, y }] : [])));
  const all = pointsOf(comparison).filter((point) => frontsAt(comparison, point).length > 0);
  const { points, omission } = drawnPoints(all, pairs.length * (comparison.fronts?.length ?? 0));
  const drawings = points.flatMap((point, index) =>
    pairs.flatMap(({ x, y }, pair) => {
      const [xTask, yTask] = [point.tasks[x], point.tasks[y]];
      if (!xTask || !yTask) return [];
      const id = chartId('fronts', index + 1, pair + 1);
      return drawingOf(comparison, { point, xTask, yTask, id });
    }),
  );
  const [front] = comparison.fronts ?? [];
  if (drawings.length === 0 || !front) return [];
  const note = [
    `Each model's gains over ${comparison.baseline} (the origin) on two tasks, at each loss weight of ${weightedTask(front)}; a label is the weight. ` +
      `Up and right is better. Lines are ${confidence(comparison.test.level)} intervals. A title has the hypervolume, which the front dominates, and its interval.`,
    ...omission,
  ].join(' ');
  return [{ id: 'fronts', title: 'Fronts', note, key: [], size: 'medium', drawings }];
}

interface Place {
  readonly point: Point;
  readonly xTask: PointTask;
  readonly yTask: PointTask;
  readonly id: string;
}

function drawingOf(comparison: Comparison, { point, xTask, yTask, id }: Place): readonly Drawing[] {
  const series = modelSeries(comparison);
  const fronts = frontsAt(comparison, point).map((front) => {
    const model = series.findIndex(({ label }) => label === front.model);
    const { colour = cssColour('ink'), shape = 'circle' } = series[model] ?? {};
    const positions = front.points.flatMap(({ value, tasks, verdict }): Position[] => {
      const [x = noGain, y = noGain] = [tasks[xTask.name], tasks[yTask.name]];
      if (x.gain === null || y.gain === null) return [];
      const lines = [xTask, yTask].map((task) => {
        const { gain, relativeGain, verdict: own } = tasks[task.name] ?? noGain;
        const relative = relativeGain === null ? '' : ` (${percent(relativeGain)})`;
        return `${task.name}: ${signed(gain, task.digits)} ${metricName(task.metric)}${relative}, ${own ?? 'no verdict'}`;
      });
      const about = tip(model, `${front.model}, weight ${rounded(value)}: ${verdict}`, ...lines);
      return [{ label: rounded(value), model, colour, shape, x: estimateOf(x), y: estimateOf(y), tip: about }];
    });
    return { title: `${front.model}: ${hypervolumeText(front, point)}`, positions };
  });
  const all = fronts.flatMap(({ positions }) => positions);
  const panels = fronts.flatMap(({ title, positions }) =>
    positions.length === 0 ? [] : [{ title, spec: scatter(positions, xTask, yTask, all, true) }],
  );
  const title = atPoint(`${xTask.name} and ${yTask.name}`, point);
  return panels.length === 0 ? [] : [{ id, title, remarks: [], panels, key: [], columns: 2 }];
}
