import { axisName, axisValue, pointText } from '../../comparison/axis-point.js';
import type { Comparison } from '../../comparison/comparison.js';
import { type Datum, type Drawing, legendColumns } from './drawing.js';
import { intervalWords, judgedBy } from './judged-by.js';
import { cssColour, modelSeries } from './palette.js';
import { chartId, drawnPoints, type Point, pointsOf } from './points.js';

/**
 * Gains against an axis (PLE Fig. 7), one chart per task: at each value of the axis with the most values, a bar per model with its
 * interval. Further axes give a chart for each of their points.
 */
export function axisBars(comparison: Comparison): readonly Drawing[] {
  const points = pointsOf(comparison);
  const key = Object.entries(comparison.axes).toSorted(([, a], [, b]) => b.length - a.length)[0]?.[0];
  if (key === undefined) return [];
  const others = points.map(({ axis }) => otherAxes(axis, key));
  const groups = [...new Set(others)].map((text) => ({
    axis: {},
    text,
    rows: points.flatMap(({ rows }, index) => (others[index] === text ? rows : [])),
  }));
  const drawn = drawnPoints(groups, comparison.tasks.length);
  return drawn.points.flatMap((group, at) =>
    comparison.tasks.flatMap((task, index) => {
      const drawing = bars(comparison, group, key, task, chartId('axis', at + 1, index + 1), drawn.omission);
      return drawing ? [drawing] : [];
    }),
  );
}

function otherAxes(axis: Point['axis'], key: string): string {
  return pointText(Object.fromEntries(Object.entries(axis).filter(([name]) => name !== key)));
}

function bars(
  comparison: Comparison,
  group: Point,
  key: string,
  task: string,
  id: string,
  omission: string,
): Drawing | undefined {
  const { baseline } = comparison;
  const { name, better } = judgedBy(comparison, task);
  const values = group.rows.flatMap(({ label, axis, tasks }): Datum[] => {
    const own = tasks[task];
    if (label === baseline || !own || own.gain === null) return [];
    const [low, high] = own.interval ?? [null, null];
    return [{ label, at: axisValue(axis[key]), gain: own.gain, low, high }];
  });
  if (values.length === 0) return undefined;
  const series = modelSeries(comparison).filter(({ label }) => values.some((value) => value.label === label));
  const labels = series.map(({ label }) => label);
  const places = [...new Set(group.rows.map(({ axis }) => axisValue(axis[key])))];
  const x = {
    field: 'at',
    type: 'nominal' as const,
    scale: { domain: places, paddingInner: 0.22, paddingOuter: 0.1 },
    axis: { title: key, labelAngle: 0, labelLimit: 360 / places.length, ticks: false, labelPadding: 6 },
  };
  const xOffset = { field: 'label', type: 'nominal' as const, scale: { domain: labels } };
  const y = {
    field: 'gain',
    type: 'quantitative' as const,
    axis: {
      format: '+f',
      tickCount: 6,
      title: `gain in ${name} (up is better)`,
    },
  };
  const text = group.text === '' ? '' : `, ${group.text}`;
  return {
    id,
    section: 'axis',
    title: `Gain on ${task} by ${axisName(key)}${text}`,
    caption:
      `Gain in ${name} on ${task} over ${baseline}${better === 'lower' ? ', a fall counting as a gain' : ''}, at each value of ` +
      `${key}; bars stand in the order of the legend, ${intervalWords(comparison)}.${omission}`,
    spec: {
      width: Math.max(370, places.length * labels.length * 4),
      height: 260,
      data: { values },
      layer: [
        {
          mark: { type: 'bar' },
          encoding: {
            x,
            xOffset,
            y,
            color: {
              field: 'label',
              type: 'nominal',
              scale: { domain: labels, range: series.map(({ colour }) => colour) },
              legend: { columns: legendColumns(labels), symbolType: 'square' },
            },
          },
        },
        {
          transform: [{ filter: 'isValid(datum.low)' }],
          mark: { type: 'rule', color: cssColour('ink'), strokeWidth: 1.2 },
          encoding: { x, xOffset, y: { ...y, field: 'low' }, y2: { field: 'high' } },
        },
        {
          data: { values: [{ zero: 0 }] },
          mark: { type: 'rule', color: cssColour('ink') },
          encoding: { y: { ...y, field: 'zero' } },
        },
      ],
    },
  };
}
