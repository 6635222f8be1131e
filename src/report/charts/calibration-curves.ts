import type { ComparisonRow } from '../../comparison/comparison.js';
import { binarySample } from '../../metrics/binary-sample.js';
import { type CalibrationBin, calibrationBinCount, calibrationBins } from '../../metrics/calibration-bins.js';
import type { FinishedRun } from '../../training/finished-run.js';
import type { ReportData } from '../report-data.js';
import { runsOf } from '../runs-of.js';
import { type Datum, type Drawing, lineLegend, titleAbove } from './drawing.js';
import { cssColour, modelSeries } from './palette.js';
import { atPoint, chartId, drawnPoints, type Point, pointsOf } from './points.js';

/**
 * Calibration curves, one chart per binary task: in each of 15 bins of equally many test rows, the share of positives against the mean
 * predicted probability. Predictions are read run by run, so that only one run's are in memory.
 */
export async function calibrationCurves(data: ReportData): Promise<readonly Drawing[]> {
  const points = pointsOf(data.comparison);
  const { points: drawn, omission } = drawnPoints(points, binaryTasks(data).length);
  const drawings: Drawing[] = [];
  for (const [at, point] of drawn.entries()) {
    const curves: Datum[] = [];
    for (const row of point.rows) curves.push(...(await curvesOf(row, runsOf(data, row))));
    for (const [index, task] of data.comparison.tasks.entries()) {
      const values = curves.filter((value) => value.task === task);
      if (values.length > 0)
        drawings.push(curve(data, point, task, values, chartId('calibration', at + 1, index + 1), omission));
    }
  }
  return drawings;
}

function binaryTasks(data: ReportData): readonly string[] {
  const tasks = [...data.runs.values()].flatMap(({ result }) => Object.entries(result.tasks));
  return [...new Set(tasks.flatMap(([name, { type }]) => (type === 'binary' ? [name] : [])))];
}

/** For each binary task and bin: means over the runs of the bin's mean probability and share of positives. */
async function curvesOf({ label }: ComparisonRow, runs: readonly FinishedRun[]): Promise<readonly Datum[]> {
  const bins = new Map<string, (readonly CalibrationBin[])[]>();
  for (const run of runs) {
    if (!run.hasPredictions || !run.experiment.tasks.some(({ type }) => type === 'binary')) continue;
    for (const { task, scores } of await run.predictions()) {
      if (task.type !== 'binary') continue;
      bins.set(task.name, [...(bins.get(task.name) ?? []), calibrationBins(binarySample(scores))]);
    }
  }
  return [...bins].flatMap(([task, each]) =>
    Array.from({ length: Math.max(...each.map((own) => own.length)) }, (_, bin): Datum => {
      const own = each.flatMap((of) => of[bin] ?? []);
      const mean = (read: (bin: CalibrationBin) => number) =>
        own.reduce((sum, one) => sum + read(one) / one.rows, 0) / own.length;
      const [predicted, share] = [mean((one) => one.predicted), mean((one) => one.positives)];
      return { task, label, bin, predicted, share, gap: share - predicted };
    }),
  );
}

function curve(
  data: ReportData,
  point: Point,
  task: string,
  values: readonly Datum[],
  id: string,
  omission: string,
): Drawing {
  const series = modelSeries(data.comparison).filter(({ label }) => values.some((value) => value.label === label));
  const domain = series.map(({ label }) => label);
  const end = Math.max(...values.flatMap(({ predicted, share }) => [Number(predicted), Number(share)]));
  const middle = values.map(({ predicted }) => Number(predicted)).toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
  const rare = middle < end / 8; // most bins would lie in a corner
  const scale = { type: rare ? ('sqrt' as const) : ('linear' as const), domain: [0, end], nice: false };
  const axis = { tickCount: 5, format: '~p' };
  const note = rare ? ' (square-root scale)' : '';
  const quantity = { type: 'quantitative' as const, scale };
  const x = { ...quantity, field: 'predicted', axis: { ...axis, title: `mean predicted probability${note}` } };
  const y = { ...quantity, field: 'share', axis: { ...axis, ...titleAbove, title: `share of positives${note}` } };
  const gap = {
    field: 'gap',
    type: 'quantitative' as const,
    axis: { tickCount: 4, format: '+~p', ...titleAbove, title: 'share of positives − mean predicted probability' },
  };
  const legend = lineLegend(domain);
  const range = series.map(({ colour }) => colour);
  const color = { field: 'label', type: 'nominal' as const, scale: { domain, range }, legend };
  const strokeDash = { ...color, scale: { domain, range: series.map(({ dash }) => [...dash]) } };
  const diagonal = { type: 'rule' as const, color: cssColour('muted'), strokeDash: [5, 4] };
  const line = { type: 'line' as const, strokeWidth: 1.6 };
  const order = { field: 'bin', type: 'quantitative' as const };
  const ends = { values: [{ from: 0, to: end }] };
  return {
    id,
    section: 'calibration',
    title: atPoint(`Calibration on ${task}`, point),
    caption:
      `Share of positives against mean predicted probability of ${task}, in ${calibrationBinCount} bins of equally many test rows; means ` +
      `over seeds. On the dashed diagonal predictions are calibrated, below it they are too high; the lower panel shows how far off.${omission}`,
    spec: {
      data: { values: [...values] },
      spacing: 26,
      vconcat: [
        {
          width: 350,
          height: 250,
          layer: [
            {
              data: ends,
              mark: diagonal,
              encoding: {
                x: { ...x, field: 'from' },
                x2: { field: 'to' },
                y: { ...y, field: 'from' },
                y2: { field: 'to' },
              },
            },
            { mark: line, encoding: { x, y, color, strokeDash, order } },
          ],
        },
        {
          width: 350,
          height: 150,
          layer: [
            { data: { values: [{ zero: 0 }] }, mark: diagonal, encoding: { y: { ...gap, field: 'zero' } } },
            { mark: line, encoding: { x, y: gap, color, strokeDash, order } },
          ],
        },
      ],
      resolve: { scale: { color: 'shared', strokeDash: 'shared' } },
    },
  };
}
