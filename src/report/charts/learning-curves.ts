import type { EpochRecord } from '../../training/epoch-record.js';
import type { FinishedRun } from '../../training/finished-run.js';
import { fixed } from '../numbers.js';
import { metricName, type Point, type PointTask, pointsOf, ranked } from '../points.js';
import type { ReportData } from '../report-data.js';
import { runsOf } from '../report-data.js';
import {
  type Datum,
  type Drawing,
  description,
  fontSize,
  type Panel,
  panelWidth,
  type Section,
  tip,
} from './drawing.js';
import { cssColour, type Mark, modelSeries } from './palette.js';
import { atPoint, chartId, drawnPoints } from './points.js';

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
export function learningCurves(data: ReportData): readonly Section[] {
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
): readonly Section[] {
  const [first] = all;
  const panelsEach = (first?.learners.length ?? 1) * (first?.tasks.length ?? 1);
  const { points, omission } = drawnPoints(all, panelsEach, mostPanels);
  const drawings = points.flatMap((point, at) =>
    point.tasks.flatMap((task, index): Drawing[] => {
      const panels = panelsOf(point.learners, task, baseline, series);
      if (panels.length === 0) return [];
      const name = `${task.name}: validation ${metricName(task.metric)} by epoch`;
      const id = chartId('learning', at + 1, index + 1);
      return [{ id, title: atPoint(name, point), remarks: [], panels, key: [], columns: 4 }];
    }),
  );
  if (drawings.length === 0) return [];
  const note = [
    'Validation metric after each epoch, one panel per model and all panels of a task to one scale. Thin: a seed; thick: their mean, up to ' +
      `where more than half of the runs have stopped; grey: the mean of ${baseline}. A dot is the best epoch of a seed, whose parameters ` +
      'were kept. The worst tenth of all values may lie outside a panel.',
    ...omission,
  ].join(' ');
  return [{ id: 'learning', title: 'Learning curves', note, key: [], size: 'small', drawings }];
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
    const model = series.findIndex(({ label }) => label === own.label);
    const colour = series[model]?.colour ?? cssColour('ink');
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
    best: typeof bestEpoch === 'number' ? bestEpoch : (bestEpoch?.[name] ?? 0),
  }));
  const last = Math.max(0, ...seeds.map(({ values }) => values.length));
  const mean = Array.from({ length: last }, (_, index) => {
    const values = seeds.flatMap((seed) => seed.values[index] ?? []);
    if (values.length === 0 || values.length * 2 < seeds.length) return null;
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  });
  return { label, seeds, mean };
}

/** The range of values without the worst tenth, which comes from the first epochs. */
function domainOf(values: readonly number[], { better }: Pick<PointTask, 'better'>): readonly [number, number] {
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
  readonly colour: string;
  readonly last: number;
  readonly stride: number;
  readonly domain: readonly [number, number];
}

function smallPanel({ label, seeds, mean }: Curves, baseline: Curves | undefined, look: Look): Panel {
  const { task, model, colour, last, stride, domain } = look;
  const about = { tip: tip(model) };
  const drawn = (epoch: number) => epoch % stride === 0;
  const text = (value: number | null | undefined) => fixed(value ?? null, task.digits);
  const lines = seeds.flatMap(({ seed, values }) =>
    values.flatMap((value, index): Datum[] =>
      value === null || !drawn(index) ? [] : [{ seed, epoch: index + 1, value, ...about }],
    ),
  );
  const means = (curve: Curves | undefined): Datum[] =>
    (curve?.mean ?? []).flatMap((value, index) =>
      value === null || !drawn(index) ? [] : [{ epoch: index + 1, mean: value, ...about }],
    );
  const best = seeds.flatMap(({ seed, values, best: epoch }): Datum[] => {
    const value = values[epoch - 1] ?? null;
    return value === null
      ? []
      : [
          {
            seed,
            epoch,
            best: value,
            tip: tip(model, `${label}, seed ${seed}`, `best epoch ${epoch}: ${text(value)}`),
          },
        ];
  });
  const bands = mean.flatMap((value, index): Datum[] => {
    if (value === null || !drawn(index)) return [];
    const own = seeds.flatMap(({ values }) => values[index] ?? []);
    const range = own.length > 1 ? [`seeds: ${text(Math.min(...own))} to ${text(Math.max(...own))}`] : [];
    const other = baseline?.mean[index] ?? null;
    const reference = baseline === undefined || other === null ? [] : [`${baseline.label}: ${text(other)}`];
    const lines = [`${label}, epoch ${index + 1}: ${text(value)}`, ...range, ...reference];
    return [{ from: index + 1 - stride / 2, to: index + 1 + stride / 2, tip: tip(model, ...lines) }];
  });
  const size = fontSize - 1.5;
  const x = {
    field: 'epoch',
    type: 'quantitative' as const,
    scale: { domain: [1 - stride / 2, Math.max(2, last) + stride / 2], nice: false, zero: false },
    axis: { format: 'd', grid: false, tickMinStep: 1, tickCount: 4, title: null, labelFontSize: size },
  };
  const y = {
    type: 'quantitative' as const,
    scale: { domain: [...domain], nice: false, zero: false },
    axis: { tickCount: 4, title: null, labelFontSize: size },
  };
  const line = (field: string, values: readonly Datum[], mark: Readonly<Record<string, unknown>>) => ({
    data: { values: [...values] },
    mark: { type: 'line' as const, clip: true, ...mark },
    encoding: { x, y: { ...y, field }, ...(field === 'value' ? { detail: { field: 'seed' } } : {}), ...description },
  });
  return {
    title: label,
    spec: {
      width: panelWidth.small - 52,
      height: 104,
      layer: [
        line('mean', means(baseline), { color: cssColour('same'), strokeWidth: 2.4 }),
        line('value', lines, { color: colour, strokeWidth: 0.9, opacity: 0.55 }),
        line('mean', means({ label, seeds, mean }), { color: colour, strokeWidth: 2, point: last === 1 }),
        {
          data: { values: bands },
          mark: { type: 'rect', opacity: 0, color: cssColour('page') },
          encoding: { x: { ...x, field: 'from' }, x2: { field: 'to' }, ...description },
        },
        {
          data: { values: best },
          mark: {
            type: 'point',
            filled: true,
            size: 26,
            color: colour,
            opacity: 1,
            stroke: cssColour('page'),
            strokeWidth: 0.8,
            clip: true,
          },
          encoding: { x, y: { ...y, field: 'best' }, ...description },
        },
      ],
    },
  };
}
