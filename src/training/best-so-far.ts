import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Experiment } from '../config/experiment.js';
import type { TaskMetrics } from '../metrics/evaluate.js';
import { must } from '../support/must.js';
import { selectionHistory, storedSelection } from './ended.js';
import { epochsSoFar } from './epoch-record.js';
import { hasIndependentTasks } from './setup.js';

/** A run's state after an epoch. */
export interface TrainedSoFar {
  /** Trained epochs: fewer than asked for if early stopping ended the run, or it is still training. */
  readonly epochs: number;
  /** Whether it has trained the epochs asked for, or to its end. */
  readonly isTrained: boolean;
  /** Validation metrics of each task, at its best epoch so far. Empty without an epoch. */
  readonly tasks: Readonly<Record<string, { readonly type: string; readonly validation: TaskMetrics }>>;
}

/** Reads a run's epochs.jsonl up to an epoch, even if the run has trained more. */
export function bestSoFar(path: string, experiment: Experiment, until: number): TrainedSoFar {
  const file = join(path, 'epochs.jsonl');
  const all = existsSync(file) ? epochsSoFar(file) : [];
  const epochs = all.filter(({ epoch }) => epoch <= until);
  const last = epochs.at(-1)?.epoch ?? 0;
  const isTrained = last > 0 && (last >= until || existsSync(join(path, 'result.json')));
  if (last === 0) return { epochs: 0, isTrained, tasks: {} };
  const selection = storedSelection(all, experiment, hasIndependentTasks(experiment));
  const selected = must(selectionHistory(selection, epochs).at(-1), 'state of an epoch');
  const tasks = experiment.tasks.flatMap(({ name, type }, task) => {
    const best = epochs.find(({ epoch }) => epoch === selected.tasks[task]?.bestEpoch);
    const metrics = best?.validation[name];
    return metrics ? [[name, { type, validation: metrics }] as const] : [];
  });
  return { epochs: last, isTrained, tasks: Object.fromEntries(tasks) };
}
