import { axisName, axisValue, pointText } from '../../comparison/plan/axis-point.js';
import { groupedBy } from '../../support/grouped-by.js';
import { joined } from '../../support/joined.js';
import type { GainRow } from '../gain-rows.js';
import { section } from './chart.js';
import { type Charted, gainTip, unit } from './gains.js';
import { bar, dot, extent, line, type Pair, type Plot, whole } from './plot.js';

/** Gains along the axis with the most values (PLE Fig. 7): a plot for each task and Δm, and point of the other axes. */
export function axisLines({ comparison: { axes, baseline }, gains, series, look }: Charted) {
  const [longest] = Object.entries(axes).toSorted(([, a], [, b]) => b.length - a.length);
  if (!longest) return [];
  const [key, names] = [longest[0], longest[1].map(axisValue)];
  const others = ({ point }: GainRow) =>
    Object.fromEntries(Object.entries(point.axis).filter(([name]) => name !== key));
  const shown = gains.filter(({ family, gain }) => family === 'models' && gain !== null);
  const plots = groupedBy(shown, (row) => [others(row), row.task.name]).map((rows): Plot => {
    const [{ task }] = rows;
    const place = ({ point, gain }: GainRow): Pair => [names.indexOf(axisValue(point.axis[key])), gain ?? 0];
    return {
      title: joined(', ', task.name, pointText(others(rows[0]))),
      height: 240,
      x: { title: axisName(key), names },
      y: { title: `gain, ${unit(task)}`, domain: extent([0, ...rows.map((row) => row.gain ?? 0)]), format: '+f' },
      marks: [
        ...bar(whole, 0),
        ...groupedBy(rows, ({ model }) => model.label).map((own) =>
          line(own.map(place), { ...look(own[0].model.label), width: 1.8 }),
        ),
        ...rows.map((row) => {
          const { label } = row.model;
          return dot(place(row), { ...look(label), tip: [`${label}, ${pointText(row.point.axis)}`, ...gainTip(row)] });
        }),
      ],
    };
  });
  return section({
    id: 'axis',
    title: `Gains by ${axisName(key)}`,
    note: `Gains over ${baseline}, the line at 0, at each value of ${key}: up is better. The chart above has the intervals.`,
    key: series,
    size: 'medium',
    charts: [{ plots }],
  });
}
