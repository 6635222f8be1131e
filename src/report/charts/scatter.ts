import type { Comparison, ComparisonRow, Gain } from '../../comparison/comparison.js';
import { confidence, fixed } from '../numbers.js';
import { comparisonPoints, type Point } from '../points.js';
import { metricName, type PointTask, taskGain } from '../task-gains.js';
import type { Chart, ChartSection } from './chart.js';
import { atPoint, chartId, drawnPoints } from './drawn-points.js';
import { taskGainLines } from './gain-lines.js';
import { type Colour, markStyle, modelSeries, type Mark as Series } from './palette.js';
import { dashedAt, gainAxis, layer, type Mark, type Plot } from './plot.js';
import { fontSize, shortened, textWidth } from './text-width.js';

const size = { width: 362, height: 330 };
const mostTasks = 5;

/** The seesaw: gains on one task against gains on another (after PLE Fig. 3), one chart for each pair of tasks. */
export function scatters(comparison: Comparison): readonly ChartSection[] {
  const series = modelSeries(comparison);
  const { charts, omission } = perPair(
    comparison,
    comparisonPoints(comparison),
    1,
    'scatter',
    (point, x, y, title, id) => {
      const positions = point.rows.flatMap((row) => modelPosition(row, x, y, series));
      if (positions.length === 0) return [];
      const key = series.filter(({ label }) => positions.some((one) => one.label === label));
      return [{ id, title, key, panels: [{ plots: [scatter(positions, x, y)] }] }];
    },
  );
  if (charts.length === 0) return [];
  const note = [
    `Each model's gain on one task over ${comparison.baseline} against its gain on another: up and right is better.`,
    'Upper left and lower right, it gains on one task and loses on the other; the verdict says whether that is shown.',
    `Lines are ${confidence(comparison.test.level)} intervals.`,
    ...(comparison.tasks.length > mostTasks ? [`Pairs of the first ${mostTasks} tasks.`] : []),
    ...omission,
  ];
  return [{ id: 'scatter', title: 'Task against task', note, size: 'medium', charts }];
}

/** Drawings of each pair of the first tasks at each point, as far as there is room. */
export function perPair(
  comparison: Comparison,
  all: readonly Point[],
  panelsEach: number,
  id: string,
  draw: (point: Point, x: PointTask, y: PointTask, title: string, id: string) => readonly Chart[],
): { readonly charts: readonly Chart[]; readonly omission: readonly string[] } {
  const tasks = comparison.tasks.slice(0, mostTasks);
  const pairs = tasks.flatMap((_, x) => tasks.flatMap((__, y) => (y > x ? [[x, y] as const] : [])));
  const { points, omission } = drawnPoints(all, pairs.length * panelsEach);
  const charts = points.flatMap((point, at) =>
    pairs.flatMap(([first, second], pair) => {
      const [x, y] = [point.tasks[first], point.tasks[second]];
      if (!x || !y) return [];
      return draw(point, x, y, atPoint(`${x.name} and ${y.name}`, point), chartId(id, at + 1, pair + 1));
    }),
  );
  return { charts, omission };
}

/** A point of a plot: a model, or a weight on its front. */
export interface Position {
  readonly label: string;
  readonly model: number;
  readonly colour: Colour;
  readonly shape: string;
  readonly x: Estimate;
  readonly y: Estimate;
  readonly tip: readonly string[];
}

interface Estimate {
  readonly value: number;
  readonly low: number | null;
  readonly high: number | null;
}

/** None without a gain on both tasks. */
function modelPosition(row: ComparisonRow, xTask: PointTask, yTask: PointTask, series: readonly Series[]): Position[] {
  const [x, y] = [taskGain(row, xTask), taskGain(row, yTask)];
  if (x.gain === null || y.gain === null) return [];
  const look = markStyle(series, row.label);
  const lines = [xTask, yTask].map((task) => {
    const own = taskGain(row, task);
    const [gain = ''] = taskGainLines(own, task);
    return `${gain}; ${metricName(task.metric)} ${fixed(own.mean, task.digits)}`;
  });
  return [{ ...look, label: row.label, x: estimate(x), y: estimate(y), tip: [row.label, ...lines] }];
}

export function estimate({ gain, interval }: Gain): Estimate {
  return { value: gain ?? 0, low: interval?.[0] ?? null, high: interval?.[1] ?? null };
}

