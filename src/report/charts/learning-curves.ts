import { mean } from '../../comparison/statistics/moments.js';
import type { EpochRecord } from '../../training/epoch-record.js';
import type { FinishedRun } from '../../training/finished-run.js';
import { fixed } from '../numbers.js';
import { type Point, pointsOf } from '../points.js';
import type { ReportData } from '../report-data.js';
import { runsOf } from '../report-data.js';
import { metricName, type PointTask, ranked } from '../task-gains.js';
import type { Chart, ChartSection, Panel } from './chart.js';
import { atPoint, chartId, drawnPoints } from './drawn-points.js';
import { type Colour, lookOf, type Mark, modelSeries } from './palette.js';
import { epochAxis, layer, type Plot, panelWidth, smallLabels } from './plot.js';

/** Maximum number of small panels of all models and tasks on a page. */
const mostPanels = 60;
/** Longer training is drawn at every second, third, … epoch. */
const mostEpochs = 40;

/** A model's runs, and the point of the axes that they are at. */
interface Learner {
  readonly label: string;
  readonly runs: readonly {
    readonly seed: number;
    readonly epochs: readonly EpochRecord[];
    /** Null while the run trains. */
    readonly bestEpoch: FinishedRun['result']['bestEpoch'] | null;
    /** Tasks that are reported from this run. Undefined: all. */
    readonly tasks?: readonly string[] | undefined;
  }[];
}

/** Models at a point of the axes, the baseline first. */
export interface Learners extends Pick<Point, 'axis' | 'tasks'> {
  readonly learners: readonly Learner[];
}

/** The curves of a finished comparison, the best model first. */
export function learningCurves(data: ReportData): readonly ChartSection[] {
  const { baseline } = data.comparison;
  const all = pointsOf(data.comparison).map(({ axis, tasks, rows }): Learners => {
    const [first, others] = [true, false].map((own) => rows.filter(({ label }) => (label === baseline) === own));
    const learners = [...(first ?? []), ...ranked(others ?? [])].map((row) => ({
      label: row.label,
      runs: runsOf(data, row).map(({ result: { seed, bestEpoch }, epochs }) => ({ seed, epochs, bestEpoch })),
    }));
    return { axis, tasks, learners };
  });
  return curvesOfLearners(all, baseline, modelSeries(data.comparison));
}

/**
 * Learning curves as small multiples: for each task a panel per model. It shows the validation metric of all seeds and
 * their mean, compared with the baseline's mean. A mean ends where more than half of the runs have stopped.
 */
export function curvesOfLearners(
  all: readonly Learners[],
  baseline: string,
  series: readonly Mark[],
): readonly ChartSection[] {
  const [first] = all;
  const panelsEach = (first?.learners.length ?? 1) * (first?.tasks.length ?? 1);
  const { points, omission } = drawnPoints(all, panelsEach, mostPanels);
  const charts = points.flatMap((point, at) =>
    point.tasks.flatMap((task, index): Chart[] => {
      const panels = panelsOf(point.learners, task, baseline, series);
      if (panels.length === 0) return [];
      const name = `${task.name}: validation ${metricName(task.metric)} by epoch`;
      const id = chartId('learning', at + 1, index + 1);
      return [{ id, title: atPoint(name, point), panels, columns: 4 }];
    }),
  );
  if (charts.length === 0) return [];
  const note = [
    'Validation metric after each epoch, one panel per model and all panels of a task to one scale. Thin: a seed; thick: their mean, up to ' +
      `where more than half of the runs have stopped; grey: the mean of ${baseline}. A dot is the best epoch of a seed, whose parameters ` +
      'were kept. The worst tenth of all values may lie outside a panel.',
    ...omission,
  ];
  return [{ id: 'learning', title: 'Learning curves', note, size: 'small', charts }];
}

interface Curves {
  readonly label: string;
  readonly seeds: readonly {
    readonly seed: number;
    readonly values: readonly (number | null)[];
    readonly best: number;
  }[];
  /** By epoch. Null: no mean. */
  readonly mean: readonly (number | null)[];
}

