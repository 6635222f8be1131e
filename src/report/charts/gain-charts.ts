import { axisName, axisValue, pointText } from '../../comparison/plan/axis-point.js';
import { groupedBy } from '../../support/json.js';
import { joined } from '../../support/text.js';
import { confidence, signed } from '../numbers.js';
import { rankedLabels, type ShownGain } from '../shown-gains.js';
import { section } from './chart.js';
import { type Charted, gainTip, intervalOf } from './gains.js';
import { verdictSeries } from './palette.js';
import { area, bar, dot, extent, type Look, line, type Pair, type Plot, whole, words } from './plot.js';

/** Gains with their intervals: a plot for each task and Δm, with a line for each model at each point. */
export function forest({ comparison: { baseline, test, tasks }, points, gains, look }: Charted) {
  const order = points.slice(0, 1).flatMap(rankedLabels);
  const shown = gains
    .filter(({ task }) => tasks.length > 1 || task === tasks[0])
    .toSorted((a, b) => order.indexOf(a.model) - order.indexOf(b.model));
  const seen = new Set<string | null>(shown.map(({ verdict }) => verdict));
  return section({
    id: 'forest',
    title: 'Gains',
    note: `Gains over ${baseline}, the line at 0: right is better, and each plot has its own scale; Δm is the mean over tasks. Thick: the ${confidence(test.level)} interval of each gain alone; thin: intervals that hold all true gains at once. Small dots are seeds. Within the grey band a gain is as good as none. What lies far outside is written at the edge.`,
    key: Object.values(verdictSeries).filter(({ label }) => seen.has(label)),
    size: 'medium',
    charts: [
      { plots: groupedBy(shown, ({ family, about }) => [family, about.name]).flatMap((rows) => plotOf(rows, look)) },
    ],
  });
}

function plotOf(rows: readonly [ShownGain, ...ShownGain[]], look: Charted['look']): readonly Plot[] {
  const [{ about, family }] = rows;
  if (rows.every(({ gain }) => gain === null)) return [];
  const domain = gainDomain(rows);
  const names = rows.map(({ model, point }) => joined(', ', model, ...Object.values(point).map(axisValue)));
  const firsts = rows.flatMap(({ model, point }, y) =>
    Object.keys(point).length > 0 && model !== rows[y - 1]?.model ? [y] : [],
  );
  return [
    {
      title: family === 'means' ? `${about.name}, mean over all points` : about.name,
      height: 27 * rows.length,
      x: { title: `gain, ${about.unit}`, domain, format: '+f' },
      y: { names },
      marks: [
        ...bar(0, whole),
        ...firsts.flatMap((y) => bar(whole, y - 0.5, { colour: 'rule' })),
        ...rows.flatMap((row, y) => gainMarks(row, y, names[y] ?? '', domain, look(row.model))),
      ],
    },
  ];
}

/** A gain's line in a forest: its margin, both intervals, a dot for each seed, and the gain. */
function gainMarks(row: ShownGain, y: number, name: string, domain: Pair, { model }: Look) {
  const { about, gain, bySeed, simultaneous, margin, verdict } = row;
  if (gain === null) return [words('no result', [0, y], { colour: 'muted' })];
  const style = { ...verdictSeries[verdict ?? 'undecided'], model, tip: [name, ...gainTip(row)] };
  return [
    ...(margin === null ? [] : [area([-margin, margin], [y, y], { opacity: 0.1 })]),
    ...bar(simultaneous, y, { ...style, width: 1.2 }),
    ...bar(intervalOf(row), y, { ...style, width: 4 }),
    ...(bySeed.length > 1 ? bySeed : []).map((seed) => {
      const tip = [`${name}, seed ${seed.seed}`, signed(seed.gain, about.digits)];
      return dot([seed.gain, y], { model, colour: 'muted', radius: 1.5, dy: -8, tip });
    }),
    gainMark(gain, y, domain, signed(gain, about.digits), style),
  ];
}

/** The gain as a dot, or, where it lies outside the plot, as an arrow with its text at the edge. */
function gainMark(gain: number, y: number, [low, high]: Pair, text: string, style: Look) {
  if (gain < low) return words(`◀ ${text}`, [Number.NEGATIVE_INFINITY, y], { ...style, align: 'start' });
  if (gain > high) return words(`${text} ▶`, [Number.POSITIVE_INFINITY, y], { ...style, align: 'end' });
  return dot([gain, y], { ...style, radius: 4.6 });
}

/** Room for 0, and for gains and intervals up to five times as far from it as two thirds of them. */
function gainDomain(rows: readonly ShownGain[]): Pair {
  const ends = rows.flatMap((row) => [row.gain ?? 0, ...(row.simultaneous ?? intervalOf(row) ?? [])]);
  const sizes = ends.map(Math.abs).toSorted((a, b) => a - b);
  const limit = 5 * (sizes[Math.ceil((2 * sizes.length) / 3) - 1] || 1);
  return extent([0, ...ends].map((end) => Math.max(-limit, Math.min(limit, end))));
}

/** Gains along the axis with the most values (PLE Fig. 7): a plot for each task and Δm, and point of the other axes. */
export function axisLines({ comparison: { axes, baseline }, gains, series, look }: Charted) {
  const [longest] = Object.entries(axes).toSorted(([, a], [, b]) => b.length - a.length);
  if (!longest) return [];
  const [key, names] = [longest[0], longest[1].map(axisValue)];
  const others = ({ point }: ShownGain) => Object.fromEntries(Object.entries(point).filter(([name]) => name !== key));
  const shown = gains.filter(({ family, gain }) => family === 'models' && gain !== null);
  const plots = groupedBy(shown, (row) => [others(row), row.about.name]).map((rows): Plot => {
    const [{ about }] = rows;
    const position = ({ point, gain }: ShownGain): Pair => [names.indexOf(axisValue(point[key])), gain ?? 0];
    return {
      title: joined(', ', about.name, pointText(others(rows[0]))),
      height: 240,
      x: { title: axisName(key), names },
      y: { title: `gain, ${about.unit}`, domain: extent([0, ...rows.map((row) => row.gain ?? 0)]), format: '+f' },
      marks: [
        ...bar(whole, 0),
        ...groupedBy(rows, ({ model }) => model).map((ofModel) =>
          line(ofModel.map(position), { ...look(ofModel[0].model), width: 1.8 }),
        ),
        ...rows.map((row) => {
          const { model, point } = row;
          return dot(position(row), { ...look(model), tip: [`${model}, ${pointText(point)}`, ...gainTip(row)] });
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
