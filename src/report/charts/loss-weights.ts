import type { EpochRecord } from '../../training/trainer.js';
import type { ReportData } from '../report-data.js';
import { runsOf } from '../runs-of.js';
import { type Datum, type Drawing, lineLegend } from './drawing.js';
import { seriesOf } from './palette.js';
import { atPoint, chartId, drawnPoints, type Point, pointsOf } from './points.js';

/** Loss weights over time, where a schedule makes them vary; once for all models, which share the schedule. */
export function lossWeights(data: ReportData): readonly Drawing[] {
  const varying = pointsOf(data.comparison).flatMap((point) => {
    const epochs = longestRun(data, point);
    return varies(epochs) ? [{ point, epochs, text: point.text }] : [];
  });
  const different = varying.filter(({ epochs }, index) => {
    const weights = JSON.stringify(epochs.map((epoch) => epoch.weights));
    return (
      varying.findIndex((other) => JSON.stringify(other.epochs.map((epoch) => epoch.weights)) === weights) === index
    );
  });
  const { points, omission } = drawnPoints(
    different.map(({ point }) => point),
    1,
  );
  return points.map((point, index) =>
    curves(
      data.comparison.tasks,
      different.length > 1 ? point : { ...point, text: '' },
      longestRun(data, point),
      index,
      omission,
    ),
  );
}

function longestRun(data: ReportData, { rows }: Point): readonly EpochRecord[] {
  const runs = rows.flatMap((row) => runsOf(data, row));
  return runs.reduce<readonly EpochRecord[]>(
    (longest, { epochs }) => (epochs.length > longest.length ? epochs : longest),
    [],
  );
}

function varies(epochs: readonly EpochRecord[]): boolean {
  return epochs.some(({ weights }) => JSON.stringify(weights) !== JSON.stringify(epochs[0]?.weights));
}

function curves(
  tasks: readonly string[],
  point: Point,
  epochs: readonly EpochRecord[],
  index: number,
  omission: string,
): Drawing {
  const series = seriesOf(tasks);
  const values = epochs.flatMap(({ epoch, weights }) =>
    tasks.map((task): Datum => ({ task, epoch, weight: weights[task] ?? null })),
  );
  const legend = lineLegend(tasks);
  return {
    id: chartId('weights', index + 1),
    section: 'weights',
    title: atPoint('Loss weights', point),
    caption: `The weight of each task's loss at the first step of each epoch, by the schedule.${omission}`,
    spec: {
      width: 365,
      height: 200,
      data: { values },
      mark: { type: 'line', strokeWidth: 2 },
      encoding: {
        x: {
          field: 'epoch',
          type: 'quantitative',
          scale: { zero: false, nice: false },
          axis: { format: 'd', grid: false, tickMinStep: 1, title: 'epoch' },
        },
        y: { field: 'weight', type: 'quantitative', axis: { title: 'loss weight', tickCount: 5 } },
        color: {
          field: 'task',
          type: 'nominal',
          scale: { domain: [...tasks], range: series.map(({ colour }) => colour) },
          legend,
        },
        strokeDash: {
          field: 'task',
          type: 'nominal',
          scale: { domain: [...tasks], range: series.map(({ dash }) => [...dash]) },
          legend,
        },
      },
    },
  };
}