/**
 * @param all The axes have room for these.
 * @param joined Whether a line joins the positions in their order, and each has its label.
 */
export function scatter(
  positions: readonly Position[],
  xTask: PointTask,
  yTask: PointTask,
  all = positions,
  joined = false,
): Plot {
  const x = scatterDomain(
    all.map((position) => position.x),
    cornerShares(xTask.name, yTask.name),
  );
  const y = scatterDomain(
    all.map((position) => position.y),
    [leastHeight, leastHeight],
  );
  const title = (task: PointTask) => `gain on ${shortened(task.name, fontSize, 150)}, ${metricName(task.metric)} →`;
  const [left, right] = x;
  const [bottom, top] = y;
  const points = positions.map(({ colour, shape, model, tip, x: across, y: up }) => ({
    ...{ colour, shape, model, tip },
    x: across.value,
    y: up.value,
  }));
  const across = positions.map((own, index) => ({ ...points[index], x: own.x.low, x2: own.x.high }));
  const up = positions.map((own, index) => ({ ...points[index], y: own.y.low, y2: own.y.high }));
  const bar = { isClipped: true, width: 1.3, opacity: 0.6 };
  /** On the left of their points where they would else run across the zero line. */
  const labels = positions.map(({ label, model, x: { value }, y: { value: level } }): Mark => {
    const isAcross = value <= 0 && (-value / (right - left)) * size.width < textWidth(label, fontSize) + 10;
    return {
      x: value,
      y: level,
      text: label,
      model,
      ...(isAcross ? { align: 'end', dx: -7 } : { align: 'start', dx: 7 }),
    };
  });
  const path = points.map(({ tip: _, ...mark }) => mark);
  const lines = joined
    ? [layer('line', path, { width: 1.8, isClipped: true }), layer('text', labels, { dy: -11 })]
    : [];
  return {
    ...size,
    x: { ...gainAxis(title(xTask), x), hasGrid: false },
    y: { ...gainAxis(title(yTask), y), hasGrid: false },
    layers: [
      layer('area', [{ x: 0, x2: right, y: 0, y2: top }], { colour: 'better', opacity: 0.07 }),
      layer('area', [{ x: left, x2: 0, y: bottom, y2: 0 }], { colour: 'worse', opacity: 0.07 }),
      dashedAt({ x: 0 }),
      dashedAt({ y: 0 }),
      layer('text', corners(xTask.name, yTask.name), { colour: 'muted', isItalic: true }),
      layer('interval', across, bar),
      layer('interval', up, bar),
      ...lines,
      layer('point', points, { radius: 4.33 }),
    ],
  };
}

/** The meaning of each corner of the plot. */
function corners(xTask: string, yTask: string) {
  const only = (task: string) => `seesaw: only ${shortened(task, fontSize, 60)}`;
  return [
    { text: 'better on both', corner: ['right', 'top'] as const },
    { text: only(yTask), corner: ['left', 'top'] as const },
    { text: only(xTask), corner: ['right', 'bottom'] as const },
    { text: 'worse on both', corner: ['left', 'bottom'] as const },
  ];
}

/** The share of the axis on each side of 0 that the words in its corners need. */
function cornerShares(xTask: string, yTask: string): readonly [left: number, right: number] {
  const share = (side: 'left' | 'right') => {
    const words = corners(xTask, yTask).filter(({ corner }) => corner[0] === side);
    return (Math.max(...words.map(({ text }) => textWidth(text, fontSize))) + 12) / size.width;
  };
  return [share('left'), share('right')];
}

/** Share of the vertical axis on each side of 0, so that every quadrant is visible. */
const leastHeight = 0.12;

/** Room for 0, every value and its interval, with a share on each side of 0. */
function scatterDomain(
  estimates: readonly Estimate[],
  [below, above]: readonly [number, number],
): readonly [number, number] {
  const ends = estimates.flatMap(({ value, low, high }) => [value, low ?? value, high ?? value]);
  const [least, most] = [Math.min(0, ...ends), Math.max(0, ...ends)];
  const room = 0.06 * (most - least) || 1e-6;
  const [from, to] = [least - room, most + room];
  return [Math.min(from, (-below / (1 - below)) * to), Math.max(to, (-above / (1 - above)) * from)];
}
