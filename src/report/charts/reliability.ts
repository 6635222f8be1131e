import { mean } from '../../comparison/statistics/moments.js';
import { hasTask } from '../../comparison/stored/entry.js';
import { calibrationBinCount, calibrationBins } from '../../metrics/calibration.js';
import { binarySample } from '../../metrics/samples.js';
import { joined } from '../../support/joined.js';
import type { Chart, ChartSection } from './chart.js';
import type { ChartedModel, ChartedRuns } from './charted-runs.js';
import { chartId, drawnPoints } from './drawn-points.js';
import { layer, type Plot, panelWidth } from './plot.js';

/**
 * Calibration of binary tasks: a chart per task, in bins of equally many test rows (with weighted rows, of equal
 * weight). Predictions are read run by run, so that only one run's are in memory.
 */
export async function reliability({ tasks, places }: ChartedRuns): Promise<readonly ChartSection[]> {
  const { points, omission } = drawnPoints(places, tasks.length);
  const charts: Chart[] = [];
  for (const [at, { title, models }] of points.entries()) {
    const curves: Curve[] = [];
    for (const model of models) curves.push(...(await reliabilityCurves(model)));
    for (const [index, task] of tasks.entries()) {
      const own = curves.filter((curve) => curve.task === task);
      if (own.length === 0) continue;
      charts.push({
        id: chartId('calibration', at + 1, index + 1),
        title: joined(', ', task, title),
        panels: [{ plots: [reliabilityPlot(own)] }],
        key: own.map(({ model }) => model),
      });
    }
  }
  if (charts.length === 0) return [];
  const note = [
    `Share of positives by mean predicted probability, in ${calibrationBinCount} bins of equal weight (equally many test rows without row weights); of several seeds, the mean.`,
    'On the dashed diagonal, predictions are what happens; below it they are too high.',
    ...omission,
  ];
  return [{ id: 'calibration', title: 'Calibration', note, size: 'medium', charts }];
}

interface Curve {
  readonly task: string;
  readonly model: ChartedModel;
  /** Means over the runs. */
  readonly bins: readonly Bin[];
}

interface Bin {
  readonly predicted: number;
  readonly actual: number;
}

async function reliabilityCurves(model: ChartedModel): Promise<readonly Curve[]> {
  const found = new Map<string, (readonly Bin[])[]>();
  for (const run of model.runs) {
    if (!run.hasPredictions) continue;
    for (const { task, scores } of await run.predictions()) {
      if (task.type !== 'binary' || !hasTask(run, task.name) || scores.logits.some(Number.isNaN)) continue; // NaN: the run diverged
      const bins = calibrationBins(binarySample(scores)).map(({ weight, predicted, positives }) => ({
        predicted: predicted / weight,
        actual: positives / weight,
      }));
      if (bins.length > 0) found.set(task.name, [...(found.get(task.name) ?? []), bins]);
    }
  }
  return [...found].map(([task, runs]) => ({
    task,
    model,
    bins: Array.from({ length: Math.max(...runs.map((bins) => bins.length)) }, (_, index) => {
      const own = runs.flatMap((bins) => bins[index] ?? []);
      return { predicted: mean(own.map((bin) => bin.predicted)), actual: mean(own.map((bin) => bin.actual)) };
    }),
  }));
}

function reliabilityPlot(curves: readonly Curve[]): Plot {
  const bins = curves.flatMap(({ bins: own, model: { label, model, colour, dash } }) =>
    own.map(({ predicted, actual }) => {
      const about = [label, `predicted ${predicted.toPrecision(4)}`, `actual ${actual.toPrecision(4)}`];
      return { x: predicted, y: actual, series: label, colour, dash, model, tip: about };
    }),
  );
  const most = Math.max(...bins.flatMap(({ x, y }) => [x, y]));
  const middle = bins.map(({ x }) => x).toSorted((a, b) => a - b)[bins.length >> 1] ?? 0;
  const isRare = middle < most / 8; // most bins would be in a corner
  const note = isRare ? ' (square-root axis)' : '';
  const axis = { domain: [0, most] as const, isRoot: isRare, ticks: 5, format: '~p' };
  return {
    width: panelWidth.medium - 90,
    height: 250,
    x: { ...axis, title: `mean predicted probability${note}` },
    y: { ...axis, title: `share of positives${note}` },
    layers: [
      layer('interval', [{ x: 0, x2: most, y: 0, y2: most }], { colour: 'muted', dash: [5, 4] }),
      layer('line', bins, { width: 1.6 }),
      layer('point', bins, { radius: curves.length > 1 ? 1.87 : 3 }),
    ],
  };
}