function panelsOf(
  learners: readonly Learner[],
  task: PointTask,
  baseline: string,
  series: readonly Mark[],
): readonly Panel[] {
  const curves = learners.map((learner) => curvesOf(learner, task)).filter(({ seeds }) => seeds.length > 0);
  const values = curves.flatMap(({ seeds }) => seeds.flatMap((seed) => seed.values)).filter((value) => value !== null);
  if (values.length === 0) return [];
  const last = Math.max(...curves.flatMap(({ seeds }) => seeds.map((seed) => seed.values.length)));
  const frame = { last, stride: Math.ceil(last / mostEpochs), domain: domainOf(values, task) };
  const reference = curves.find(({ label }) => label === baseline);
  return curves.map((own) => {
    const { model, colour } = lookOf(series, own.label);
    return smallPanel(own, own.label === baseline ? undefined : reference, { task, model, colour, ...frame });
  });
}

function curvesOf({ label, runs }: Learner, { name, metric }: PointTask): Curves {
  const own = runs.filter(({ tasks, epochs }) => epochs.length > 0 && (tasks?.includes(name) ?? true));
  const seeds = own.map(({ seed, epochs, bestEpoch }) => ({
    seed,
    values: epochs.map(({ validation }) => {
      const value = validation[name]?.[metric];
      return typeof value === 'number' ? value : null;
    }),
    best: bestEpoch?.[name] ?? 0,
  }));
  const last = Math.max(0, ...seeds.map(({ values }) => values.length));
  const means = Array.from({ length: last }, (_, index) => {
    const values = seeds.flatMap((seed) => seed.values[index] ?? []);
    if (values.length === 0 || values.length * 2 < seeds.length) return null;
    return mean(values);
  });
  return { label, seeds, mean: means };
}

/** The range of values without the worst tenth, which comes from the first epochs. */
export function domainOf(values: readonly number[], { better }: Pick<PointTask, 'better'>): readonly [number, number] {
  const sorted = values.toSorted((a, b) => a - b);
  const tenth = Math.floor(values.length / 10);
  const low = sorted[better === 'higher' ? tenth : 0] ?? 0;
  const high = sorted[sorted.length - 1 - (better === 'lower' ? tenth : 0)] ?? low;
  const room = 0.05 * (high - low) || Math.abs(high) * 1e-3 || 1e-6;
  return [low - room, high + room];
}

interface Look {
  readonly task: PointTask;
  readonly model: number;
  readonly colour: Colour;
  readonly last: number;
  readonly stride: number;
  readonly domain: readonly [number, number];
}

function smallPanel({ label, seeds, mean }: Curves, baseline: Curves | undefined, look: Look): Panel {
  const { task, model, colour, last, stride, domain } = look;
  const text = (value: number | null | undefined) => fixed(value ?? null, task.digits);
  const lineOf = (values: readonly (number | null)[], series: number) =>
    values.flatMap((y, index) => (index % stride === 0 ? [{ x: index + 1, y, series }] : []));
  const best = seeds.map(({ seed, values, best: epoch }) => {
    const y = values[epoch - 1] ?? null;
    return { x: epoch, y, tip: [`${label}, seed ${seed}`, `best epoch ${epoch}: ${text(y)}`] };
  });
  const line = { isClipped: true, width: 2, colour, model };
  const plot: Plot = {
    width: panelWidth.small - 52,
    height: 104,
    x: { ...epochAxis(last, stride), ...smallLabels },
    y: { domain, ...smallLabels },
    layers: [
      layer('line', lineOf(baseline?.mean ?? [], 0), { ...line, colour: 'same', width: 2.4 }),
      layer(
        'line',
        seeds.flatMap(({ values, seed }) => lineOf(values, seed)),
        { ...line, width: 0.9, opacity: 0.55 },
      ),
      layer('line', lineOf(mean, 0), line),
      layer('point', best, { ...dot, colour, model }),
    ],
  };
  return { title: label, plots: [plot] };
}

/** The last or best of a line. */
export const dot = { radius: 2.55, stroke: 'page', width: 0.8, isClipped: true } as const;
