import type { Experiment } from '../config/experiment.js';
import type { Task } from '../data/dataset.js';
import { freshUnit } from './progress.js';
import { advance, type Unit, unitsOf } from './selection.js';
import type { EpochRecord, Trained } from './trainer.js';

/** How a run ended: on a plateau, or at its limit of epochs while it was (or may have been) still improving. */
export const endings = ['plateau', 'limit'] as const;
export type Ended = (typeof endings)[number];

/** Of the error: what fell by less than this over the last epochs no longer falls. */
const leastFall = 0.01;
/** Of the epochs that were allowed: the last ones, at least one. */
const lastPart = 1 / 5;

/**
 * Whether every unit ended on a plateau: it stopped by patience, or its least error so far (1 - score, or the loss) fell by less than 1 %
 * over the last fifth of the epochs that were allowed. It follows from what every version of ple has stored: the config and
 * epochs.jsonl. A unit without a validation row says nothing; a run without any is at its limit.
 * @param bestEpoch An object by task tells that each task was a unit.
 */
export function howEnded(
  epochs: readonly EpochRecord[],
  { tasks: configured, train }: Pick<Experiment, 'tasks' | 'train'>,
  bestEpoch: Trained['bestEpoch'],
): Ended {
  const [first] = epochs;
  if (!first) return 'limit';
  // A standardised loss is relative to the variance of the training labels, of which epochs.jsonl has that of the validation labels.
  const tasks = configured.map(({ name, type, standardize }): Task => {
    const variance = Number(first.validation[name]?.labelVariance);
    return { name, type, offset: 0, scale: standardize && variance > 0 ? Math.sqrt(variance) : 1 };
  });
  const owners = typeof bestEpoch === 'number' ? [undefined] : tasks.map(({ name }) => name);
  const weights = tasks.map(({ name }) => first.weights[name] ?? 1);
  const plateaus = unitsOf(owners, tasks, train.earlyStopping.monitor, weights).flatMap((unit) => {
    const judged = epochs.filter(({ validation }) => unit.error(validation) !== null);
    return judged.length === 0 ? [] : [hasStopped(unit, judged, train) || isFlat(unit, judged, train.epochs)];
  });
  return plateaus.length > 0 && plateaus.every((is) => is) ? 'plateau' : 'limit';
}

function hasStopped(unit: Unit, epochs: readonly EpochRecord[], { earlyStopping }: Experiment['train']): boolean {
  const end = epochs.reduce(
    (state, { epoch, validation }) => advance(state, epoch, unit.score(validation), earlyStopping).state,
    freshUnit,
  );
  return end.stopped;
}

function isFlat(unit: Unit, epochs: readonly EpochRecord[], allowed: number): boolean {
  const lastEpochs = Math.max(1, Math.round(allowed * lastPart));
  const least = (records: readonly EpochRecord[]) =>
    Math.min(...records.map(({ validation }) => unit.error(validation) ?? Number.POSITIVE_INFINITY));
  const before = least(epochs.filter(({ epoch }) => epoch <= allowed - lastEpochs));
  const end = least(epochs);
  return before === end || before - end < leastFall * before;
}
