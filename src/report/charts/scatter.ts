import type { Comparison, ComparisonRow, Gain } from '../../comparison/comparison.js';
import { confidence, fixed } from '../numbers.js';
import { gainOf, metricName, type Point, type PointTask, pointsOf } from '../points.js';
import type { Drawing, Section } from './drawing.js';
import { taskGainLines } from './gain-lines.js';
import { cssColour, lookOf, type Mark, modelSeries } from './palette.js';
import { dashedAt, fontSize, gainAxis, type Layer, layer, type PanelSpec, plot, tip } from './plot.js';
import { atPoint, chartId, drawnPoints } from './points.js';
import { shortened, textWidth } from './text-width.js';

const size = { width: 362, height: 330 };
const mostTasks = 5;

/** The seesaw: gains on one task against gains on another (after PLE Fig. 3), one chart for each pair of tasks. */
export function scatters(comparison: Comparison): readonly Section[] {
  const series = modelSeries(comparison);
  const { drawings, omission } = perPair(comparison, pointsOf(comparison), 1, 'scatter', (point, x, y, title, id) => {
    const positions = point.rows.flatMap((row) => modelPosition(row, x, y, series));
    if (positions.length === 0) return [];
    const key = series.filter(({ label }) => positions.some((one) => one.label === label));
    return [{ id, title, key, panels: [{ spec: scatter(positions, x, y) }] }];
  });
  if (drawings.length === 0) return [];
  const note = [
    `Each model's gain on one task over ${comparison.baseline} against its gain on another: up and right is better.`,
    'Upper left and lower right, it gains on one task and loses on the other; the verdict says whether that is shown.',
    `Lines are ${confidence(comparison.test.level)} intervals.`,
    ...(comparison.tasks.length > mostTasks ? [`Pairs of the first ${mostTasks} tasks.`] : []),
    ...omission,
  ];
  return [{ id: 'scatter', title: 'Task against task', note, size: 'medium', drawings }];
}

/** Drawings of each pair of the first tasks at each point, as far as there is room. */
export function perPair(
  comparison: Comparison,
  all: readonly Point[],
  panelsEach: number,
  id: string,
  draw: (point: Point, x: PointTask, y: PointTask, title: string, id: string) => readonly Drawing[],
): { readonly drawings: readonly Drawing[]; readonly omission: readonly string[] } {
  const tasks = comparison.tasks.slice(0, mostTasks);
  const pairs = tasks.flatMap((_, x) => tasks.flatMap((__, y) => (y > x ? [[x, y] as const] : [])));
  const { points, omission } = drawnPoints(all, pairs.length * panelsEach);
  const drawings = points.flatMap((point, at) =>
    pairs.flatMap(([first, second], pair) => {
      const [x, y] = [point.tasks[first], point.tasks[second]];
      if (!x || !y) return [];
      return draw(point, x, y, atPoint(`${x.name} and ${y.name}`, point), chartId(id, at + 1, pair + 1));
    }),
  );
  return { drawings, omission };
}

/** A point of a plot: a model, or a weight on its front. */
export interface Position {
  readonly label: string;
  readonly model: number;
  readonly colour: string;
  readonly shape: string;
  readonly x: Estimate;
  readonly y: Estimate;
  readonly tip: string;
}

interface Estimate {
  readonly value: number;
  readonly low: number | null;
  readonly high: number | null;
}

/** None without a gain on both tasks. */
function modelPosition(row: ComparisonRow, xTask: PointTask, yTask: PointTask, series: readonly Mark[]): Position[] {
  const [x, y] = [gainOf(row, xTask), gainOf(row, yTask)];
  if (x.gain === null || y.gain === null) return [];
  const look = lookOf(series, row.label);
  const lines = [xTask, yTask].map((task) => {
    const own = gainOf(row, task);
    const [gain = ''] = taskGainLines(own, task);
    return `${gain}; ${metricName(task.metric)} ${fixed(own.mean, task.digits)}`;
  });
  const about = tip(look.model, row.label, ...lines);
  return [{ ...look, label: row.label, x: estimateOf(x), y: estimateOf(y), tip: about }];
}

