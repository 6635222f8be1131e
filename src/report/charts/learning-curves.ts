import { pointText } from '../../comparison/plan/axis-point.js';
import { mean } from '../../comparison/statistics/variances.js';
import { hasTask } from '../../comparison/stored/entry.js';
import { joined } from '../../support/text.js';
import { withDecimals } from '../numbers.js';
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

/** The curves of one model on one task. */
interface ModelCurves {
  readonly title: string;
  readonly look: Pick<ReturnType<Charted['look']>, 'colour' | 'model'>;
  readonly seeds: readonly SeedCurve[];
  readonly mean: readonly Pair[];
}

interface SeedCurve {
  readonly seed: number;
  /** Epoch and validation metric. */
  readonly curve: readonly Pair[];
  /** The epoch whose parameters were kept. */
  readonly best: Pair | undefined;
}

function chartOf(charted: Charted, point: Point, task: ShownTask): Chart {
  const metric = point.gains.find((gain) => gain.task === task.name)?.metric ?? '';
  const models = point.models.map((model) => modelCurves(charted, model, task.name, metric));
  const axes = curveAxes(models, task.better);
  const reference = models.find(({ title }) => title === charted.comparison.baseline)?.mean ?? [];
  const plots = models
    .filter(({ seeds }) => seeds.length > 0)
    .map((model): Plot => {
      return { title: model.title, height: 100, ...axes, marks: curveMarks(model, reference, task.digits) };
    });
  return { title: joined(', ', task.name, metricName(metric), pointText(point.point)), plots };
}

function modelCurves(
  { look, runs }: Charted,
  model: Point['models'][number],
  task: string,
  metric: string,
): ModelCurves {
  const { colour, model: dataModel } = look(model.label);
  const seeds = runs(model).flatMap((run): SeedCurve[] => {
    const curve = run.epochs.flatMap(({ epoch, validation }): Pair[] => {
      const value = validation[task]?.[metric];
      return typeof value === 'number' && hasTask(run, task) ? [[epoch, value]] : [];
    });
    const best = curve.find(([epoch]) => epoch === run.result.bestEpoch[task]);
    return curve.length === 0 ? [] : [{ seed: run.result.seed, curve, best }];
  });
  return {
    title: model.label,
    look: { colour, model: dataModel },
    seeds,
    mean: meanCurve(seeds.map(({ curve }) => curve)),
  };
}

/** One scale for all models: all epochs, and the values without the worst tenth. */
function curveAxes(models: readonly ModelCurves[], better: ShownTask['better']): Pick<Plot, 'x' | 'y'> {
  const pairs = models.flatMap(({ seeds }) => seeds.flatMap(({ curve }) => curve));
  const values = pairs.map(([, value]) => value).toSorted((a, b) => (better === 'higher' ? b - a : a - b));
  const last = Math.max(2, ...pairs.map(([epoch]) => epoch));
  return {
    x: { title: 'epoch', domain: [0.5, last + 0.5], format: 'd' },
    y: { domain: extent(values.slice(0, Math.ceil(0.9 * values.length))) },
  };
}

/** The baseline's mean in grey, a thin line for each seed, the mean, and a dot at each seed's kept epoch. */
function curveMarks({ title, look, seeds, mean }: ModelCurves, reference: readonly Pair[], digits: number) {
  return [
    line(reference, { ...look, colour: 'muted', opacity: 0.6, width: 2.4 }),
    ...seeds.map(({ curve }) => line(curve, { ...look, width: 0.9, opacity: 0.5 })),
    line(mean, { ...look, width: 2 }),
    ...seeds.flatMap(({ seed, best }) => {
      if (!best) return [];
      const tip = [`${title}, seed ${seed}`, `kept epoch ${best[0]}: ${withDecimals(best[1], digits)}`];
      return [dot(best, { ...look, radius: 2.4, tip })];
    }),
  ];
}

/** Up to the last epoch that at least half of the curves have. */
function meanCurve(curves: readonly (readonly Pair[])[]): readonly Pair[] {
  const epochs = new Set(curves.flatMap((curve) => curve.map(([epoch]) => epoch)));
  return [...epochs].flatMap((epoch): Pair[] => {
    const values = curves.flatMap((curve) => curve.flatMap(([other, value]) => (other === epoch ? [value] : [])));
    return 2 * values.length < curves.length ? [] : [[epoch, mean(values)]];
  });
}
