import type { Comparison, Gain } from '../../comparison/comparison.js';
import { confidence, fixed } from '../numbers.js';
import { gainOf, metricName, type Point, type PointTask, pointsOf } from '../points.js';
import { type Datum, type Drawing, description, fontSize, type PanelSpec, type Section, tip } from './drawing.js';
import { taskGainLines } from './gain-lines.js';
import { farOff, signedAxis } from './gain-range.js';
import { type Box, placeLabels } from './label-placement.js';
import { cssColour, modelSeries } from './palette.js';
import { atPoint, chartId, drawnPoints } from './points.js';
import { shortened, textWidth } from './text-width.js';

const plot = { width: 362, height: 330 };
export const mostTasks = 5;

/**
 * The seesaw: gains on one task against gains on another (after PLE Fig. 3), one chart for each pair of tasks. If an
 * outlying model squeezes the others together, a second chart omits it.
 */
export function scatters(comparison: Comparison): readonly Section[] {
  const pairs = comparison.tasks
    .slice(0, mostTasks)
    .flatMap((_, x, tasks) => tasks.flatMap((_, y) => (y > x ? [{ x, y }] : [])));
  const { points, omission } = drawnPoints(pointsOf(comparison), pairs.length);
  const left = comparison.tasks.length > mostTasks ? [`Pairs of the first ${mostTasks} tasks.`] : [];
  const drawings = points.flatMap((point, index) =>
    pairs.flatMap(({ x, y }, pair) => {
      const [xTask, yTask] = [point.tasks[x], point.tasks[y]];
      if (!xTask || !yTask) return [];
      const positions = positionsOf(comparison, point, xTask, yTask);
      if (positions.length === 0) return [];
      const title = atPoint(`${xTask.name} and ${yTask.name}`, point);
      const id = chartId('scatter', index + 1, pair + 1);
      const whole = drawingOf(id, title, [], scatter(positions, xTask, yTask));
      const far = [
        ...farOff(positions.map(({ label, x: across }) => ({ label, gain: across.value }))),
        ...farOff(positions.map(({ label, y: up }) => ({ label, gain: up.value }))),
      ];
      if (far.length === 0) return [whole];
      const near = positions.filter(({ label }) => !far.includes(label));
      const names = [...new Set(far)].join(', ');
      const remark = `Without ${names}, which would crowd the others.`;
      return [whole, drawingOf(chartId(id, 'near'), `${title}: close-up`, [remark], scatter(near, xTask, yTask))];
    }),
  );
  if (drawings.length === 0) return [];
  const note = [
    `Each model's gain on one task over ${comparison.baseline} against its gain on another: up and right is better. Upper left and lower ` +
      `right, it gains on one task and loses on the other; the verdict says whether that is shown. Lines are ${confidence(comparison.test.level)} intervals; those that end at the frame go on.`,
    ...left,
    ...omission,
  ].join(' ');
  return [{ id: 'scatter', title: 'Task against task', note, key: [], size: 'medium', drawings }];
}

