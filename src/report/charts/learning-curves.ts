import type { Comparison } from '../../comparison/comparison.js';
import type { EpochRecord } from '../../training/trainer.js';
import type { ReportData } from '../report-data.js';
import { runsOf } from '../runs-of.js';
import { type Datum, type Drawing, lineLegend, titleAbove } from './drawing.js';
import { judgedBy } from './judged-by.js';
import { modelSeries } from './palette.js';
import { atPoint, chartId, drawnPoints, type Point, pointsOf } from './points.js';

/**
 * Learning curves, one chart per task: training loss above, validation metric below. A line is the mean over a model's seeds, its band goes
 * from the lowest to the highest. It ends where more than half of the runs have stopped.
 */
export function learningCurves(data: ReportData): readonly Drawing[] {
  const { comparison } = data;
  const { points, omission } = drawnPoints(pointsOf(comparison), comparison.tasks.length);
  return points.flatMap((point, at) =>
    comparison.tasks.flatMap((task, index) => {
      const drawing = curves(data, point, task, chartId('learning', at + 1, index + 1), omission);
      return drawing ? [drawing] : [];
    }),
  );
}

function curves(data: ReportData, point: Point, task: string, id: string, omission: string): Drawing | undefined {
  const { comparison } = data;
  const { metric, name, better } = judgedBy(comparison, task);
  const panels = [
    { title: 'training loss', read: ({ train }: EpochRecord) => train.tasks[task] },
    {
      title: `validation ${name} (${better} is better)`,
      read: ({ validation }: EpochRecord) => validation[task]?.[metric],
    },
  ].map(({ title, read }) => ({ title, values: valuesOf(data, point, read) }));
  if (panels.every(({ values }) => values.length === 0)) return undefined;
  const drawn = new Set(panels.flatMap(({ values }) => values.map(({ label }) => label)));
  return {
    id,
    section: 'learning',
    title: atPoint(`Learning ${task}`, point),
    caption:
      `Training loss and validation ${name} of ${task} after each epoch. Lines are means over seeds, bands go from the lowest to the ` +
      `highest run; a line ends where more than half of its model's runs have stopped.${omission}`,
    spec: {
      vconcat: panels
        .filter(({ values }) => values.length > 0)
        .map(({ title, values }) => panel(comparison, drawn, title, values)),
      spacing: 26,
      resolve: { scale: { color: 'shared', strokeDash: 'shared' } },
    },
  };
}

function panel(comparison: Comparison, drawn: ReadonlySet<unknown>, title: string, values: readonly Datum[]) {
  const series = modelSeries(comparison).filter(({ label }) => drawn.has(label));
  const domain = series.map(({ label }) => label);
  const legend = lineLegend(domain);
  const x = {
    field: 'epoch',
    type: 'quantitative' as const,
    scale: { zero: false, nice: false },
    axis: { format: 'd', grid: false, tickMinStep: 1, title: 'epoch' },
  };
  const ends = values.flatMap(({ low, high }) => [Number(low), Number(high)]);
  const logarithmic = Math.min(...ends) > 0 && Math.max(...ends) > steep * Math.min(...ends);
  const y = {
    field: 'mean',
    type: 'quantitative' as const,
    scale: logarithmic ? { type: 'log' as const, nice: false } : { zero: false },
    axis: { ...titleAbove, title: logarithmic ? `${title}, logarithmic` : title, tickCount: 5 },
  };
  const color = {
    field: 'label',
    type: 'nominal' as const,
    scale: { domain, range: series.map(({ colour }) => colour) },
    legend,
  };
  const strokeDash = { ...color, scale: { domain, range: series.map(({ dash }) => [...dash]) } };
  return {
    width: 365,
    height: 190,
    data: { values: [...values] },
    layer: [
      {
        mark: { type: 'area' as const, opacity: 0.13 },
        encoding: { x, y: { ...y, field: 'low' }, y2: { field: 'high' }, color },
      },
      {
        mark: { type: 'line' as const, strokeWidth: 1.8, point: values.every(({ epoch }) => epoch === 1) },
        encoding: { x, y, color, strokeDash },
      },
    ],
  };
}

/** Where values fall by more than this factor, a linear axis would draw their ends as one line. */
const steep = 5;

/** A longer training is drawn at every second, third, … epoch. */
const mostEpochs = 120;

/** For each model and epoch: mean, least and greatest value over the runs that have one. */
function valuesOf(data: ReportData, point: Point, read: (record: EpochRecord) => unknown): readonly Datum[] {
  return point.rows.flatMap((row) => {
    const runs = runsOf(data, row);
    const last = Math.max(0, ...runs.map(({ epochs }) => epochs.length));
    const stride = Math.ceil(last / mostEpochs);
    return Array.from({ length: Math.ceil(last / stride) }, (_, step) => step * stride).flatMap((index): Datum[] => {
      const values = runs
        .map(({ epochs }) => epochs[index] && read(epochs[index]))
        .filter((value) => typeof value === 'number');
      if (values.length === 0 || values.length * 2 < runs.length) return [];
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      return [{ label: row.label, epoch: index + 1, mean, low: Math.min(...values), high: Math.max(...values) }];
    });
  });
}
