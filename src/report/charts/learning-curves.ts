import { pointText } from '../../comparison/plan/axis-point.js';
import { mean } from '../../comparison/statistics/variances.js';
import { hasTask } from '../../comparison/stored/entry.js';
import { joined } from '../../support/text.js';
import { fixed } from '../numbers.js';
import { metricName, type Point, type ShownTask } from '../shown-gains.js';
import { type Chart, section } from './chart.js';
import type { Charted } from './gains.js';
import { dot, extent, line, type Pair, type Plot } from './plot.js';

/** The validation metric by epoch: a chart for each task, in it a small plot for each model, all to one scale. */
export function learningCurves(charted: Charted) {
  const { comparison, points } = charted;
  const kept = points.some(({ trained }) => trained)
    ? 'the last, whose parameters were kept'
    : 'the best epoch, whose parameters were kept';
  return section({
    id: 'learning',
    title: 'Learning curves',
    note: `The validation metric after each epoch. Where test labels are generated without noise, these have it: the table’s errors are those above the noise. Thin: a seed; its dot is ${kept}. Thick: their mean, up to where more than half of the runs have stopped; grey: that of ${comparison.baseline}. The worst tenth of all values may lie outside.`,
    key: [],
    size: 'small',
    charts: points.flatMap((point) => point.tasks.map((task) => chartOf(charted, point, task))),
  });
}

function chartOf(
  { comparison, look, runs }: Charted,
  { models: compared, gains, point }: Point,
  task: ShownTask,
): Chart {
  const { name, better, digits } = task;
  const metric = gains.find((gain) => gain.task === name)?.metric ?? '';
  const models = compared.map((one) => {
    const { colour, model } = look(one.label);
    const curves = runs(one).flatMap((run) => {
      const curve = run.epochs.flatMap(({ epoch, validation }): Pair[] => {
        const value = validation[name]?.[metric];
        return typeof value === 'number' && hasTask(run, name) ? [[epoch, value]] : [];
      });
      const best = curve.find(([epoch]) => epoch === run.result.bestEpoch[name]);
      return curve.length === 0 ? [] : [{ curve, best, seed: run.result.seed }];
    });
    return { title: one.label, look: { colour, model }, curves, mean: meanCurve(curves.map(({ curve }) => curve)) };
  });
  const measured = models.flatMap(({ curves }) => curves.flatMap(({ curve }) => curve));
  const sorted = measured.map(([, value]) => value).toSorted((a, b) => (better === 'higher' ? b - a : a - b));
  const x = {
    title: 'epoch',
    domain: [0.5, Math.max(2, ...measured.map(([epoch]) => epoch)) + 0.5],
    format: 'd',
  } as const;
  const y = { domain: extent(sorted.slice(0, Math.ceil(0.9 * sorted.length))) };
  const reference = models.find(({ title }) => title === comparison.baseline)?.mean ?? [];
  const plots = models.flatMap(({ title, look: ofModel, curves, mean }): Plot[] => {
    const marks = [
      line(reference, { ...ofModel, colour: 'muted', opacity: 0.6, width: 2.4 }),
      ...curves.map(({ curve }) => line(curve, { ...ofModel, width: 0.9, opacity: 0.5 })),
      line(mean, { ...ofModel, width: 2 }),
      ...curves.flatMap(({ seed, best }) => {
        if (!best) return [];
        const tip = [`${title}, seed ${seed}`, `kept epoch ${best[0]}: ${fixed(best[1], digits)}`];
        return [dot(best, { ...ofModel, radius: 2.4, tip })];
      }),
    ];
    return curves.length === 0 ? [] : [{ title, height: 100, x, y, marks }];
  });
  return { title: joined(', ', name, metricName(metric), pointText(point)), plots };
}

/** Up to the last epoch that at least half of the curves have. */
function meanCurve(curves: readonly (readonly Pair[])[]): readonly Pair[] {
  const epochs = new Set(curves.flatMap((curve) => curve.map(([epoch]) => epoch)));
  return [...epochs].flatMap((epoch): Pair[] => {
    const values = curves.flatMap((curve) => curve.flatMap(([at, value]) => (at === epoch ? [value] : [])));
    return 2 * values.length < curves.length ? [] : [[epoch, mean(values)]];
  });
}
