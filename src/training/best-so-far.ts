import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Experiment } from '../config/experiment.js';
import type { TaskMetrics } from '../metrics/evaluate.js';
import { must } from '../support/must.js';
import { epochsSoFar } from './epoch-record.js';
import { selectedOver, unitsIn } from './result.js';
import { hasIndependentTasks } from './setup.js';

/** A run as it was after an epoch. */
export interface TrainedSoFar {
  /** Epochs that were trained: fewer than asked for, if early stopping ended the run or it has not come so far. */
  readonly epochs: number;
  /** Whether it was trained as far as was asked for, or to its end. */
  readonly isTrained: boolean;
  /** By task, at the epoch that selection would keep: validation metrics. Empty without an epoch. */
  readonly tasks: Readonly<Record<string, { readonly type: string; readonly validation: TaskMetrics }>>;
}

/** What epochs.jsonl says of a run up to an epoch, whatever the run has trained since. */
export function bestSoFar(path: string, experiment: Experiment, until: number): TrainedSoFar {
  const file = join(path, 'epochs.jsonl');
  const all = existsSync(file) ? epochsSoFar(file) : [];
  const epochs = all.filter(({ epoch }) => epoch <= until);
  const last = epochs.at(-1)?.epoch ?? 0;
  const isTrained = last > 0 && (last >= until || existsSync(join(path, 'result.json')));
  if (last === 0) return { epochs: 0, isTrained, tasks: {} };
  const bestOf = unitsIn(all, experiment, hasIndependentTasks(experiment)).map((unit) => {
    const { bestEpoch } = selectedOver(unit, epochs, experiment.train);
    const best = must(
      epochs.find(({ epoch }) => epoch === bestEpoch),
      `epoch ${bestEpoch}`,
    );
    return { owner: unit.owner, validation: best.validation };
  });
  const tasks = experiment.tasks.flatMap(({ name, type }) => {
    const metrics = bestOf.find(({ owner }) => owner === undefined || owner === name)?.validation[name];
    return metrics ? [[name, { type, validation: metrics }] as const] : [];
  });
  return { epochs: last, isTrained, tasks: Object.fromEntries(tasks) };
}
