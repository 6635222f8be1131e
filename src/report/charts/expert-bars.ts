import type { ComparisonRow } from '../../comparison/comparison.js';
import type { GateUse } from '../../training/evaluation.js';
import type { ReportData } from '../report-data.js';
import { runsOf } from '../runs-of.js';
import { type Datum, type Drawing, fontSize, legendColumns } from './drawing.js';
import { cssColour, seriesOf } from './palette.js';
import { atPoint, chartId, drawnPoints, type Point, pointsOf } from './points.js';
import { shortened, textWidth } from './text-width.js';

/**
 * Expert utilisation (PLE Fig. 8), one chart for each model with gates: per gate a stacked bar of mean weights over the test rows. Of
 * the first seed, since an expert's number means another expert under another seed.
 */
export function expertBars(data: ReportData): readonly Drawing[] {
  const gated = (row: ComparisonRow) => gatesOf(data, row) !== undefined;
  const points = pointsOf(data.comparison);
  const { points: drawn, omission } = drawnPoints(points, points[0]?.rows.filter(gated).length ?? 0);
  return drawn.flatMap((point, at) =>
    point.rows.flatMap((row, index) => {
      const found = gatesOf(data, row);
      return found ? [bars(row, point, found, chartId('experts', at + 1, index + 1), omission)] : [];
    }),
  );
}

interface Gates {
  readonly seed: number;
  readonly all: readonly GateUse[];
  /** Those with a choice: a gate over one expert has no weights. */
  readonly mixing: readonly GateUse[];
}

function gatesOf(data: ReportData, row: ComparisonRow): Gates | undefined {
  const run = runsOf(data, row)[0];
  const mixing = run?.gates.filter(({ experts, mean }) => experts.length > 1 && mean.length === experts.length) ?? [];
  return run && mixing.length > 0 ? { seed: run.experiment.seed, all: run.gates, mixing } : undefined;
}

const height = 230;
const barShare = 0.74;

function bars(row: ComparisonRow, point: Point, { seed, all, mixing }: Gates, id: string, omission: string): Drawing {
  const places = placesOf(mixing);
  const end = (places.at(-1) ?? 0) + 1;
  const experts = [...new Set(mixing.flatMap((gate) => gate.experts))];
  const series = seriesOf(experts);
  const values = mixing.flatMap((gate, index) => segments(gate, places[index] ?? 0));
  const width = Math.min(360, Math.max(200, end * 64));
  const slanted = mixing.some(({ gate }) => textWidth(gate, fontSize) > (width / end) * 0.95);
  const names = mixing.map(({ gate }, index): Datum => {
    const at = (places[index] ?? 0) + 0.5;
    return {
      at,
      text: shortened(gate, fontSize, slanted ? 100 : width / end),
      warning: hasCollapsed(mixing[index]) ? '!' : '',
    };
  });
  const nameHeight = slanted ? 14 + 0.7 * Math.max(...names.map(({ text }) => textWidth(String(text), fontSize))) : 20;
  const levels = [...new Set(mixing.map(({ level }) => level))].map((level): Datum => {
    const own = mixing.flatMap((gate, index) => (gate.level === level ? [places[index] ?? 0] : []));
    return { at: (Math.min(...own) + Math.max(...own) + 1) / 2, text: `level ${level}` };
  });
  const x = { field: 'from', type: 'quantitative' as const, axis: null, scale: { domain: [0, end], nice: false } };
  const y = {
    field: 'low',
    type: 'quantitative' as const,
    scale: { domain: [0, 1] },
    axis: { title: 'mean weight over test rows', tickCount: 5 },
  };
  const label = { type: 'text' as const, color: cssColour('ink'), fontSize };
  const at = { x: { ...x, field: 'at' }, text: { field: 'text' } };
  return {
    id,
    section: 'experts',
    title: atPoint(`Use of experts: ${row.label}`, point),
    caption:
      `A bar for each gate of ${row.label}: the height of a segment is the expert's mean weight over the test rows, the line that ` +
      `hangs from its top is one standard deviation long. Seed ${seed}, the first; under another seed the same number is another ` +
      `expert.${remarks(all, mixing)}${omission}`,
    spec: {
      width,
      height,
      layer: [
        {
          data: { values },
          mark: { type: 'rect', stroke: cssColour('page'), strokeWidth: 1 },
          encoding: {
            x,
            x2: { field: 'to' },
            y,
            y2: { field: 'high' },
            color: {
              field: 'expert',
              type: 'nominal',
              scale: { domain: experts, range: series.map(({ colour }) => colour) },
              legend: {
                columns: legendColumns(experts),
                offset: nameHeight + 30,
                symbolType: 'square',
                title: 'expert',
              },
            },
          },
        },
        {
          data: { values },
          mark: { type: 'rule', color: cssColour('page'), strokeWidth: 3 },
          encoding: { x: { ...x, field: 'lineAt' }, y: { ...y, field: 'lineLow' }, y2: { field: 'high' } },
        },
        {
          data: { values },
          mark: { type: 'rule', color: cssColour('ink'), strokeWidth: 1.4 },
          encoding: { x: { ...x, field: 'lineAt' }, y: { ...y, field: 'lineLow' }, y2: { field: 'high' } },
        },
        {
          data: { values: names },
          mark: slanted
            ? { ...label, align: 'right', angle: 315, baseline: 'middle', dy: 9, dx: 2 }
            : { ...label, align: 'center', baseline: 'top', dy: 6 },
          encoding: { ...at, y: { value: height } },
        },
        {
          data: { values: levels },
          mark: { ...label, color: cssColour('muted'), baseline: 'top', dy: nameHeight + 6 },
          encoding: { ...at, y: { value: height } },
        },
        {
          data: { values: names },
          mark: { ...label, color: cssColour('worse'), fontWeight: 'bold', fontSize: 15, baseline: 'bottom' },
          encoding: { ...at, text: { field: 'warning' }, y: { value: 1 } },
        },
      ],
    },
  };
}