function drawingOf(id: string, title: string, remarks: string[], spec: PanelSpec): Drawing {
  return { id, title, remarks, panels: [{ title: '', spec }], key: [], columns: 1 };
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

/** Models with a gain on both tasks. */
function positionsOf(comparison: Comparison, { rows }: Point, xTask: PointTask, yTask: PointTask): Position[] {
  const series = modelSeries(comparison);
  return rows.flatMap((row) => {
    const [x, y] = [gainOf(row, xTask), gainOf(row, yTask)];
    if (x.gain === null || y.gain === null) return [];
    const model = series.findIndex(({ label }) => label === row.label);
    const { colour = cssColour('ink'), shape = 'circle' } = series[model] ?? {};
    const lines = [xTask, yTask].map((task) => {
      const own = gainOf(row, task);
      const [gain = ''] = taskGainLines(own, task);
      return `${gain}; ${metricName(task.metric)} ${fixed(own.mean, task.digits)}`;
    });
    return [
      {
        ...{ label: row.label, model, colour, shape, x: estimateOf(x), y: estimateOf(y) },
        tip: tip(model, row.label, ...lines),
      },
    ];
  });
}

export function estimateOf({ gain, interval }: Gain): Estimate {
  return { value: gain ?? 0, low: interval?.[0] ?? null, high: interval?.[1] ?? null };
}

/**
 * @param all The axes have room for these.
 * @param joined Whether a line joins the positions in their order.
 */
export function scatter(
  positions: readonly Position[],
  xTask: PointTask,
  yTask: PointTask,
  all = positions,
  joined = false,
): PanelSpec {
  const x = axisOf(
    all.map((position) => position.x),
    plot.width,
  );
  const y = axisOf(
    all.map((position) => position.y),
    plot.height,
  );
  const down = (value: number) => plot.height - y.pixel(value);
  const names = quadrants(xTask.name, yTask.name);
  const bars = [
    { left: x.pixel(0) - 1, right: x.pixel(0) + 1, top: 0, bottom: plot.height },
    { left: 0, right: plot.width, top: down(0) - 1, bottom: down(0) + 1 },
    ...names.map(({ box }) => box),
    ...positions.flatMap((position) => barsOf(position, x.pixel, down)),
  ];
  const labels = labelsOf(positions, (position) => [x.pixel(position.x.value), down(position.y.value)], bars);
  const values = positions.map(({ x: across, y: up, ...own }, order): Datum => {
    const ends = { x1: across.low, x2: across.high, y1: up.low, y2: up.high };
    return { ...own, order, x: across.value, y: up.value, ...ends };
  });
  const [right, top] = [x.domain[1], y.domain[1]];
  const [left, bottom] = [x.domain[0], y.domain[0]];
  const fields = [
    { x: 0, x2: right, y: 0, y2: top, colour: cssColour('better') },
    { x: left, x2: 0, y: bottom, y2: 0, colour: cssColour('worse') },
  ];
  const title = (task: PointTask) => `gain on ${shortened(task.name, fontSize, 150)}, ${metricName(task.metric)} →`;
  const axis = { ...signedAxis, grid: false, titleLimit: 340 };
  const quantity = { type: 'quantitative' as const };
  const xAxis = { field: 'x', ...quantity, scale: x.scale, axis: { ...axis, title: title(xTask) } };
  const yAxis = { field: 'y', ...quantity, scale: y.scale, axis: { ...axis, title: title(yTask) } };
  const pixel = { scale: null, ...quantity };
  const colour = { field: 'colour', type: 'nominal' as const, scale: null };
  const line = { type: 'rule' as const, clip: true, strokeWidth: 1.3, opacity: 0.6 };
  const cross = { type: 'rule' as const, color: cssColour('muted'), strokeDash: [5, 4] };
  return {
    ...plot,
    data: { values },
    layer: [
      {
        data: { values: fields },
        mark: { type: 'rect', opacity: 0.07 },
        encoding: { x: xAxis, x2: { field: 'x2' }, y: yAxis, y2: { field: 'y2' }, color: colour },
      },
      { data: { values: [{ x: 0 }] }, mark: cross, encoding: { x: xAxis } },
      { data: { values: [{ y: 0 }] }, mark: cross, encoding: { y: yAxis } },
      ...names.map(({ text, at, align, baseline }) => ({
        data: { values: [{ text, left: at[0], middle: at[1] }] },
        mark: { type: 'text' as const, align, baseline, color: cssColour('muted'), fontStyle: 'italic' as const },
        encoding: { x: { field: 'left', ...pixel }, y: { field: 'middle', ...pixel }, text: { field: 'text' } },
      })),
      {
        transform: [{ filter: 'isValid(datum.x1)' }],
        mark: line,
        encoding: { x: { ...xAxis, field: 'x1' }, x2: { field: 'x2' }, y: yAxis, color: colour, ...description },
      },
      {
        transform: [{ filter: 'isValid(datum.y1)' }],
        mark: line,
        encoding: { x: xAxis, y: { ...yAxis, field: 'y1' }, y2: { field: 'y2' }, color: colour, ...description },
      },
      ...(joined
        ? [
            {
              mark: { type: 'line' as const, strokeWidth: 1.8, clip: true },
              encoding: { x: xAxis, y: yAxis, order: { field: 'order', ...quantity }, color: colour },
            },
          ]
        : []),
      ...labelLayers(labels),
      {
        mark: { type: 'point', filled: true, size: 75, opacity: 1 },
        encoding: {
          x: xAxis,
          y: yAxis,
          color: colour,
          shape: { field: 'shape', type: 'nominal', scale: null },
          ...description,
        },
      },
    ],
  };
}

/** The meaning of each corner of the plot, at pixel positions. */
function quadrants(xTask: string, yTask: string) {
  const only = (task: string) => `seesaw: only ${shortened(task, fontSize, 90)}`;
  return [
    { text: 'better on both', right: true, top: true },
    { text: only(yTask), right: false, top: true },
    { text: only(xTask), right: true, top: false },
    { text: 'worse on both', right: false, top: false },
  ].map(({ text, right, top }) => {
    const width = textWidth(text, fontSize);
    const [from, above] = [right ? plot.width - width - 4 : 4, top ? 4 : plot.height - fontSize - 6];
    return {
      text,
      at: [right ? plot.width - 4 : 4, top ? 5 : plot.height - 5] as const,
      align: right ? ('right' as const) : ('left' as const),
      baseline: top ? ('top' as const) : ('bottom' as const),
      box: { left: from, right: from + width, top: above, bottom: above + fontSize + 2 },
    };
  });
}

/** Texts beside points in pixels, and lines to texts that are further away. */
export function labelsOf<Item extends { readonly label: string; readonly model: number; readonly colour: string }>(
  items: readonly Item[],
  pixels: (item: Item) => readonly [number, number],
  bars: readonly Box[],
  area = plot,
): readonly Datum[] {
  const places = items.map((item) => {
    const [x, y] = pixels(item);
    return { label: shortened(item.label, fontSize, 190), x, y };
  });
  return placeLabels(places, area, fontSize, bars).map(({ x, y, label, box, leader }, index): Datum => {
    const { model = null, colour = '' } = items[index] ?? {};
    const edge = { toX: leader?.x ?? null, toY: leader?.y ?? null };
    const middle = (box.top + box.bottom) / 2;
    return { text: label, colour, left: box.left + 2, middle, fromX: x, fromY: y, ...edge, tip: tip(model) };
  });
}

export function labelLayers(labels: readonly Datum[]) {
  const data = { values: [...labels] };
  const pixel = { scale: null, type: 'quantitative' as const };
  const text = { type: 'text' as const, align: 'left' as const, baseline: 'middle' as const, fontSize };
  const halo = { stroke: cssColour('page'), strokeWidth: 3.5, strokeJoin: 'round' as const, fill: cssColour('page') };
  const at = {
    x: { field: 'left', ...pixel },
    y: { field: 'middle', ...pixel },
    text: { field: 'text' },
    ...description,
  };
  return [
    {
      data: { values: labels.filter(({ toX }) => toX !== null) },
      mark: { type: 'rule' as const, strokeWidth: 0.8 },
      encoding: {
        x: { field: 'fromX', ...pixel },
        y: { field: 'fromY', ...pixel },
        x2: { field: 'toX' },
        y2: { field: 'toY' },
        color: { field: 'colour', type: 'nominal' as const, scale: null },
        ...description,
      },
    },
    { data, mark: { ...text, ...halo }, encoding: at },
    { data, mark: { ...text, color: cssColour('ink') }, encoding: at },
  ];
}

/** Minimum share of the axis on each side of 0, so that every quadrant is visible. */
const leastSide = 0.22;

/** An axis with room for 0, every value, and intervals unless they dwarf the values. */
function axisOf(estimates: readonly Estimate[], length: number) {
  const values = [0, ...estimates.map(({ value }) => value)];
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const intervals = estimates.flatMap(({ low, high }) => (low === null || high === null ? [] : [low, high]));
  const spread = most - least || Math.max(...intervals.map((end) => Math.abs(end)), 1e-6);
  const from = Math.max(Math.min(least, ...intervals), least - spread) - 0.06 * spread;
  const to = Math.min(Math.max(most, ...intervals), most + spread) + 0.06 * spread;
  const side = leastSide / (1 - leastSide);
  const domain = [Math.min(from, -side * to), Math.max(to, -side * from)] as const;
  return {
    domain,
    scale: { domain: [...domain], nice: false, zero: false },
    /** Position in pixels along the axis. */
    pixel: (value: number) => (length * (value - domain[0])) / (domain[1] - domain[0]),
  };
}

/** A model's error bars as boxes in the plot. */
function barsOf(
  { x, y }: Position,
  across: (value: number) => number,
  down: (value: number) => number,
): readonly Box[] {
  const [middleX, middleY] = [across(x.value), down(y.value)];
  const box = (a: number, b: number, c: number, d: number): Box => {
    return { left: Math.min(a, b), right: Math.max(a, b), top: Math.min(c, d), bottom: Math.max(c, d) };
  };
  return [
    ...(x.low === null || x.high === null ? [] : [box(across(x.low), across(x.high), middleY - 1, middleY + 1)]),
    ...(y.low === null || y.high === null ? [] : [box(middleX - 1, middleX + 1, down(y.low), down(y.high))]),
  ];
}
