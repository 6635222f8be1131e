import type { Comparison } from '../../comparison/comparison.js';
import { type Datum, type Drawing, fontSize } from './drawing.js';
import { intervalWords, type JudgedBy, judgedBy } from './judged-by.js';
import { type Box, placeLabels } from './label-placement.js';
import { cssColour, modelSeries } from './palette.js';
import { atPoint, chartId, drawnPoints, type Point, pointsOf } from './points.js';
import { type Estimate, farModels, type Position, positionsOf } from './scatter-positions.js';
import { shortened } from './text-width.js';

const plot = { width: 350, height: 320 };
const mostTasks = 5;

/**
 * The seesaw: task against task (PLE Fig. 3), one chart for each pair of tasks; of more than two tasks they are the lower half of a
 * matrix. Better is up and right, whatever the metric. Where a model is so far off that the others crowd, a second chart leaves it out.
 */
export function scatters(comparison: Comparison): readonly Drawing[] {
  const tasks = comparison.tasks.slice(0, mostTasks);
  const pairs = tasks.flatMap((x, column) =>
    tasks.slice(column + 1).map((y, below) => ({ x, y, column: column + 1, row: column + 1 + below })),
  );
  const { points, omission } = drawnPoints(pointsOf(comparison), pairs.length);
  const left = comparison.tasks.length > tasks.length ? ` Pairs of the first ${mostTasks} tasks.` : '';
  return points.flatMap((point, index) =>
    pairs.flatMap(({ x, y, row, column }, pair) => {
      const positions = positionsOf(comparison, point, x, y);
      const baseline = positions.find(({ label }) => label === comparison.baseline);
      if (!baseline || positions.length < 2) return [];
      const place = { comparison, point, baseline, tasks: [x, y] as const };
      const alone = scatter(place, positions, chartId('scatter', index + 1, pair + 1), left + omission);
      const caption = matrixCaption(comparison, point) + left + omission;
      const whole =
        pairs.length === 1 ? alone : { ...alone, cell: { row, column, columns: tasks.length - 1, caption } };
      const far = farModels(positions, baseline);
      if (far.length === 0) return [whole];
      const near = positions.filter(({ label }) => !far.includes(label));
      const without = ` Without ${far.join(', ')}, which would crowd the others.${left}${omission}`;
      const closeUp = scatter(place, near, chartId('scatter', index + 1, pair + 1, 'near'), without);
      return [whole, { ...closeUp, title: `${closeUp.title}: close-up` }];
    }),
  );
}

function matrixCaption(comparison: Comparison, point: Point): string {
  const { baseline } = comparison;
  return (
    `${atPoint('Every task against every other', point)}: a column for the task across, a row for the task up; up and right is better on both. ` +
    `The dashed lines cross at ${baseline}; a model stands at its mean plus the model's own gain; ${intervalWords(comparison)}. ` +
    'Where lower is better, the axis is reversed.'
  );
}

interface Place {
  readonly comparison: Comparison;
  readonly point: Point;
  readonly baseline: Position;
  readonly tasks: readonly [string, string];
}