export function estimateOf({ gain, interval }: Gain): Estimate {
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
): PanelSpec {
  const x = domainOf(
    all.map((position) => position.x),
    sidesOf(xTask.name, yTask.name),
  );
  const y = domainOf(
    all.map((position) => position.y),
    [leastHeight, leastHeight],
  );
  const title = (task: PointTask) => `gain on ${shortened(task.name, fontSize, 150)}, ${metricName(task.metric)} →`;
  const axis = { grid: false, titleLimit: 340 };
  const [left, right] = x;
  const [bottom, top] = y;
  const fields = [
    { x: 0, x2: right, y: 0, y2: top, colour: cssColour('better') },
    { x: left, x2: 0, y: bottom, y2: 0, colour: cssColour('worse') },
  ];
  const points = positions.map(({ x: across, y: up, colour, shape, tip: about }, order) => {
    return { x: across.value, y: up.value, colour, shape, order, tip: about };
  });
  const across = positions.map(({ x: { low, high }, y: { value }, colour, tip: about }) => {
    return { x: low, x2: high, y: value, colour, tip: about };
  });
  const up = positions.map(({ y: { low, high }, x: { value }, colour, tip: about }) => {
    return { y: low, y2: high, x: value, colour, tip: about };
  });
  const bar = { clip: true, strokeWidth: 1.3, opacity: 0.6 };
  const line = points.map(({ shape: _, tip: __, ...row }) => row);
  /** On the left of their points where they would else run across the zero line. */
  const labels = (onLeft: boolean) => {
    const rows = positions.flatMap(({ label, model, x: { value }, y: up }) => {
      const isAcross = value <= 0 && (-value / (right - left)) * size.width < textWidth(label, fontSize) + 10;
      return isAcross === onLeft ? [{ x: value, y: up.value, text: label, tip: tip(model) }] : [];
    });
    const align = onLeft ? { align: 'right', dx: -7 } : { align: 'left', dx: 7 };
    return layer('text', rows, { ...align, dy: -8, fontSize, color: cssColour('ink') });
  };
  const lines = joined ? [layer('line', line, { strokeWidth: 1.8, clip: true }), labels(true), labels(false)] : [];
  return plot({
    ...size,
    x: gainAxis(title(xTask), x, axis),
    y: gainAxis(title(yTask), y, axis),
    layers: [
      layer('rect', fields, { opacity: 0.07 }),
      dashedAt({ x: 0 }),
      dashedAt({ y: 0 }),
      ...quadrants(xTask.name, yTask.name),
      layer('rule', across, bar),
      layer('rule', up, bar),
      ...lines,
      layer(
        'point',
        points.map(({ order: _, ...row }) => row),
        { filled: true, size: 75, opacity: 1 },
      ),
    ],
  });
}

/** The meaning of each corner of the plot. */
function corners(xTask: string, yTask: string) {
  const only = (task: string) => `seesaw: only ${shortened(task, fontSize, 60)}`;
  return [
    { text: 'better on both', isRight: true, isTop: true },
    { text: only(yTask), isRight: false, isTop: true },
    { text: only(xTask), isRight: true, isTop: false },
    { text: 'worse on both', isRight: false, isTop: false },
  ];
}

function quadrants(xTask: string, yTask: string): readonly Layer[] {
  return corners(xTask, yTask).map(({ text, isRight, isTop }) => {
    const row = { text, left: isRight ? size.width - 4 : 4, top: isTop ? 5 : size.height - 5 };
    const align = { align: isRight ? 'right' : 'left', baseline: isTop ? 'top' : 'bottom' };
    return layer('text', [row], { ...align, color: cssColour('muted'), fontStyle: 'italic', fontSize });
  });
}

/** The share of the axis on each side of 0 that the words in its corners need. */
function sidesOf(xTask: string, yTask: string): readonly [left: number, right: number] {
  const share = (onRight: boolean) => {
    const words = corners(xTask, yTask).filter(({ isRight }) => isRight === onRight);
    return (Math.max(...words.map(({ text }) => textWidth(text, fontSize))) + 12) / size.width;
  };
  return [share(false), share(true)];
}

/** Share of the vertical axis on each side of 0, so that every quadrant is visible. */
const leastHeight = 0.12;

/** Room for 0, every value and its interval, with a share on each side of 0. */
function domainOf(
  estimates: readonly Estimate[],
  [below, above]: readonly [number, number],
): readonly [number, number] {
  const ends = estimates.flatMap(({ value, low, high }) => [value, low ?? value, high ?? value]);
  const [least, most] = [Math.min(0, ...ends), Math.max(0, ...ends)];
  const room = 0.06 * (most - least) || 1e-6;
  const [from, to] = [least - room, most + room];
  return [Math.min(from, (-below / (1 - below)) * to), Math.max(to, (-above / (1 - above)) * from)];
}
