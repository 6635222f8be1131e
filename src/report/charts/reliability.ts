import { calibrationBinCount, calibrationBins } from '../../metrics/calibration.js';
import { confidence } from '../../metrics/class-scores.js';
import { binarySample, isWeighted, meanOfRows, regressionSample } from '../../metrics/samples.js';
import type { FinishedRun } from '../../training/finished-run.js';
import type { TaskPredictions } from '../../training/predictions.js';
import { pointsOf } from '../points.js';
import type { ReportData } from '../report-data.js';
import { runsOf } from '../report-data.js';
import {
  type Datum,
  type Drawing,
  description,
  type PanelSpec,
  panelWidth,
  type Section,
  tip,
  titleAbove,
} from './drawing.js';
import { cssColour, type Mark, modelSeries } from './palette.js';
import { atPoint, chartId, drawnPoints } from './points.js';

/** A line of a chart: the runs of one model. */
interface Series extends Mark {
  readonly model: number | null;
  readonly runs: readonly FinishedRun[];
}

interface Place {
  readonly title: string;
  readonly series: readonly Series[];
}

/**
 * What happened against what was predicted, a chart per task, in bins of equally many test rows (calibration of weighted rows: of equal weight):
 * calibration curves of binary tasks and of the predicted class of multiclass tasks, mean labels of regression tasks. Predictions are read run by run, so that only one run's are in memory.
 */
export async function reliability(data: ReportData): Promise<readonly Section[]> {
  const marks = modelSeries(data.comparison);
  const { points, omission } = drawnPoints(pointsOf(data.comparison), data.comparison.tasks.length);
  const places = points.map((point) => ({
    title: atPoint('', point),
    series: point.rows.map((row) => {
      const model = marks.findIndex(({ label }) => label === row.label);
      const mark = marks[model];
      if (!mark) throw new Error(`Model '${row.label}' has no colour.`);
      return { ...mark, model, runs: runsOf(data, row) };
    }),
  }));
  return sections(data.comparison.tasks, places, omission);
}

/** The same for a single run. */
export async function runReliability(run: FinishedRun): Promise<readonly Section[]> {
  const tasks = run.experiment.tasks.map(({ name }) => name);
  const mark = { label: run.result.model, colour: cssColour('c1'), dash: [], shape: 'circle', filled: true };
  return sections(tasks, [{ title: '', series: [{ ...mark, model: null, runs: [run] }] }], []);
}

async function sections(
  tasks: readonly string[],
  places: readonly Place[],
  omission: readonly string[],
): Promise<readonly Section[]> {
  const drawings: Record<Curve['type'], Drawing[]> = { binary: [], regression: [] };
  let weighted = false;
  let classes = false;
  for (const [at, { title, series }] of places.entries()) {
    const curves: Curve[] = [];
    for (const own of series) curves.push(...(await curvesOf(own)));
    weighted ||= curves.some((curve) => curve.weighted);
    classes ||= curves.some((curve) => curve.classes);
    for (const [index, task] of tasks.entries()) {
      const own = curves.filter((curve) => curve.task === task);
      const type = own[0]?.type;
      if (type === undefined) continue;
      drawings[type].push({
        id: chartId(type === 'binary' ? 'calibration' : 'predicted', at + 1, index + 1),
        title: [task, title].filter((text) => text !== '').join(', '),
        remarks: [],
        panels: [{ title: '', spec: specOf(own) }],
        key: own.map(({ series: mark }) => mark),
        columns: 1,
      });
    }
  }
  const several = places.some(({ series }) => series.some(({ runs }) => runs.length > 1));
  const bins = (what: string) => `in ${calibrationBinCount} bins of ${what}${several ? '; means over seeds' : ''}.`;
  const all = [
    {
      id: 'calibration',
      title: 'Calibration',
      note: `Share of positives by mean predicted probability, ${bins(weighted ? 'test rows of equal weight' : 'equally many test rows')} On the dashed diagonal, predictions are what happens; below it they are too high. The lower panel shows how far off.${classes ? ' Of a multiclass task: the share of right predictions by the probability of the predicted class.' : ''}`,
      drawings: drawings.binary,
    },
    {
      id: 'predicted',
      title: 'Predicted and actual',
      note: `Mean label by mean prediction, ${bins('equally many test rows')} On the dashed diagonal, predictions are right on average; below it they are too high. The lower panel shows how far off.`,
      drawings: drawings.regression,
    },
  ];
  return all
    .filter((section) => section.drawings.length > 0)
    .map((section) => ({ ...section, note: [section.note, ...omission].join(' '), key: [], size: 'medium' }));
}

interface Curve {
  readonly task: string;
  readonly type: 'binary' | 'regression';
  readonly series: Series;
  /** The task has several classes. */
  readonly classes: boolean;
  /** Test rows have weights. */
  readonly weighted: boolean;
  /** Means over the runs. */
  readonly bins: readonly Bin[];
}

interface Bin {
  readonly predicted: number;
  readonly actual: number;
}

