import type { ComparisonRow } from '../../comparison/comparison.js';
import { binarySample } from '../../metrics/binary-sample.js';
import { type CalibrationBin, calibrationBins } from '../../metrics/calibration-bins.js';
import type { FinishedRun } from '../../training/finished-run.js';
import type { ReportData } from '../report-data.js';
import { type Datum, type Drawing, lineLegend } from './drawing.js';
import { cssColour, modelSeries } from './palette.js';
import { atPoint, chartId, drawnPoints, type Point, pointsOf } from './points.js';
import { runsOf } from './runs-of.js';

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
      return { task, label, bin, predicted: mean((one) => one.predicted), share: mean((one) => one.positives) };
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
  const middle =
    values.map(({ predicted }) => Number(predicted)).toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
  const rare = middle < end / 8; // most bins would lie in a corner
  const scale = rare ? { type: 'sqrt' as const, domain: [0, end], nice: false } : { domain: [0, end], nice: false };
  const axis = { tickCount: 5, format: end < 0.1 ? '.2~p' : '.0%' };
  const note = rare ? ' (square-root scale)' : '';
  const x = {
    field: 'predicted',
    type: 'quantitative' as const,
    scale,
    axis: { ...axis, title: `mean predicted probability${note}` },
  };
  const y = {
    field: 'share',
    type: 'quantitative' as const,
    scale,
    axis: { ...axis, title: `share of positives${note}` },
  };
  const legend = lineLegend(domain);
  const color = {
    field: 'label',
    type: 'nominal' as const,
    scale: { domain, range: series.map(({ colour }) => colour) },
    legend,
  };
  const strokeDash = { ...color, scale: { domain, range: series.map(({ dash }) => [...dash]) } };
  return {
    id,
    section: 'calibration',
    title: atPoint(`Calibration on ${task}`, point),
    caption:
      `Share of positives against mean predicted probability of ${task}, in 15 bins of equally many test rows; means over seeds. On the ` +
      `dashed diagonal predictions are calibrated; below it they are too high.${omission}`,
    spec: {
      width: 350,
      height: 320,
      data: { values: [...values] },
      layer: [
        {
          data: { values: [{ from: 0, to: end }] },
          mark: { type: 'rule', color: cssColour('muted'), strokeDash: [5, 4] },
          encoding: {
            x: { ...x, field: 'from' },
            x2: { field: 'to' },
            y: { ...y, field: 'from' },
            y2: { field: 'to' },
          },
        },
        {
          mark: { type: 'line', strokeWidth: 1.6 },
          encoding: { x, y, color, strokeDash, order: { field: 'bin' } },
        },
        {
          mark: { type: 'point', filled: true, size: 14, opacity: 1 },
          encoding: { x, y, color: { ...color, legend: null } },
        },
      ],
    },
  };
}
