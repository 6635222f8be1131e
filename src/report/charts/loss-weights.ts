import type { EpochRecord } from '../../training/trainer.js';
import type { ReportData } from '../report-data.js';
import { runsOf } from '../runs-of.js';
import { type Datum, type Drawing, lineLegend } from './drawing.js';
import { seriesOf } from './palette.js';
import { atPoint, chartId, drawnPoints, type Point, pointsOf } from './points.js';

/** Loss weights over time, where a schedule makes them vary; once for all models, which share the schedule. */
export function lossWeights(data: ReportData): readonly Drawing[] {
  const all = pointsOf(data.comparison).map((point) => ({ point, epochs: longestRun(data, point) }));
  const varying = all.filter(({ epochs }) => varies(epochs));
  const different = all.filter((one) => varying.includes(one) && !varying.some((other) => standsFor(other, one, all)));
  const isOne = different.length === 1 && varying.length === all.length;
  const { points, omission } = drawnPoints(
    different.map(({ point }) => (isOne ? { ...point, text: '' } : point)),
    1,
  );
  return points.map((point, index) =>
    curves(data.comparison.tasks, point, different[index]?.epochs ?? [], index, omission),
  );
}

interface Weighted {
  readonly point: Point;
  readonly epochs: readonly EpochRecord[];
}

/** Whether `other` has the same weights, and more epochs of them; of as many, the first of `all` stands for the others. */
function standsFor(other: Weighted, one: Weighted, all: readonly Weighted[]): boolean {
  const [more, fewer] = [other, one].map(({ epochs }) => epochs.map(({ weights }) => JSON.stringify(weights)));
  if (!more || !fewer || more.length < fewer.length) return false;
  const isFirst = more.length > fewer.length || all.indexOf(other) < all.indexOf(one);
  return isFirst && fewer.every((weights, epoch) => weights === more[epoch]);
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
