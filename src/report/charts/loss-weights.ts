import type { EpochRecord } from '../../training/epoch-record.js';
import type { FinishedRun } from '../../training/finished-run.js';
import { type Point, pointsOf } from '../points.js';
import type { ReportData } from '../report-data.js';
import { runsOf } from '../report-data.js';
import { type Drawing, type PanelSpec, panelWidth, type Section } from './drawing.js';
import { epochLines } from './epoch-lines.js';
import { seriesOf } from './palette.js';
import { atPoint, chartId, drawnPoints } from './points.js';

/** Loss weights over time, where a schedule makes them vary; once for all models, which share the schedule. Those of a balancing method are in `balancing`. */
export function lossWeights(data: ReportData): readonly Section[] {
  const all = pointsOf(data.comparison).map((point) => ({ point, epochs: longestRun(data, point) }));
  const varying = all.filter(({ epochs }) => varies(epochs));
  const different = all.filter((one) => varying.includes(one) && !varying.some((other) => standsFor(other, one, all)));
  const isOne = different.length === 1 && varying.length === all.length;
  const { points, omission } = drawnPoints(different, 1);
  return section(
    data.comparison.tasks,
    points.map(({ point, epochs }) => ({ title: isOne ? '' : atPoint('', point), epochs })),
    omission,
  );
}

/** The same for a single run. */
export function runLossWeights({ epochs, experiment }: Pick<FinishedRun, 'epochs' | 'experiment'>): readonly Section[] {
  const tasks = experiment.tasks.map(({ name }) => name);
  if (isBalanced({ epochs })) return [];
  return section(tasks, varies(epochs) ? [{ title: '', epochs }] : [], []);
}

/** Whether a balancing method sets the weights. */
export function isBalanced({ epochs }: Pick<FinishedRun, 'epochs'>): boolean {
  return epochs.some(({ balance }) => balance !== undefined);
}

function section(tasks: readonly string[], places: readonly Place[], omission: readonly string[]): readonly Section[] {
  if (places.length === 0) return [];
  const key = seriesOf(tasks);
  const note = ['The weight of each task’s loss at the first step of each epoch.', ...omission].join(' ');
  const drawings = places.map((place, index): Drawing => {
    const panels = [{ title: '', spec: curves(tasks, place.epochs) }];
    return { id: chartId('weights', index + 1), title: place.title, remarks: [], panels, key, columns: 1 };
  });
  return [{ id: 'weights', title: 'Loss weights', note, key, size: 'medium', drawings }];
}

interface Place {
  readonly title: string;
  readonly epochs: readonly EpochRecord[];
}

interface Weighted {
  readonly point: Point;
  readonly epochs: readonly EpochRecord[];
}

/**
 * Whether `other` has the same weights over more epochs. With equal epochs, the first run in `all` represents the
 * others.
 */
function standsFor(other: Weighted, one: Weighted, all: readonly Weighted[]): boolean {
  const [more, fewer] = [other, one].map(({ epochs }) => epochs.map(({ weights }) => JSON.stringify(weights)));
  if (!more || !fewer || more.length < fewer.length) return false;
  const isFirst = more.length > fewer.length || all.indexOf(other) < all.indexOf(one);
  return isFirst && fewer.every((weights, epoch) => weights === more[epoch]);
}

function longestRun(data: ReportData, { rows }: Point): readonly EpochRecord[] {
  const runs = rows.flatMap((row) => runsOf(data, row)).filter((run) => !isBalanced(run));
  return runs.reduce<readonly EpochRecord[]>(
    (longest, { epochs }) => (epochs.length > longest.length ? epochs : longest),
    [],
  );
}

function varies(epochs: readonly EpochRecord[]): boolean {
  return epochs.some(({ weights }) => JSON.stringify(weights) !== JSON.stringify(epochs[0]?.weights));
}

function curves(tasks: readonly string[], epochs: readonly EpochRecord[]): PanelSpec {
  const at = epochs.map(({ epoch, weights }) => ({ epoch, values: weights }));
  return epochLines(tasks, at, { field: 'weight', title: 'loss weight', width: panelWidth.medium });
}
