import type { Comparison } from '../../comparison/comparison.js';
import { axisName, axisValue, pointText } from '../../comparison/plan/axis-point.js';
import type { AxisPoint } from '../../config/comparison.js';
import { groupedBy } from '../../support/grouped-by.js';
import { joined } from '../../support/joined.js';
import { confidence } from '../numbers.js';
import { comparisonPoints, type Point } from '../points.js';
import { metricName } from '../task-gains.js';
import type { Chart, ChartSection } from './chart.js';
import { chartId, drawnPoints } from './drawn-points.js';
import { taskGainLines } from './gain-lines.js';
import { markStyle, modelSeries } from './palette.js';
import { gainAxis, layer, type Plot, panelWidth } from './plot.js';

/**
 * Gains against an axis (PLE Fig. 7), one chart per task. The axis is the one with the most values; each value has a
 * bar per model with its interval. Each point of the other axes has its own chart.
 */
export function axisBars(comparison: Comparison): readonly ChartSection[] {
  const key = Object.entries(comparison.axes).toSorted(([, a], [, b]) => b.length - a.length)[0]?.[0];
  if (key === undefined) return [];
  const others = (axis: AxisPoint) => Object.fromEntries(Object.entries(axis).filter(([name]) => name !== key));
  const groups = groupedBy(comparisonPoints(comparison), ({ axis }) => others(axis));
  const { points: drawn, omission } = drawnPoints(groups, comparison.tasks.length);
  const charts = drawn.flatMap((points, at) =>
    comparison.tasks.flatMap((task, index): Chart[] => {
      const title = joined(', ', task, pointText(others(points[0]?.axis ?? {})));
      return bars(comparison, points, key, index).map((drawing) => {
        return { ...drawing, id: chartId('axis', at + 1, index + 1), title };
      });
    }),
  );
  if (charts.length === 0) return [];
  const note = `Gains over ${comparison.baseline} at each value of ${key}; up is better. Bars stand in the order of the config, lines are ${confidence(comparison.test.level)} intervals.`;
  return [{ id: 'axis', title: `Gains by ${axisName(key)}`, note: [note, ...omission], size: 'medium', charts }];
}

/** The chart of a task, or none if it has no gain. */
function bars(comparison: Comparison, points: readonly Point[], key: string, index: number) {
  const series = modelSeries(comparison);
  const rows = points.flatMap(({ rows: models, tasks }) =>
    models.flatMap(({ label, axis, tasks: gains }) => {
      const task = tasks[index];
      const own = gains[task?.name ?? ''];
      if (!task || !own || own.gain === null) return [];
      const { model, colour } = markStyle(series, label);
      const x = axisValue(axis[key]);
      const about = [`${label}, ${axisName(key)} ${x}`, ...taskGainLines(own, task)];
      return [{ label, interval: own.interval, mark: { x, y: own.gain, y2: 0, colour, model, tip: about } }];
    }),
  );
  if (rows.length === 0) return [];
  const marks = series.filter(({ label }) => rows.some((row) => row.label === label));
  const names = [...new Set(points.map(({ axis }) => axisValue(axis[key])))];
  const drawn = rows.map(({ label, interval, mark }) => {
    const slot = [marks.findIndex((one) => one.label === label), marks.length] as const;
    return {
      bar: { ...mark, slot },
      interval: { ...mark, slot, colour: 'ink' as const, y: interval?.[0] ?? null, y2: interval?.[1] ?? null },
    };
  });
  const plot: Plot = {
    width: Math.max(panelWidth.medium - 70, names.length * marks.length * 4),
    height: 240,
    x: { title: key, names, gap: 0.22, limit: 360 / names.length },
    y: { ...gainAxis(`gain in ${metricName(points[0]?.tasks[index]?.metric ?? '')}`), ticks: 6 },
    layers: [
      layer(
        'area',
        drawn.map(({ bar }) => bar),
      ),
      layer(
        'interval',
        drawn.map(({ interval }) => interval),
        { width: 1.2 },
      ),
      layer('interval', [{ y: 0 }]),
    ],
  };
  return [{ panels: [{ plots: [plot] }], key: marks.map((mark) => ({ ...mark, shape: 'square', dash: [] })) }];
}
