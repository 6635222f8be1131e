import { z } from 'zod';
import type { Experiment } from '../config/experiment.js';
import { catalogue } from '../support/catalogue.js';
import { ConfigError } from '../support/errors.js';
import { defineWeightSchedule } from './weight-schedule.js';

/** w_k(t) = w_k,0. */
const constant = defineWeightSchedule({
  name: 'constant',
  summary: "each task's weight stays at its initial value",
  options: z.strictObject({ type: z.literal('constant') }),
  build: (weights) => {
    const moving = weights.find(({ ratio }) => ratio !== 1);
    if (moving) {
      throw new ConfigError(
        `loss.weights.${moving.task}.ratio has no effect with a constant schedule: set loss.schedule.type to exponential, or remove it.`,
      );
    }
    const initial = weights.map((weight) => weight.initial);
    return { weights: () => initial };
  },
});

/**
 * w_k(t) = w_k,0 * gamma_k^t (the PLE paper, equation 10). Its prose updates "after each step", its definition says
 * that t is the training epoch: both are offered.
 */
const exponential = defineWeightSchedule({
  name: 'exponential',
  summary: "each task's weight is initial * ratio^t, t being completed epochs or steps",
  options: z.strictObject({
    type: z.literal('exponential'),
    unit: z.enum(['epoch', 'step']).default('epoch').describe('What t counts, from 0: completed epochs or steps.'),
  }),
  build: (weights, { unit }) => ({
    weights: (completedEpochs, completedSteps) => {
      const t = unit === 'epoch' ? completedEpochs : completedSteps;
      return weights.map(({ initial, ratio }) => initial * ratio ** t);
    },
  }),
});

/** Every loss-weight schedule; a config that names none has the first. */
export const weightSchedules = catalogue('loss-weight schedule', [constant, exponential]);

/** The loss weights of a run, task by task. This is where `loss.weights` and `loss.schedule` enter training. */
export function configuredLossWeights({ tasks, loss }: Pick<Experiment, 'tasks' | 'loss'>) {
  const names = tasks.map(({ name }) => name);
  return {
    initial: names.map((name) => loss.weights[name]?.initial ?? 1),
    /** @throws ConfigError for a schedule that is not loaded, and for weights that it would ignore. */
    schedule: () => weightSchedules.get(loss.schedule.type).build(names, loss.weights, loss.schedule),
  };
}
