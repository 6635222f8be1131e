import { pointText } from '../../comparison/plan/axis-point.js';
import { joined } from '../../support/text.js';
import { confidence } from '../numbers.js';
import { gainsByModel, type ShownGain, type ShownTask } from '../shown-gains.js';
import { section } from './chart.js';
import { type Charted, gainTip, intervalOf } from './gains.js';
import { area, bar, dot, extent, type Look, type Pair, type Plot, whole, words } from './plot.js';

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

/** A model's gains on the two tasks of a plot. */
interface ModelPoint {
  readonly across: ShownGain;
  readonly up: ShownGain;
  readonly position: Pair;
}

function plotOf(
  models: readonly (readonly ShownGain[])[],
  x: ShownTask,
  y: ShownTask,
  pointName: string,
  look: Charted['look'],
): readonly Plot[] {
  const points = models.flatMap((rows): ModelPoint[] => {
    const [across, up] = [x, y].map(({ name }) => rows.find(({ task }) => task === name));
    if (!across || !up || across.gain === null || up.gain === null) return [];
    return [{ across, up, position: [across.gain, up.gain] }];
  });
  if (points.length === 0) return [];
  const [acrossRows, upRows] = [points.map(({ across }) => across), points.map(({ up }) => up)];
  return [
    {
      title: joined(', ', `${x.name} and ${y.name}`, pointName),
      height: 320,
      x: gainAxis(x, acrossRows, 0.37), // room for the words in the corners
      y: gainAxis(y, upRows, 0.15),
      marks: [
        ...quadrants,
        ...points.flatMap((point) => intervalBars(point, look)),
        ...points.map((point) => dot(point.position, pointLook(point, look))),
      ],
    },
  ];
}

/** @param share How much of the extent is added at each end. */
function gainAxis(task: ShownTask, rows: readonly ShownGain[], share: number): Plot['x'] {
  const ends = rows.flatMap((row) => [row.gain ?? 0, ...(intervalOf(row) ?? [])]);
  return { title: `gain on ${task.name}, ${task.unit}`, domain: extent([0, ...ends], share), format: '+f' };
}

/** The fields that are better or worse on both tasks, the lines at 0, and a word in each corner. */
const quadrants = [
  area([0, whole[1]], [0, whole[1]], { colour: 'better', opacity: 0.08 }),
  area([whole[0], 0], [whole[0], 0], { colour: 'worse', opacity: 0.08 }),
  ...bar(0, whole),
  ...bar(whole, 0),
  corner('better on both', [whole[1], whole[1]]),
  corner('seesaw', [whole[0], whole[1]]),
  corner('seesaw', [whole[1], whole[0]]),
  corner('worse on both', [whole[0], whole[0]]),
];

function corner(text: string, [right, top]: Pair) {
  return words(text, [right, top], { colour: 'muted', align: right < 0 ? 'start' : 'end', dy: top < 0 ? -10 : 10 });
}

function intervalBars(point: ModelPoint, look: Charted['look']) {
  const { across, up, position } = point;
  const { dash: _, ...solid } = pointLook(point, look);
  return [
    ...bar(intervalOf(across), position[1], { ...solid, opacity: 0.6 }),
    ...bar(position[0], intervalOf(up), { ...solid, opacity: 0.6 }),
  ];
}

/** The model's look, with both gains as the tooltip. */
function pointLook({ across, up }: ModelPoint, look: Charted['look']): Look {
  return { ...look(across.model), tip: [across.model, ...gainTip(across), ...gainTip(up)] };
}
