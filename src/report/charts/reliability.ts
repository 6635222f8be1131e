import { mean } from '../../comparison/statistics/moments.js';
import { calibrationBinCount, calibrationBins } from '../../metrics/calibration.js';
import { confidence } from '../../metrics/class-scores.js';
import { binarySample, isWeighted, meanOfRows, regressionSample } from '../../metrics/samples.js';
import { joined } from '../../support/joined.js';
import type { TaskPredictions } from '../../training/predictions.js';
import type { ChartedModel, ChartedRuns } from './charted-runs.js';
import type { Drawing, Section } from './drawing.js';
import { cssColour } from './palette.js';
import { dashedAt, layer, type PanelSpec, panelWidth, plot, tip } from './plot.js';
import { chartId, drawnPoints } from './points.js';

/**
 * Actual against predicted values, a chart per task, in bins of equally many test rows (with weighted rows, calibration
 * bins have equal weight). Binary tasks and the predicted class of multiclass tasks have calibration curves; regression
 * tasks have mean labels. Predictions are read run by run, so that only one run's are in memory.
 */
export async function reliability({ tasks, places }: ChartedRuns): Promise<readonly Section[]> {
  const { points, omission } = drawnPoints(places, tasks.length);
  const drawings: Record<Curve['type'], Drawing[]> = { binary: [], regression: [] };
  const all: Curve[] = [];
  for (const [at, { title, models }] of points.entries()) {
    const curves: Curve[] = [];
    for (const model of models) curves.push(...(await curvesOf(model)));
    all.push(...curves);
    for (const [index, task] of tasks.entries()) {
      const own = curves.filter((curve) => curve.task === task);
      const type = own[0]?.type;
      if (type === undefined) continue;
      drawings[type].push({
        id: chartId(type === 'binary' ? 'calibration' : 'predicted', at + 1, index + 1),
        title: joined(', ', task, title),
        panels: [{ spec: specOf(own) }],
        key: own.map(({ model }) => model),
      });
    }
  }
  const several = points.some(({ models }) => models.some(({ runs }) => runs.length > 1));
  const bins = (rows: string) =>
    `in ${calibrationBinCount} bins of ${rows}${several ? '; means over seeds' : ''}. The lower panel shows how far off.`;
  const rows = all.some(({ weighted }) => weighted) ? 'test rows of equal weight' : 'equally many test rows';
  const classes = 'Of a multiclass task: the share of right predictions by the probability of the predicted class.';
  const diagonal = (right: string) => `On the dashed diagonal, ${right}; below it they are too high.`;
  const both: readonly Section[] = [
    {
      id: 'calibration',
      title: 'Calibration',
      note: [
        `Share of positives by mean predicted probability, ${bins(rows)}`,
        diagonal('predictions are what happens'),
        ...(all.some((curve) => curve.classes) ? [classes] : []),
        ...omission,
      ],
      size: 'medium',
      drawings: drawings.binary,
    },
    {
      id: 'predicted',
      title: 'Predicted and actual',
      note: [
        `Mean label by mean prediction, ${bins('equally many test rows')}`,
        diagonal('predictions are right on average'),
        ...omission,
      ],
      size: 'medium',
      drawings: drawings.regression,
    },
  ];
  return both.filter((section) => section.drawings.length > 0);
}

interface Curve {
  readonly task: string;
  readonly type: 'binary' | 'regression';
  readonly model: ChartedModel;
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

async function curvesOf(model: ChartedModel): Promise<readonly Curve[]> {
  const found = new Map<string, Pick<Curve, 'type' | 'classes' | 'weighted'> & { readonly runs: (readonly Bin[])[] }>();
  for (const run of model.runs) {
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
    model,
    weighted,
    bins: Array.from({ length: Math.max(...runs.map((bins) => bins.length)) }, (_, index) => {
      const own = runs.flatMap((bins) => bins[index] ?? []);
      return { predicted: mean(own.map((bin) => bin.predicted)), actual: mean(own.map((bin) => bin.actual)) };
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
  const isBinary = curves[0]?.type === 'binary';
  const bins = curves.flatMap(({ bins: own, model: { label, model, colour, dash } }) =>
    own.map(({ predicted, actual }, order) => {
      const about = tip(model, label, `predicted ${predicted.toPrecision(4)}`, `actual ${actual.toPrecision(4)}`);
      return { x: predicted, y: actual, series: label, order, colour, dash, tip: about };
    }),
  );
  const gaps = bins.map((bin) => ({ ...bin, y: bin.y - bin.x }));
  const ends = bins.flatMap(({ x, y }) => [x, y]);
  const [from, to] = [isBinary ? 0 : Math.min(...ends), Math.max(...ends)];
  const middle = bins.map(({ x }) => x).toSorted((a, b) => a - b)[bins.length >> 1] ?? 0;
  const isRare = isBinary && middle < to / 8; // most bins would be in a corner
  const note = isRare ? ' (square-root axis)' : '';
  const [what, happened] = isBinary
    ? ['mean predicted probability', 'share of positives']
    : ['mean prediction', 'mean label'];
  const look = { tickCount: 5, ...(isBinary ? { format: '~p' } : {}) };
  const axis = { domain: [from, to] as const, scale: { type: isRare ? 'sqrt' : 'linear' }, look };
  const x = { ...axis, title: `${what}${note}` };
  const lines = (rows: typeof bins) => [
    layer('line', rows, { strokeWidth: 1.6 }),
    layer(
      'circle',
      rows.map(({ dash: _, ...row }) => row),
      { size: curves.length > 1 ? 14 : 36, opacity: 1 },
    ),
  ];
  const width = panelWidth.medium - 90;
  const upper = plot({
    width,
    height: 250,
    x,
    y: { ...axis, title: `${happened}${note}`, look: { ...look, ...titleAbove } },
    layers: [
      layer('rule', [{ x: from, x2: to, y: from, y2: to }], { color: cssColour('muted'), strokeDash: [5, 4] }),
      ...lines(bins),
    ],
  });
  const gapLook = { tickCount: 4, format: isBinary ? '+~p' : '+~g', ...titleAbove };
  const lower = plot({
    width,
    height: 130,
    x,
    y: { title: `${happened} − ${what}`, scale: { zero: true }, look: gapLook },
    layers: [dashedAt({ y: 0 }), ...lines(gaps)],
  });
  return { vconcat: [upper, lower], spacing: 26 };
}

/** The title of a vertical axis, above it: the plot is too low for a long vertical title. */
const titleAbove = { titleAngle: 0, titleAlign: 'left', titleAnchor: 'end', titleX: -34, titleY: -12 };
