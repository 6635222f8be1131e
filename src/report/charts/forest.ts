import type { Comparison, ComparisonRow } from '../../comparison/comparison.js';
import { confidence, percent, signed } from '../numbers.js';
import { comparisonPoints, type Point } from '../points.js';
import { aggregateDigits, metricName, noGain, type PointTask, ranked, taskGain } from '../task-gains.js';
import type { ChartSection, Panel } from './chart.js';
import { meanGainLines, taskGainLines } from './gain-lines.js';
import { type Column, gainRange } from './gain-range.js';
import { findings, modelSeries } from './palette.js';
import { gainAxis, layer, panelWidth } from './plot.js';
import { fontSize, textWidth } from './text-width.js';

/**
 * Gains over the baseline as a forest plot: a panel per task and one for the mean relative gain. Each panel has a line
 * per model, the best mean first. For comparisons with axes, `axisBars` shows the gains.
 */
export function forest(comparison: Comparison): readonly ChartSection[] {
  const [point] = comparisonPoints(comparison);
  if (!point || Object.keys(point.axis).length > 0) return [];
  const rows = ranked(point.rows.filter(({ label }) => label !== comparison.baseline));
  const columns = [
    ...point.tasks.map((task) => ofTask(task, rows)),
    ...(point.tasks.length > 1 && rows.some(({ aggregate }) => aggregate)
      ? [ofMean(rows, aggregateDigits(point.rows))]
      : []),
  ].filter(({ lines }) => lines.some(({ gain }) => gain.gain !== null));
  if (columns.length === 0) return [];
  const models = modelSeries(comparison).map(({ label }) => label);
  const panels = columns.map((column) => forestPanel(column, models));
  const seen = new Set(columns.flatMap(({ lines }) => lines.map(({ verdict }) => verdict)));
  const verdicts = ['better', 'equivalent', 'undecided', 'worse', 'not trained to a plateau'] as const;
  const key = verdicts.filter((each) => seen.has(each)).map((each) => findings[each]);
  const chart = { id: 'forest', panels, key, columns: Math.min(3, panels.length) };
  const note = noteOn(comparison, point, columns);
  return [{ id: 'forest', title: 'Gains', note, key, size: 'medium', charts: [chart] }];
}

function ofTask(task: PointTask, rows: readonly ComparisonRow[]): Column {
  return {
    title: task.name,
    unit: `gain in ${metricName(task.metric)}`,
    percent: task.percent,
    text: (gain) => signed(gain, task.digits),
    lines: rows.map((row) => {
      const gain = taskGain(row, task);
      return { label: row.label, gain, verdict: gain.verdict, margin: gain.margin, tip: taskGainLines(gain, task) };
    }),
  };
}

function ofMean(rows: readonly ComparisonRow[], digits: number): Column {
  return {
    title: 'Mean over tasks',
    unit: 'mean relative gain, %',
    percent: null,
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

function noteOn(
  { baseline, test, seeds, uncertainty }: Comparison,
  point: Point,
  columns: readonly Column[],
): readonly string[] {
  const lines = columns.flatMap((column) => column.lines);
  const [interval, simultaneous] = [
    lines.some(({ gain }) => gain.interval),
    lines.some(({ gain }) => gain.simultaneous),
  ];
  return [
    `Gains over ${baseline}, the line at 0; right is better. Each panel has a scale of its own. Models stand in the order of their mean relative gain.`,
    ...(interval ? [`Thick: the ${confidence(test.level)} interval of each gain alone.`] : []),
    ...(simultaneous
      ? ['Thin: intervals that hold all true gains of the tasks at once, or all means, with the same confidence.']
      : []),
    ...(seeds.length > 1 && uncertainty !== 'rows' ? ['Small dots are the seeds.'] : []),
    ...(lines.some(({ margin }) => margin !== null) ? ['Within the grey band a gain is as good as none.'] : []),
    ...(point.tasks.some((task) => task.percent !== null) ? ['The upper axis is the gain in % of the error.'] : []),
    ...(columns.some((column) => column.lines.some(({ gain }) => isOutside(gain.gain, gainRange(column))))
      ? ['What lies far outside is written at the edge.']
      : []),
  ];
}

const mostName = 150;

function forestPanel(column: Column, models: readonly string[]): Panel {
  const { title, lines, text, unit, percent: relative } = column;
  const range = gainRange(column);
  const nameWidth = Math.min(mostName, Math.max(...lines.map(({ label }) => textWidth(label, fontSize))));
  const marked = lines.map(({ label, gain, verdict, margin, tip: about }) => {
    const { colour, shape, filled } = findings[verdict ?? 'undecided'];
    const at = gain.gain;
    return {
      at,
      isFarOff: isOutside(at, range),
      gain,
      margin,
      shape,
      fill: filled ? colour : ('page' as const),
      own: { y: label, colour, model: models.indexOf(label), tip: [label, ...about] },
    };
  });
  const bars = (ends: (line: (typeof marked)[number]) => readonly [number, number] | null, width: number) => {
    const rows = marked.map((line) => ({ ...line.own, x: ends(line)?.[0] ?? null, x2: ends(line)?.[1] ?? null }));
    return layer('interval', rows, { width, isClipped: true });
  };
  const margins = marked.flatMap(({ own: { y }, margin }) => (margin === null ? [] : [{ y, x: -margin, x2: margin }]));
  const seeds = lines.flatMap(({ label, gain: { gains } }) =>
    (gains.length < 2 ? [] : gains).map(({ seed, gain }) => {
      return { y: label, x: gain, model: models.indexOf(label), tip: [`${label}, seed ${seed}`, text(gain)] };
    }),
  );
  const points = marked.flatMap(({ own, at, isFarOff, shape, fill }) =>
    isFarOff ? [] : [{ ...own, x: at, stroke: own.colour, colour: fill, shape }],
  );
  const notes = (left: boolean) => {
    const rows = marked
      .filter(({ at, isFarOff }) => (at === null || isFarOff) && (at === null || at < 0) === left)
      .map(({ own, at }) => {
        const words = at === null ? 'no result' : left ? `◀ ${text(at)}` : `${text(at)} ▶`;
        return { ...own, colour: 'muted' as const, x: at === null ? 0 : range[left ? 0 : 1], text: words };
      });
    return layer('text', rows, { isItalic: true, align: left ? 'start' : 'end', dx: left ? 4 : -4 });
  };
  const plot = {
    width: panelWidth.medium - 52 - nameWidth,
    height: 30 * lines.length,
    y: { names: lines.map(({ label }) => label), limit: mostName },
    x: gainAxis(unit, range),
    ...(relative === null ? {} : { above: gainAxis('relative, %', [range[0] * relative, range[1] * relative]) }),
    layers: [
      layer('area', margins, { colour: 'muted', opacity: 0.18, isClipped: true }),
      layer('interval', [{ x: 0 }]),
      bars(({ gain }) => gain.simultaneous, 1.2),
      bars(({ gain }) => gain.interval, 4),
      layer('point', seeds, { radius: 1.87, opacity: 0.75, dy: -9, colour: 'muted', isClipped: true }),
      layer('point', points, { radius: 4.87, width: 1.8 }),
      notes(true),
      notes(false),
    ],
  };
  return { title, plots: [plot] };
}

function isOutside(gain: number | null, [low, high]: readonly [number, number]): boolean {
  return gain !== null && (gain < low || gain > high);
}
