import type { Comparison, TaskGain } from '../../comparison/comparison.js';
import { type Datum, type Drawing, fontSize } from './drawing.js';
import { intervalWords, judgedBy } from './judged-by.js';
import { cssColour } from './palette.js';
import { atPoint, chartId, drawnPoints, type Point, pointsOf } from './points.js';
import { shortened, textWidth } from './text-width.js';

/** Gains over the baseline, one chart per task: a bar per model with its interval. With axes, `axisBars` shows them. */
export function gainBars(comparison: Comparison): readonly Drawing[] {
  const { points } = drawnPoints(pointsOf(comparison), comparison.tasks.length);
  const point = points[0];
  if (!point || Object.keys(point.axis).length > 0) return [];
  return comparison.tasks.flatMap((task, index) => {
    const drawing = bars(comparison, point, task, chartId('gain', index + 1));
    return drawing ? [drawing] : [];
  });
}

/** Colours by what a gain is known to be. */
const findings = [
  { verdict: 'better', text: 'better (adjusted p < .05)', colour: cssColour('better') },
  { verdict: 'worse', text: 'worse (adjusted p < .05)', colour: cssColour('worse') },
  { verdict: 'no difference seen', text: 'no difference seen', colour: cssColour('same') },
  { verdict: null, text: 'no verdict', colour: cssColour('muted') },
] as const;

function bars(comparison: Comparison, point: Point, task: string, id: string): Drawing | undefined {
  const { baseline } = comparison;
  const { name, better } = judgedBy(comparison, task);
  const rows = point.rows.filter(({ label }) => label !== baseline);
  const values = rows.map(({ label, tasks }, index): Datum => {
    const own = tasks[task];
    const [low, high] = own?.interval ?? [null, null];
    const gain = own?.gain ?? null;
    return { index, label, gain, low, high, finding: findingOf(own), note: gain === null ? 'no result' : null };
  });
  if (values.every(({ gain }) => gain === null)) return undefined;
  const seen = findings.filter(({ text }) => values.some(({ finding, gain }) => finding === text && gain !== null));
  const names = rows.map(({ label }) => shortened(label, fontSize, 150));
  const nameWidth = Math.max(...names.map((name) => textWidth(name, fontSize)));
  const x = {
    field: 'gain',
    type: 'quantitative' as const,
    axis: {
      format: '+f',
      tickCount: 4,
      title: `gain in ${name} (right is better)`,
    },
  };
  const y = {
    field: 'label',
    type: 'nominal' as const,
    scale: { domain: rows.map(({ label }) => label) },
    axis: { title: null, labelLimit: 190, ticks: false, domain: false, labelPadding: 6 },
  };
  const valid = (field: string) => [{ filter: `isValid(datum.${field})` }];
  return {
    id,
    section: 'gains',
    title: atPoint(`Gain on ${task}`, point),
    caption:
      `Gain in ${name} on ${task} over ${baseline}${better === 'lower' ? ', a fall counting as a gain' : ''}; ` +
      `${intervalWords(comparison)}. Colours go by the p-value adjusted for all of the table.`,
    spec: {
      width: 405 - nameWidth,
      height: { step: 24 },
      data: { values: [...values] },
      layer: [
        {
          transform: valid('gain'),
          mark: { type: 'bar', height: { band: 0.62 } },
          encoding: {
            x,
            y,
            color: {
              field: 'finding',
              type: 'nominal',
              scale: { domain: seen.map(({ text }) => text), range: seen.map(({ colour }) => colour) },
              legend: { columns: 2, symbolType: 'square' },
            },
          },
        },
        {
          transform: valid('low'),
          mark: { type: 'rule', color: cssColour('ink'), strokeWidth: 1.4 },
          encoding: { x: { ...x, field: 'low' }, x2: { field: 'high' }, y },
        },
        {
          transform: valid('note'),
          mark: { type: 'text', align: 'left', dx: 4, color: cssColour('muted'), fontStyle: 'italic' },
          encoding: { x: { datum: 0 }, y, text: { field: 'note' } },
        },
        {
          data: { values: [{ zero: 0 }] },
          mark: { type: 'rule', color: cssColour('ink') },
          encoding: { x: { ...x, field: 'zero' } },
        },
      ],
    },
  };
}

function findingOf(gain: TaskGain | undefined): string {
  return findings.find(({ verdict }) => verdict === (gain?.verdict ?? null))?.text ?? '';
}