function scatter(
  { comparison, point, baseline, tasks: [xTask, yTask] }: Place,
  positions: readonly Position[],
  id: string,
  omission: string,
): Drawing {
  const [xMetric, yMetric] = [judgedBy(comparison, xTask), judgedBy(comparison, yTask)];
  const x = axisOf(
    positions.map((position) => position.x),
    xMetric,
    plot.width,
  );
  const y = axisOf(
    positions.map((position) => position.y),
    yMetric,
    plot.height,
  );
  const series = modelSeries(comparison).filter(({ label }) => positions.some((position) => position.label === label));
  const values = positions.map(({ label, x: across, y: up }): Datum => {
    return { label, x: across.value, y: up.value, x1: across.low, x2: across.high, y1: up.low, y2: up.high };
  });
  const down = (value: number) => plot.height - y.pixel(value);
  const pixels = positions.map((position) => ({
    label: shortened(position.label, fontSize, 190),
    x: x.pixel(position.x.value),
    y: down(position.y.value),
  }));
  const [acrossAt, downAt] = [x.pixel(baseline.x.value), down(baseline.y.value)];
  const bars = [
    { left: acrossAt - 1, right: acrossAt + 1, top: 0, bottom: plot.height },
    { left: 0, right: plot.width, top: downAt - 1, bottom: downAt + 1 },
    ...positions.flatMap((position) => barsOf(position, x.pixel, down)),
  ];
  const labels = placeLabels(pixels, plot, fontSize, bars).map(
    ({ x: fromX, y: fromY, label, box, leader }, index): Datum => {
      const name = positions[index]?.label ?? '';
      const edge = { toX: leader?.x ?? null, toY: leader?.y ?? null };
      return {
        label: name,
        text: label,
        left: box.left + 2,
        middle: (box.top + box.bottom) / 2,
        fromX,
        fromY,
        ...edge,
      };
    },
  );
  const color = {
    field: 'label',
    type: 'nominal' as const,
    scale: { domain: series.map(({ label }) => label), range: series.map(({ colour }) => colour) },
    legend: null,
  };
  const shape = { ...color, scale: { ...color.scale, range: series.map((one) => one.shape) } };
  const pixel = { scale: null, type: 'quantitative' as const };
  const halo = { stroke: cssColour('page'), strokeWidth: 3.5, strokeJoin: 'round' as const, fill: cssColour('page') };
  const text = { type: 'text' as const, align: 'left' as const, baseline: 'middle' as const, fontSize };
  const where = { x: { field: 'left', ...pixel }, y: { field: 'middle', ...pixel }, text: { field: 'text' } };
  const xAxis = { field: 'x', type: 'quantitative' as const, scale: x.scale, axis: { ...axis, title: x.title(xTask) } };
  const yAxis = { field: 'y', type: 'quantitative' as const, scale: y.scale, axis: { ...axis, title: y.title(yTask) } };
  const cross = { type: 'rule' as const, color: cssColour('muted'), strokeDash: [5, 4] };
  return {
    id,
    section: 'scatter',
    title: atPoint(`${xTask} against ${yTask}`, point),
    caption:
      `Each model's ${yMetric.name} on ${yTask} against its ${xMetric.name} on ${xTask}; up and right is better on both. ` +
      `The dashed lines cross at ${comparison.baseline}: upper left and lower right of it, one task is paid for with the other. ` +
      `A model stands at ${comparison.baseline}'s mean plus its own gain; ${intervalWords(comparison)}${x.cut || y.cut ? '; those that end at the frame go on' : ''}.` +
      reversed([
        [xTask, xMetric],
        [yTask, yMetric],
      ]) +
      omission,
    spec: {
      ...plot,
      data: { values },
      layer: [
        { data: { values: [{ x: baseline.x.value }] }, mark: cross, encoding: { x: xAxis } },
        { data: { values: [{ y: baseline.y.value }] }, mark: cross, encoding: { y: yAxis } },
        {
          transform: [{ filter: 'isValid(datum.x1)' }],
          mark: { type: 'rule', clip: true, strokeWidth: 1.3, opacity: 0.55 },
          encoding: { x: { ...xAxis, field: 'x1' }, x2: { field: 'x2' }, y: yAxis, color },
        },
        {
          transform: [{ filter: 'isValid(datum.y1)' }],
          mark: { type: 'rule', clip: true, strokeWidth: 1.3, opacity: 0.55 },
          encoding: { x: xAxis, y: { ...yAxis, field: 'y1' }, y2: { field: 'y2' }, color },
        },
        {
          data: { values: labels.filter(({ toX }) => toX !== null) },
          mark: { type: 'rule', strokeWidth: 0.8 },
          encoding: {
            x: { field: 'fromX', ...pixel },
            y: { field: 'fromY', ...pixel },
            x2: { field: 'toX' },
            y2: { field: 'toY' },
            color,
          },
        },
        { mark: { type: 'point', filled: true, size: 70, opacity: 1 }, encoding: { x: xAxis, y: yAxis, color, shape } },
        { data: { values: labels }, mark: { ...text, ...halo }, encoding: where },
        { data: { values: labels }, mark: { ...text, color: cssColour('ink') }, encoding: where },
      ],
    },
  };
}

const axis = { grid: false, tickCount: 5, titleLimit: 340 };

/** An axis on which better is further along, with a place for every value and the intervals as far as they do not dwarf the values. */
function axisOf(estimates: readonly Estimate[], { name, better }: JudgedBy, length: number) {
  const values = estimates.map(({ value }) => value);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const intervals = estimates.flatMap(({ low, high }) => (low === null || high === null ? [] : [low, high]));
  const spread =
    most - least || Math.max(...intervals.map((end) => Math.abs(end - least)), Math.abs(most) * 1e-3, 1e-6);
  const from = Math.max(Math.min(least, ...intervals), least - 1.5 * spread) - 0.06 * spread;
  const to = Math.min(Math.max(most, ...intervals), most + 1.5 * spread) + 0.06 * spread;
  const reverse = better === 'lower';
  return {
    scale: { domain: [from, to], nice: false, zero: false, reverse },
    /** Whether an interval goes on beyond the axis. */
    cut: intervals.some((end) => end < from || end > to),
    /** Pixels along the axis. */
    pixel: (value: number) => (length * (reverse ? to - value : value - from)) / (to - from),
    title: (task: string) =>
      `${shortened(task, fontSize, 130)}: ${name} (${better} is better${reverse ? '; reversed axis' : ''}) →`,
  };
}

/** The error bars of a model as boxes in the plot. */
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

function reversed(axes: readonly (readonly [string, JudgedBy])[]): string {
  const tasks = axes.filter(([, { better }]) => better === 'lower').map(([task]) => task);
  const what = tasks.length === 1 ? 'the axis is' : 'the axes are';
  return tasks.length === 0 ? '' : ` Lower is better on ${tasks.join(' and ')}: ${what} reversed.`;
}