async function curvesOf(series: Series): Promise<readonly Curve[]> {
  const found = new Map<string, Pick<Curve, 'type' | 'classes' | 'weighted'> & { readonly runs: (readonly Bin[])[] }>();
  for (const run of series.runs) {
    if (!run.hasPredictions) continue;
    for (const predictions of await run.predictions()) {
      const { name } = predictions.task;
      const type = predictions.task.type === 'regression' ? 'regression' : 'binary';
      const bins = binsOf(predictions);
      if (bins.length === 0) continue;
      const classes = predictions.task.type === 'multiclass';
      const own = found.get(name) ?? { type, classes, weighted: isWeighted(predictions.scores.mask), runs: [] };
      own.runs.push(bins);
      found.set(name, own);
    }
  }
  return [...found].map(([task, { type, classes, weighted, runs }]) => ({
    task,
    type,
    classes,
    series,
    weighted,
    bins: Array.from({ length: Math.max(...runs.map((bins) => bins.length)) }, (_, index) => {
      const own = runs.flatMap((bins) => bins[index] ?? []);
      const mean = (read: (bin: Bin) => number) => own.reduce((sum, bin) => sum + read(bin), 0) / own.length;
      return { predicted: mean(({ predicted }) => predicted), actual: mean(({ actual }) => actual) };
    }),
  }));
}

/** Empty for predictions of a diverged run. */
function binsOf({ task, scores }: TaskPredictions): readonly Bin[] {
  if (scores.logits.some(Number.isNaN)) return [];
  if (task.type !== 'regression')
    return calibrationBins(binarySample(task.type === 'binary' ? scores : confidence(task, scores))).map(
      ({ weight, predicted, positives }) => ({
        predicted: predicted / weight,
        actual: positives / weight,
      }),
    );
  const { predictions, labels, weights } = regressionSample(task, scores);
  const order = Uint32Array.from(predictions.keys()).sort((a, b) => (predictions[a] ?? 0) - (predictions[b] ?? 0));
  return Array.from({ length: calibrationBinCount }, (_, bin) => {
    const edge = (at: number) => Math.round((at * order.length) / calibrationBinCount);
    const rows = order.subarray(edge(bin), edge(bin + 1));
    const of = (values: Float64Array) => Float64Array.from(rows, (row) => values[row] ?? 0);
    const own = { predictions: of(predictions), labels: of(labels), weights: of(weights) };
    const predicted = meanOfRows(own, (prediction) => prediction);
    return { rows: rows.length, predicted, actual: meanOfRows(own, (_, label) => label) };
  }).filter(({ rows }) => rows > 0);
}

function specOf(curves: readonly Curve[]): PanelSpec {
  const binary = curves[0]?.type === 'binary';
  const all = curves.flatMap(({ bins }) => bins);
  const values = curves.flatMap(({ bins, series: { label, model, colour, dash } }) =>
    bins.map(({ predicted, actual }, bin): Datum => {
      const lines = [`predicted ${predicted.toPrecision(4)}`, `actual ${actual.toPrecision(4)}`];
      return { label, bin, predicted, actual, gap: actual - predicted, colour, dash, tip: tip(model, label, ...lines) };
    }),
  );
  const ends = all.flatMap(({ predicted, actual }) => [predicted, actual]);
  const [from, to] = [binary ? 0 : Math.min(...ends), Math.max(...ends)];
  const middle = all.map(({ predicted }) => predicted).toSorted((a, b) => a - b)[all.length >> 1] ?? 0;
  const rare = binary && middle < to / 8; // most bins would be in a corner
  const scale = { type: rare ? ('sqrt' as const) : ('linear' as const), domain: [from, to], nice: false, zero: false };
  const note = rare ? ' (square-root axis)' : '';
  const quantity = { type: 'quantitative' as const, scale };
  const format = binary ? { format: '~p' } : {};
  const [what, happened] = binary
    ? ['mean predicted probability', 'share of positives']
    : ['mean prediction', 'mean label'];
  const x = { ...quantity, field: 'predicted', axis: { tickCount: 5, ...format, title: `${what}${note}` } };
  const y = {
    ...quantity,
    field: 'actual',
    axis: { tickCount: 5, ...format, ...titleAbove, title: `${happened}${note}` },
  };
  const gap = {
    field: 'gap',
    type: 'quantitative' as const,
    axis: {
      tickCount: 4,
      ...(binary ? { format: '+~p' } : { format: '+~g' }),
      ...titleAbove,
      title: `${happened} − ${what}`,
    },
  };
  const colour = { field: 'colour', type: 'nominal' as const, scale: null };
  const look = {
    color: colour,
    strokeDash: { field: 'dash', type: 'nominal' as const, scale: null },
    detail: { field: 'label' },
  };
  const diagonal = { type: 'rule' as const, color: cssColour('muted'), strokeDash: [5, 4] };
  const line = { type: 'line' as const, strokeWidth: 1.6 };
  const dot = { type: 'circle' as const, size: curves.length > 1 ? 14 : 36, opacity: 1 };
  const order = { field: 'bin', type: 'quantitative' as const };
  const width = panelWidth.medium - 90;
  return {
    data: { values },
    spacing: 26,
    vconcat: [
      {
        width,
        height: 250,
        layer: [
          {
            data: { values: [{ from, to }] },
            mark: diagonal,
            encoding: {
              x: { ...x, field: 'from' },
              x2: { field: 'to' },
              y: { ...y, field: 'from' },
              y2: { field: 'to' },
            },
          },
          { mark: line, encoding: { x, y, ...look, order, ...description } },
          { mark: dot, encoding: { x, y, color: colour, ...description } },
        ],
      },
      {
        width,
        height: 130,
        layer: [
          { data: { values: [{ zero: 0 }] }, mark: diagonal, encoding: { y: { ...gap, field: 'zero' } } },
          { mark: line, encoding: { x, y: gap, ...look, order, ...description } },
          { mark: dot, encoding: { x, y: gap, color: colour, ...description } },
        ],
      },
    ],
  };
}
