import { pointText } from '../../comparison/plan/axis-point.js';
import { joined } from '../../support/text.js';
import { confidence } from '../numbers.js';
import { gainsByModel, type ShownGain, type ShownTask } from '../shown-gains.js';
import { section } from './chart.js';
import { type Charted, gainTip, intervalOf } from './gains.js';
import { area, bar, dot, extent, type Pair, type Plot, whole, words } from './plot.js';

/** The seesaw: gains on one task against gains on another (PLE Fig. 3), a plot for each pair of tasks. */
export function taskAgainstTask({ comparison: { baseline, test }, points, series, look }: Charted) {
  const plots = points.flatMap(({ tasks, gains, point }) => {
    const overBaseline = gains.filter(({ family, reference }) => family === 'models' && reference !== null);
    const models = gainsByModel(overBaseline);
    return tasks.flatMap((x, index) =>
      tasks.slice(index + 1).flatMap((y) => plotOf(models, x, y, pointText(point), look)),
    );
  });
  return section({
    id: 'tasks',
    title: 'Task against task',
    note: `Gains over ${baseline} on two tasks, with ${confidence(test.level)} intervals: up and right is better. Upper left and lower right is a seesaw: a gain on one task, a loss on the other.`,
    key: series,
    size: 'medium',
    charts: [{ plots }],
  });
}

function plotOf(
  models: readonly (readonly ShownGain[])[],
  x: ShownTask,
  y: ShownTask,
  place: string,
  look: Charted['look'],
): readonly Plot[] {
  const points = models.flatMap((rows) => {
    const [across, up] = [x, y].map(({ name }) => rows.find(({ task }) => task === name));
    if (!across || !up || across.gain === null || up.gain === null) return [];
    const tip = [across.model, ...gainTip(across), ...gainTip(up)];
    return [{ at: [across.gain, up.gain] as const, across, up, look: { ...look(across.model), tip } }];
  });
  if (points.length === 0) return [];
  const axis = (task: ShownTask, rows: readonly ShownGain[], share: number) => {
    const ends = rows.flatMap((row) => [row.gain ?? 0, ...(intervalOf(row) ?? [])]);
    return { title: `gain on ${task.name}, ${task.unit}`, domain: extent([0, ...ends], share), format: '+f' };
  };
  const [low, high] = whole;
  const corner = (text: string, [right, top]: Pair) =>
    words(text, [right, top], { colour: 'muted', align: right < 0 ? 'start' : 'end', dy: top < 0 ? -10 : 10 });
  return [
    {
      title: joined(', ', `${x.name} and ${y.name}`, place),
      height: 320,
      x: axis(
        x,
        points.map(({ across }) => across),
        0.37,
      ),
      y: axis(
        y,
        points.map(({ up }) => up),
        0.15,
      ),
      marks: [
        area([0, high], [0, high], { colour: 'better', opacity: 0.08 }),
        area([low, 0], [low, 0], { colour: 'worse', opacity: 0.08 }),
        ...bar(0, whole),
        ...bar(whole, 0),
        corner('better on both', [high, high]),
        corner('seesaw', [low, high]),
        corner('seesaw', [high, low]),
        corner('worse on both', [low, low]),
        ...points.flatMap(({ at, across, up, look: { dash: _, ...colour } }) => [
          ...bar(intervalOf(across), at[1], { ...colour, opacity: 0.6 }),
          ...bar(at[0], intervalOf(up), { ...colour, opacity: 0.6 }),
        ]),
        ...points.map((each) => dot(each.at, each.look)),
      ],
    },
  ];
}