/** Where each gate's place begins, in gates; there is half a place between levels. */
function placesOf(gates: readonly GateUse[]): readonly number[] {
  let place = 0;
  return gates.map(({ level }, index) => {
    const before = gates[index - 1];
    if (before) place += before.level === level ? 1 : 1.5;
    return place;
  });
}

/** Segments from the bottom up; the lines of their deviations stand side by side. */
function segments({ experts, mean, standardDeviation }: GateUse, place: number): readonly Datum[] {
  const from = place + (1 - barShare) / 2;
  let low = 0;
  return experts.map((expert, index): Datum => {
    const high = low + (mean[index] ?? 0);
    const lineAt = from + (barShare * (index + 0.5)) / experts.length;
    const lineLow = Math.max(0, high - (standardDeviation[index] ?? 0));
    const segment = { expert, from, to: from + barShare, low, high, lineAt, lineLow };
    low = high;
    return segment;
  });
}

const collapse = 0.95;
const unused = 0.01;

function hasCollapsed(gate: GateUse | undefined): boolean {
  return gate?.mean.some((weight) => weight > collapse) ?? false;
}

/** On gates that give nearly everything to one expert, experts that no gate uses, and gates that have no choice. */
function remarks(all: readonly GateUse[], mixing: readonly GateUse[]): string {
  const collapsed = mixing.filter(hasCollapsed).map(({ level, gate, experts, mean }) => {
    const most = Math.max(...mean);
    return ` Collapsed (!): gate ${gate} of level ${level} gives ${(100 * most).toFixed(1)} % to ${experts[mean.indexOf(most)]}.`;
  });
  const idle = [...new Set(mixing.map(({ level }) => level))].flatMap((level) => {
    const seeing = all.filter((gate) => gate.level === level);
    const names = [...new Set(seeing.flatMap(({ experts }) => experts))].filter((name) =>
      seeing.every(({ experts, mean }) => !experts.includes(name) || (mean[experts.indexOf(name)] ?? 1) < unused),
    );
    return names.length === 0 ? [] : [` Hardly used at level ${level} (below 1 % in every gate): ${names.join(', ')}.`];
  });
  const single = all.length - mixing.length;
  const without = single === 0 ? '' : ` Left out: ${single} ${single === 1 ? 'gate' : 'gates'} over one expert.`;
  return collapsed.join('') + idle.join('') + without;
}
