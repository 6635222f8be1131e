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
import type { Panel, Section } from './drawing.js';
import { meanGainLines, taskGainLines } from './gain-lines.js';
import { type Column, rangeOf } from './gain-range.js';
import { cssColour, findings, modelSeries } from './palette.js';
import { fontSize, gainAxis, layer, nameAxis, panelWidth, plot, tip } from './plot.js';
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
  const panels = columns.map((column) => panelOf(column, models));
  const seen = new Set(
    columns.flatMap(({ lines }) => lines.flatMap((line) => (line.gain.gain === null ? [] : (line.verdict ?? 'none')))),
  );
  const verdicts = (['better', 'equivalent', 'undecided', 'worse', 'none'] as const).filter((each) => seen.has(each));
  const key = verdicts.map((each) => findings[each]);
  const drawing = { id: 'forest', panels, key, columns: Math.min(3, panels.length) };
  const note = noteOn(comparison, point, columns);
  return [{ id: 'forest', title: 'Gains', note, key, size: 'medium', drawings: [drawing] }];
}

function ofTask(task: PointTask, rows: readonly ComparisonRow[]): Column {
  return {
    title: task.name,
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
    ...(columns.some((column) => column.lines.some(({ gain }) => isOutside(gain.gain, rangeOf(column))))
      ? ['What lies far outside is written at the edge.']
      : []),
  ];
}

const mostName = 150;

function panelOf(column: Column, models: readonly string[]): Panel {
  const { title, lines, text, unit, percent: relative } = column;
  const range = rangeOf(column);
  const nameWidth = Math.min(mostName, Math.max(...lines.map(({ label }) => textWidth(label, fontSize))));
  const marked = lines.map(({ label, gain, verdict, margin, tip: about }) => {
    const { colour, shape, filled } = findings[verdict ?? 'none'];
    const at = gain.gain;
    return {
      at,
      isFarOff: isOutside(at, range),
      gain,
      margin,
      shape,
      fill: filled ? colour : cssColour('page'),
      own: { y: label, colour, tip: tip(models.indexOf(label), label, ...about) },
    };
  });
  const bars = (ends: (line: (typeof marked)[number]) => readonly [number, number] | null, strokeWidth: number) => {
    const rows = marked.map((line) => ({ ...line.own, x: ends(line)?.[0] ?? null, x2: ends(line)?.[1] ?? null }));
    return layer('rule', rows, { strokeWidth, clip: true });
  };
  const margins = marked.flatMap(({ own: { y }, margin }) => (margin === null ? [] : [{ y, x: -margin, x2: margin }]));
  const seeds = lines.flatMap(({ label, gain: { gains } }) =>
    (gains.length < 2 ? [] : gains).map(({ seed, gain }) => {
      return { y: label, x: gain, tip: tip(models.indexOf(label), `${label}, seed ${seed}`, text(gain)) };
    }),
  );
  const points = marked.flatMap(({ own: { y, colour, tip: about }, at, isFarOff, shape, fill }) =>
    isFarOff ? [] : [{ y, x: at, stroke: colour, fill, shape, tip: about }],
  );
  const notes = (left: boolean) => {
    const rows = marked
      .filter(({ at, isFarOff }) => (at === null || isFarOff) && (at === null || at < 0) === left)
      .map(({ own: { y, tip: about }, at }) => {
        const words = at === null ? 'no result' : left ? `◀ ${text(at)}` : `${text(at)} ▶`;
        return { y, x: at === null ? 0 : range[left ? 0 : 1], text: words, tip: about };
      });
    const look = { color: cssColour('muted'), fontStyle: 'italic', fontSize };
    return layer('text', rows, { ...look, align: left ? 'left' : 'right', dx: left ? 4 : -4 });
  };
  const y = nameAxis(
    lines.map(({ label }) => label),
    mostName,
  );
  const spec = plot({
    width: panelWidth.medium - 52 - nameWidth,
    height: { step: 30 },
    y: { ...y, scale: { padding: 0 } },
    x: gainAxis(unit, range, { grid: true }),
    ...(relative === null ? {} : { above: gainAxis('relative, %', [range[0] * relative, range[1] * relative]) }),
    layers: [
      layer('bar', margins, { height: { band: 1 }, color: cssColour('muted'), opacity: 0.18, clip: true }),
      layer('rule', [{ x: 0 }], { color: cssColour('ink') }),
      bars(({ gain }) => gain.simultaneous, 1.2),
      bars(({ gain }) => gain.interval, 4),
      layer('circle', seeds, { size: 14, opacity: 0.75, yOffset: -9, color: cssColour('muted'), clip: true }),
      layer('point', points, { size: 95, opacity: 1, strokeWidth: 1.8 }),
      notes(true),
      notes(false),
    ],
  });
  return { title, spec };
}

function isOutside(gain: number | null, [low, high]: readonly [number, number]): boolean {
  return gain !== null && (gain < low || gain > high);
}
