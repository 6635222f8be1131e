import type { Contrast } from '../../comparison/comparison.js';
import { joined } from '../../support/joined.js';
import { confidence, rounded } from '../numbers.js';
import { section } from './chart.js';
import type { Charted, ChartedPoint, Measure } from './gains.js';
import { area, dot, extent, type Look, line, type Plot, rule, words } from './plot.js';

/** The seesaw: gains on one task against gains on another (PLE Fig. 3), a plot for each pair of tasks. */
export function taskAgainstTask({ comparison: { baseline, test, fronts }, points, series }: Charted) {
  const plots = points.flatMap((point) => {
    const tasks = point.measures.slice(0, point.tasks.length);
    return tasks.flatMap((x, index) => tasks.slice(index + 1).flatMap((y) => plotOf(point, x, y)));
  });
  const joint = fronts ? ' A line joins the loss weights of a model in their order; both ends have their weight.' : '';
  return section({
    id: 'tasks',
    title: 'Task against task',
    note: `Gains over ${baseline} on two tasks, with ${confidence(test.level)} intervals: up and right is better. Upper left and lower right is a seesaw: a gain on one task, a loss on the other.${joint}`,
    key: series,
    size: 'medium',
    charts: [{ plots }],
  });
}

function plotOf({ place, models, fronts }: ChartedPoint, x: Measure, y: Measure): readonly Plot[] {
  const placeOf = (row: Pick<Contrast, 'tasks' | 'aggregate'>, name: string, look: Look) => {
    const [across, up] = [x.gain(row), y.gain(row)];
    if (!across || !up) return [];
    const tip = [name, ...[x, y].map((task) => `${task.name}: ${task.gain(row)?.tip.join(', ')}`)];
    return [{ at: [across.gain, up.gain] as const, across, up, look: { ...look, tip } }];
  };
  const own = models.flatMap(({ row, look }) => placeOf(row, row.label, look));
  const joint = fronts.map(({ model, points }) => {
    const look = { ...models.find(({ row }) => row.label === model)?.look, radius: 2.4 };
    return points.flatMap((point) => {
      const weight = rounded(point.value);
      return placeOf(point, `${model}, weight ${weight}`, look).map((each) => ({ ...each, weight }));
    });
  });
  if (own.length === 0) return [];
  const all = [...own, ...joint.flat()];
  const domain = (side: 'across' | 'up', share: number) =>
    extent([0, ...all.flatMap((each) => [each[side].gain, ...(each[side].interval ?? [])])], share);
  const [low, high] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  return [
    {
      title: joined(', ', `${x.name} and ${y.name}`, place),
      height: 320,
      x: { title: `gain on ${x.name}, ${x.unit}`, domain: domain('across', 0.25), format: '+f' },
      y: { title: `gain on ${y.name}, ${y.unit}`, domain: domain('up', 0.15), format: '+f' },
      marks: [
        area([0, high], [0, high], { colour: 'better', opacity: 0.08 }),
        area([low, 0], [low, 0], { colour: 'worse', opacity: 0.08 }),
        ...[rule({ x: 0 }), rule({ y: 0 })],
        words('better on both', [high, high], { colour: 'muted', align: 'end', dy: 10 }),
        words('seesaw', [low, high], { colour: 'muted', align: 'start', dy: 10 }),
        words('seesaw', [high, low], { colour: 'muted', align: 'end', dy: -10 }),
        words('worse on both', [low, low], { colour: 'muted', align: 'start', dy: -10 }),
        ...own.flatMap(({ at: [right, top], across: { interval: width }, up: { interval: height }, look }) => [
          ...(width
            ? [
                line(
                  [
                    [width[0], top],
                    [width[1], top],
                  ],
                  { ...look, dash: '', opacity: 0.6 },
                ),
              ]
            : []),
          ...(height
            ? [
                line(
                  [
                    [right, height[0]],
                    [right, height[1]],
                  ],
                  { ...look, dash: '', opacity: 0.6 },
                ),
              ]
            : []),
        ]),
        ...joint.flatMap((ends) => [
          line(
            ends.map(({ at }) => at),
            { ...ends[0]?.look, tip: undefined, width: 1.6 },
          ),
          ...ends.map(({ at, look }) => dot(at, look)),
          ...[ends[0], ends.at(-1)].map((end) =>
            words(end?.weight ?? '', end?.at ?? [0, 0], { ...end?.look, dy: -10 }),
          ),
        ]),
        ...own.map(({ at, look }) => dot(at, look)),
      ],
    },
  ];
}
