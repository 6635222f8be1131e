import { axisName, axisValue, pointText } from '../../comparison/plan/axis-point.js';
import { groupedBy } from '../../support/grouped-by.js';
import { joined } from '../../support/joined.js';
import { section } from './chart.js';
import type { Charted, ChartedPoint } from './gains.js';
import { dot, extent, line, type Plot, rule } from './plot.js';

/** Gains along the axis with the most values (PLE Fig. 7): a plot for each measure, and point of the other axes. */
export function axisLines({ comparison: { axes, baseline }, points, series }: Charted) {
  const [longest] = Object.entries(axes).toSorted(([, a], [, b]) => b.length - a.length);
  if (!longest) return [];
  const [key, names] = [longest[0], longest[1].map(axisValue)];
  const others = ({ axis }: ChartedPoint) => Object.fromEntries(Object.entries(axis).filter(([name]) => name !== key));
  const plots = groupedBy(points, others).flatMap((group) =>
    group[0].measures.map(({ name, unit }, index): Plot => {
      const gains = group.flatMap(({ axis, place, measures, models }) =>
        models.flatMap(({ row, look }) => {
          const own = measures[index]?.gain(row);
          const at = [names.indexOf(axisValue(axis[key])), own?.gain ?? 0] as const;
          return own ? [{ at, look: { ...look, tip: [`${look.label}, ${place}`, ...own.tip] } }] : [];
        }),
      );
      const lines = groupedBy(gains, ({ look }) => look.model);
      return {
        title: joined(', ', name, pointText(others(group[0]))),
        height: 240,
        x: { title: axisName(key), names },
        y: { title: `gain, ${unit}`, domain: extent([0, ...gains.map(({ at }) => at[1])]), format: '+f' },
        marks: [
          rule({ y: 0 }),
          ...lines.map((own) =>
            line(
              own.map(({ at }) => at),
              { ...own[0].look, tip: undefined, width: 1.8 },
            ),
          ),
          ...gains.map(({ at, look }) => dot(at, look)),
        ],
      };
    }),
  );
  return section({
    id: 'axis',
    title: `Gains by ${axisName(key)}`,
    note: `Gains over ${baseline}, the line at 0, at each value of ${key}: up is better. The chart above has the intervals.`,
    key: series,
    size: 'medium',
    charts: [{ plots }],
  });
}
