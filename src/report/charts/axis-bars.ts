import type { Comparison } from '../../comparison/comparison.js';
import { axisName, axisValue, pointText } from '../../comparison/plan/axis-point.js';
import { confidence } from '../numbers.js';
import { metricName, type Point, type PointTask, pointsOf } from '../points.js';
import { type Datum, type Drawing, description, panelWidth, type Section, tip } from './drawing.js';
import { taskGainLines } from './gain-lines.js';
import { signedAxis } from './gain-range.js';
import { cssColour, modelSeries } from './palette.js';
import { chartId, drawnPoints } from './points.js';

/**
 * Gains against an axis (PLE Fig. 7), one chart per task. The axis is the one with the most values; each value has a
 * bar per model with its interval. Each point of the other axes has its own chart.
 */
export function axisBars(comparison: Comparison): readonly Section[] {
  const points = pointsOf(comparison);
  const key = Object.entries(comparison.axes).toSorted(([, a], [, b]) => b.length - a.length)[0]?.[0];
  if (key === undefined) return [];
  const others = points.map(({ axis }) => otherAxes(axis, key));
  const groups = [...new Set(others)].map((text) => ({
    text,
    points: points.filter((_, index) => others[index] === text),
  }));
  const drawn = drawnPoints(groups, comparison.tasks.length);
  const drawings = drawn.points.flatMap((group, at) =>
    comparison.tasks.flatMap((_, index) => bars(comparison, group, key, index, chartId('axis', at + 1, index + 1))),
  );
  if (drawings.length === 0) return [];
  const note = [
    `Gains over ${comparison.baseline} at each value of ${key}; up is better. Bars stand in the order of the config, lines are ${confidence(comparison.test.level)} intervals.`,
    ...drawn.omission,
  ].join(' ');
  return [{ id: 'axis', title: `Gains by ${axisName(key)}`, note, key: [], size: 'medium', drawings }];
}

interface Group {
  /** The point on the other axes. */
  readonly text: string;
  readonly points: readonly Point[];
}

function otherAxes(axis: Point['axis'], key: string): string {
  return pointText(Object.fromEntries(Object.entries(axis).filter(([name]) => name !== key)));
}

function bars(comparison: Comparison, { text, points }: Group, key: string, index: number, id: string): Drawing[] {
  const series = modelSeries(comparison);
  const task = points[0]?.tasks[index];
  if (!task) return [];
  const values = points.flatMap((point) => valuesAt(comparison, point, key, index));
  if (values.length === 0) return [];
  const marks = series.filter(({ label }) => values.some((value) => value.label === label));
  const places = [...new Set(points.map(({ axis }) => axisValue(axis[key])))];
  const x = {
    field: 'at',
    type: 'nominal' as const,
    scale: { domain: places, paddingInner: 0.22, paddingOuter: 0.1 },
    axis: { title: key, labelAngle: 0, labelLimit: 360 / places.length, ticks: false, labelPadding: 6 },
  };
  const xOffset = { field: 'label', type: 'nominal' as const, scale: { domain: marks.map(({ label }) => label) } };
  const y = {
    field: 'gain',
    type: 'quantitative' as const,
    axis: { ...signedAxis, tickCount: 6, title: `gain in ${metricName(task.metric)}` },
  };
  return [
    {
      id,
      title: [task.name, text].filter((part) => part !== '').join(', '),
      remarks: [],
      key: marks.map((mark) => ({ ...mark, shape: 'square', dash: [] })),
      columns: 1,
      panels: [
        {
          title: '',
          spec: {
            width: Math.max(panelWidth.medium - 70, places.length * marks.length * 4),
            height: 240,
            data: { values },
            layer: [
              {
                mark: { type: 'bar' },
                encoding: { x, xOffset, y, color: { field: 'colour', type: 'nominal', scale: null }, ...description },
              },
              {
                transform: [{ filter: 'isValid(datum.low)' }],
                mark: { type: 'rule', color: cssColour('ink'), strokeWidth: 1.2 },
                encoding: { x, xOffset, y: { ...y, field: 'low' }, y2: { field: 'high' }, ...description },
              },
              {
                data: { values: [{ zero: 0 }] },
                mark: { type: 'rule', color: cssColour('ink') },
                encoding: { y: { ...y, field: 'zero' } },
              },
            ],
          },
        },
      ],
    },
  ];
}

function valuesAt(comparison: Comparison, point: Point, key: string, index: number): readonly Datum[] {
  const series = modelSeries(comparison);
  const task: PointTask | undefined = point.tasks[index];
  return point.rows.flatMap(({ label, axis, tasks }): Datum[] => {
    const own = tasks[task?.name ?? ''];
    if (!task || !own || own.gain === null) return [];
    const model = series.findIndex((one) => one.label === label);
    const [low, high] = own.interval ?? [null, null];
    const at = axisValue(axis[key]);
    const about = tip(model, `${label}, ${axisName(key)} ${at}`, ...taskGainLines(own, task));
    return [{ label, at, gain: own.gain, low, high, colour: series[model]?.colour ?? '', tip: about }];
  });
}
