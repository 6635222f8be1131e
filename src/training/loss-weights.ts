import type { Experiment } from '../config/experiment.js';
import { weightSchedules } from '../objective/catalogue.js';

/** The loss weights of a run, task by task. This is where `loss.weights` and `loss.schedule` enter training. */
export function configuredLossWeights({ tasks, loss }: Pick<Experiment, 'tasks' | 'loss'>) {
  const names = tasks.map(({ name }) => name);
  return {
    initial: names.map((name) => loss.weights[name]?.initial ?? 1),
    /** @throws ConfigError for a schedule that is not loaded, and for weights that it would ignore. */
    schedule: () => weightSchedules.get(loss.schedule.type).build(names, loss.weights, loss.schedule),
  };
}
