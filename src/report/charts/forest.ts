import type { Comparison, ComparisonRow } from '../../comparison/comparison.js';
import { confidence, percent, signed } from '../numbers.js';
import {
  aggregateDigits,
  gainOf,
  metricName,
  noGain,
  type Point,
  type PointTask,
  pointsOf,
  ranked,
} from '../points.js';
import { type Datum, description, fontSize, type Panel, panelWidth, type Section, tip } from './drawing.js';
import { meanGainLines, taskGainLines } from './gain-lines.js';
import { type Column, farOff, meansOf, type Ranged, signedAxis, withRanges } from './gain-range.js';
import { cssColour, findings, modelSeries } from './palette.js';
import { textWidth } from './text-width.js';

/**
 * Gains over the baseline as a forest plot: a panel per task and one for the mean relative gain. Each panel has a line
 * per model, the best mean first. For comparisons with axes, `axisBars` shows the gains.
 */
export function forest(comparison: Comparison): readonly Section[] {
  const [point] = pointsOf(comparison);
  if (!point || Object.keys(point.axis).length > 0) return [];
  const rows = ranked(point.rows.filter(({ label }) => label !== comparison.baseline));
  const columns = [
    ...point.tasks.map((task) => ofTask(task, rows)),
    ...(point.tasks.length > 1 && rows.some(({ aggregate }) => aggregate)
      ? [ofMean(rows, aggregateDigits(point))]
      : []),
  ].filter(({ lines }) => lines.some(({ gain }) => gain.gain !== null));
  if (columns.length === 0) return [];
  const models = modelSeries(comparison).map(({ label }) => label);
  const panels = withRanges(columns).map((column) => panelOf(column, models));
  const seen = new Set(
    columns.flatMap(({ lines }) => lines.flatMap((line) => (line.gain.gain === null ? [] : (line.verdict ?? 'none')))),
  );
  const key = (['better', 'equivalent', 'undecided', 'worse', 'none'] as const).filter((each) => seen.has(each));
  return [
    {
      id: 'forest',
      title: 'Gains',
      note: noteOn(comparison, point, columns),
      key: key.map((each) => findings[each]),
      size: 'medium',
      drawings: [
        {
          id: 'forest',
          title: '',
          remarks: [],
          panels,
          key: key.map((each) => findings[each]),
          columns: Math.min(3, panels.length),
        },
      ],
    },
  ];
}

function ofTask(task: PointTask, rows: readonly ComparisonRow[]): Column {
  return {
    title: task.name,
    scale: task.percent === null ? `${task.metric} itself` : task.metric,
    unit: `gain in ${metricName(task.metric)}`,
    percent: task.percent,
    text: (gain) => signed(gain, task.digits),
    lines: rows.map((row) => {
      const gain = gainOf(row, task);
      return { label: row.label, gain, verdict: gain.verdict, margin: gain.margin, tip: taskGainLines(gain, task) };
    }),
  };
}

function ofMean(rows: readonly ComparisonRow[], digits: number): Column {
  return {
    title: 'Mean over tasks',
    scale: 'mean',
    unit: 'mean relative gain, %',
    percent: 1,
    text: (gain) => percent(gain, digits),
    lines: rows.map(({ label, aggregate }) => ({
      label,
      gain: aggregate ?? noGain,
      verdict: aggregate?.verdict ?? null,
      margin: null,
      tip: aggregate ? meanGainLines(aggregate, digits) : [],
    })),
  };
}

function noteOn({ baseline, test, seeds, uncertainty }: Comparison, point: Point, columns: readonly Column[]): string {
  const lines = columns.flatMap((column) => column.lines);
  const [interval, simultaneous] = [
    lines.some(({ gain }) => gain.interval),
    lines.some(({ gain }) => gain.simultaneous),
  ];
  return [
    `Gains over ${baseline}, the line at 0; right is better. Models stand in the order of their mean relative gain.`,
    ...(interval ? [`Thick: the ${confidence(test.level)} interval of each gain alone.`] : []),
    ...(simultaneous
      ? ['Thin: intervals that hold all true gains of the tasks at once, or all means, with the same confidence.']
      : []),
    ...(seeds.length > 1 && uncertainty !== 'rows' ? ['Small dots are the seeds.'] : []),
    ...(lines.some(({ margin }) => margin !== null) ? ['Within the grey band a gain is as good as none.'] : []),
    ...(point.tasks.some((task) => task.percent !== null)
      ? ['The upper axis is the gain in % of the error; it has one scale for all tasks with the same metric.']
      : []),
    ...(columns.some((column) => farOff(meansOf(column)).length > 0)
      ? ['What lies far outside is written at the edge.']
      : []),
  ].join(' ');
}

const step = 30;
const mostName = 150;

