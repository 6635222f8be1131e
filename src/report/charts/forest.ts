import type { Gain } from '../../comparison/comparison.js';
import { axisValue } from '../../comparison/plan/axis-point.js';
import { joined } from '../../support/joined.js';
import { confidence } from '../numbers.js';
import { ranked } from '../task-gains.js';
import { section } from './chart.js';
import type { Charted } from './gains.js';
import { findings } from './palette.js';
import { area, dot, extent, line, type Pair, type Plot, rule, words } from './plot.js';

/** Gains with their intervals: a plot for each task and one for the mean, with a line for each model at each point. */
export function forest({ comparison: { baseline, test }, points }: Charted) {
  const [first] = points;
  const best = ranked(first?.models.map(({ row }) => row) ?? []).filter(({ label }) => label !== baseline);
  const lines = best.flatMap(({ label }) =>
    points.flatMap(({ axis, measures, models }) => {
      const name = joined(', ', label, ...Object.values(axis).map(axisValue));
      return models.flatMap(({ row, look: { model } }) =>
        row.label === label ? [{ name, row, model, measures }] : [],
      );
    }),
  );
  const seen = new Set<string>();
  const plots = (first?.measures ?? []).flatMap(({ name: title, unit, text }, index): Plot[] => {
    const gains = lines.map(({ row, measures }) => measures[index]?.gain(row) ?? null);
    const known = gains.flatMap((own) => own ?? []);
    if (known.length === 0) return [];
    for (const { verdict } of known) seen.add(verdict);
    const domain = gainDomain(known);
    const marks = lines.flatMap(({ name, model }, y) => {
      const own = gains[y];
      if (!own) return [words('no result', [0, y], { colour: 'muted' })];
      const { gain, gains: seeds, interval, simultaneous, margin, verdict, tip } = own;
      const look = { ...findings[verdict], model, tip: [name, ...tip] };
      const bar = (ends: Gain['interval'], width: number) =>
        ends
          ? [
              line(
                [
                  [ends[0], y],
                  [ends[1], y],
                ],
                { ...look, width },
              ),
            ]
          : [];
      const isLeft = gain < domain[0];
      const mark =
        isLeft || gain > domain[1]
          ? words(isLeft ? `◀ ${text(gain)}` : `${text(gain)} ▶`, [isLeft ? domain[0] : domain[1], y], {
              ...look,
              align: isLeft ? 'start' : 'end',
            })
          : dot([gain, y], { ...look, radius: 4.6 });
      return [
        ...(margin === null ? [] : [area([-margin, margin], [y, y], { opacity: 0.1 })]),
        ...bar(simultaneous, 1.2),
        ...bar(interval, 4),
        ...(seeds.length > 1 ? seeds : []).map((seed) =>
          dot([seed.gain, y], {
            model,
            colour: 'muted',
            radius: 1.5,
            dy: -8,
            tip: [`${name}, seed ${seed.seed}`, text(seed.gain)],
          }),
        ),
        mark,
      ];
    });
    const groups = lines.flatMap(({ row }, y) =>
      points.length > 1 && row.label !== lines[y - 1]?.row.label ? [rule({ y: y - 0.5 }, { colour: 'rule' })] : [],
    );
    const names = lines.map(({ name }) => name);
    const x = { title: `gain, ${unit}`, domain, format: '+f' };
    return [{ title, height: 27 * lines.length, x, y: { names }, marks: [...groups, rule({ x: 0 }), ...marks] }];
  });
  return section({
    id: 'forest',
    title: 'Gains',
    note: `Gains over ${baseline}, the line at 0: right is better, and each plot has its own scale. Thick: the ${confidence(test.level)} interval of each gain alone; thin: intervals that hold all true gains at once. Small dots are seeds. Within the grey band a gain is as good as none. What lies far outside is written at the edge.`,
    key: Object.values(findings).filter(({ label }) => seen.has(label)),
    size: 'medium',
    charts: [{ plots }],
  });
}

/** Room for 0, and for gains and intervals up to five times as far from it as two thirds of them. */
function gainDomain(
  gains: readonly {
    readonly gain: number;
    readonly interval: Gain['interval'];
    readonly simultaneous: Gain['interval'];
  }[],
): Pair {
  const ends = gains.flatMap(({ gain, interval, simultaneous }) => [gain, ...(simultaneous ?? interval ?? [])]);
  const sizes = ends.map(Math.abs).toSorted((a, b) => a - b);
  const limit = 5 * (sizes[Math.ceil((2 * sizes.length) / 3) - 1] || 1);
  return extent([0, ...ends].map((end) => Math.max(-limit, Math.min(limit, end))));
}
