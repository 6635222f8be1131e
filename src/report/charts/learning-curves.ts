import { mean } from '../../comparison/statistics/moments.js';
import { hasTask } from '../../comparison/stored/entry.js';
import { joined } from '../../support/joined.js';
import { fixed } from '../numbers.js';
import { metricName, type PointTask } from '../task-gains.js';
import { type Chart, section } from './chart.js';
import type { Charted, ChartedPoint } from './gains.js';
import { dot, extent, line, type Pair, type Plot } from './plot.js';

/** The validation metric by epoch: a chart for each task, in it a small plot for each model, all to one scale. */
export function learningCurves({ comparison: { baseline }, points }: Charted) {
  return section({
    id: 'learning',
    title: 'Learning curves',
    note: `The validation metric after each epoch. Thin: a seed; its dot is the best epoch, whose parameters were kept. Thick: their mean, up to where more than half of the runs have stopped; grey: that of ${baseline}. The worst tenth of all values may lie outside.`,
    key: [],
    size: 'small',
    charts: points.flatMap((point) => point.tasks.map((task) => chartOf(point, task, baseline))),
  });
}

function chartOf(
  { models, place }: ChartedPoint,
  { name, metric, better, digits }: PointTask,
  baseline: string,
): Chart {
  const drawn = models.map(({ look: { label, model, colour }, runs }) => {
    const curves = runs.flatMap((run) => {
      const { seed, bestEpoch } = run.result;
      const curve = run.epochs.flatMap(({ epoch, validation }): Pair[] => {
        const value = validation[name]?.[metric];
        return typeof value === 'number' && hasTask(run, name) ? [[epoch, value]] : [];
      });
      return curve.length === 0 ? [] : [{ curve, seed, best: curve.find(([epoch]) => epoch === bestEpoch[name]) }];
    });
    return { label, look: { model, colour }, curves };
  });
  const all = drawn.flatMap(({ curves }) => curves.flatMap(({ curve }) => curve));
  const sorted = all.map(([, value]) => value).toSorted((a, b) => (better === 'higher' ? b - a : a - b));
  const x = { domain: [0.5, Math.max(2, ...all.map(([epoch]) => epoch)) + 0.5], format: 'd' } as const;
  const y = { domain: extent(sorted.slice(0, Math.ceil(0.9 * sorted.length))) };
  const meanOf = ({ curves }: (typeof drawn)[number]) => meanCurve(curves.map(({ curve }) => curve));
  const reference = drawn.filter(({ label }) => label === baseline).flatMap(meanOf);
  const plots = drawn.flatMap((own): Plot[] => {
    const { label: title, look, curves } = own;
    const marks = [
      line(reference, { ...look, colour: 'muted', opacity: 0.6, width: 2.4 }),
      ...curves.map(({ curve }) => line(curve, { ...look, width: 0.9, opacity: 0.5 })),
      line(meanOf(own), { ...look, width: 2 }),
      ...curves.flatMap(({ seed, best }) => {
        const tip = [`${title}, seed ${seed}`, `best epoch ${best?.[0]}: ${fixed(best?.[1] ?? null, digits)}`];
        return best ? [dot(best, { ...look, radius: 2.4, tip })] : [];
      }),
    ];
    return curves.length === 0 ? [] : [{ title, height: 100, x, y, marks }];
  });
  return { title: joined(', ', name, metricName(metric), place), plots };
}

/** Up to the last epoch that at least half of the curves have. */
function meanCurve(curves: readonly (readonly Pair[])[]): readonly Pair[] {
  const epochs = new Set(curves.flatMap((curve) => curve.map(([epoch]) => epoch)));
  return [...epochs].flatMap((epoch): Pair[] => {
    const values = curves.flatMap((curve) => curve.flatMap((place) => (place[0] === epoch ? [place[1]] : [])));
    return 2 * values.length < curves.length ? [] : [[epoch, mean(values)]];
  });
}