function panelOf(column: Ranged, models: readonly string[]): Panel {
  const { lines, range, text } = column;
  const nameWidth = Math.min(mostName, Math.max(...lines.map(({ label }) => textWidth(label, fontSize))));
  const outside = (gain: number) => gain < range[0] || gain > range[1];
  const points = lines.map((line): Datum => {
    const { gain, verdict, margin } = line;
    const { colour, shape, filled } = findings[verdict ?? 'none'];
    const at = gain.gain;
    const shown = at === null || outside(at) ? null : at;
    return {
      label: line.label,
      gain: shown,
      low: gain.interval?.[0] ?? null,
      high: gain.interval?.[1] ?? null,
      wideLow: gain.simultaneous?.[0] ?? null,
      wideHigh: gain.simultaneous?.[1] ?? null,
      marginLow: margin === null ? null : -margin,
      marginHigh: margin,
      colour,
      shape,
      fill: filled ? colour : cssColour('page'),
      note: at === null ? 'no result' : shown === null ? (at < 0 ? `◀ ${text(at)}` : `${text(at)} ▶`) : null,
      noteAt: at === null ? 0 : at < 0 ? range[0] : range[1],
      left: at === null || at < 0,
      tip: tip(models.indexOf(line.label), line.label, ...line.tip),
    };
  });
  const seeds = lines.flatMap(({ label, gain }) =>
    gain.gains.length < 2
      ? []
      : gain.gains.map((own): Datum => {
          const model = models.indexOf(label);
          return { label, seed: own.seed, of: own.gain, tip: tip(model, `${label}, seed ${own.seed}`, text(own.gain)) };
        }),
  );
  const x = {
    field: 'gain',
    type: 'quantitative' as const,
    scale: { domain: [...range], nice: false, zero: false },
    axis: { ...signedAxis, title: column.unit, grid: true },
  };
  const y = {
    field: 'label',
    type: 'nominal' as const,
    scale: { domain: lines.map(({ label }) => label), padding: 0 },
    axis: {
      title: null,
      labelLimit: mostName,
      ticks: false,
      domain: false,
      labelPadding: 8,
    },
  };
  const colour = { field: 'colour', type: 'nominal' as const, scale: null };
  const valid = (field: string) => [{ filter: `isValid(datum.${field})` }];
  const note = { type: 'text' as const, color: cssColour('muted'), fontStyle: 'italic' as const, dx: 4 };
  const marks = {
    layer: [
      ...(points.some(({ marginHigh }) => marginHigh !== null)
        ? [
            {
              transform: valid('marginLow'),
              mark: { type: 'bar' as const, height: { band: 1 }, color: cssColour('muted'), opacity: 0.18, clip: true },
              encoding: { x: { ...x, field: 'marginLow' }, x2: { field: 'marginHigh' }, y },
            },
          ]
        : []),
      {
        data: { values: [{ zero: 0 }] },
        mark: { type: 'rule' as const, color: cssColour('ink') },
        encoding: { x: { ...x, field: 'zero' } },
      },
      {
        transform: valid('wideLow'),
        mark: { type: 'rule' as const, strokeWidth: 1.2, clip: true },
        encoding: { x: { ...x, field: 'wideLow' }, x2: { field: 'wideHigh' }, y, color: colour, ...description },
      },
      {
        transform: valid('low'),
        mark: { type: 'rule' as const, strokeWidth: 4, clip: true },
        encoding: { x: { ...x, field: 'low' }, x2: { field: 'high' }, y, color: colour, ...description },
      },
      {
        data: { values: seeds },
        mark: { type: 'circle' as const, size: 14, opacity: 0.75, yOffset: -9, color: cssColour('muted'), clip: true },
        encoding: { x: { ...x, field: 'of' }, y, ...description },
      },
      {
        transform: valid('gain'),
        mark: { type: 'point' as const, size: 95, opacity: 1, strokeWidth: 1.8 },
        encoding: {
          x,
          y,
          stroke: colour,
          fill: { field: 'fill', scale: null },
          shape: { field: 'shape', type: 'nominal' as const, scale: null },
          ...description,
        },
      },
      ...[true, false].map((left) => ({
        transform: [{ filter: `isValid(datum.note) && datum.left === ${left}` }],
        mark: { ...note, align: left ? ('left' as const) : ('right' as const), dx: left ? 4 : -4 },
        encoding: { x: { ...x, field: 'noteAt' }, y, text: { field: 'note' }, ...description },
      })),
    ],
  };
  const relative = column.percent;
  const upper = {
    data: { values: [{ zero: 0 }] },
    mark: { type: 'rule' as const, opacity: 0, color: cssColour('ink') },
    encoding: {
      x: {
        field: 'zero',
        type: 'quantitative' as const,
        scale: { domain: range.map((end) => end * (relative ?? 1)), nice: false, zero: false },
        axis: { ...signedAxis, orient: 'top' as const, title: 'relative, %', grid: false },
      },
    },
  };
  return {
    title: column.title,
    spec: {
      width: panelWidth.medium - 52 - nameWidth,
      height: { step },
      data: { values: points },
      ...(relative === null ? marks : { layer: [marks, upper], resolve: { scale: { x: 'independent' } } }),
    },
  };
}
