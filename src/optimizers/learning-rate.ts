import type { CommonOptions } from './options.js';
import { learningRateSchedules } from './schedules/catalogue.js';
import type { FollowedScores, LearningRateSchedule, TrainingLength } from './schedules/learning-rate-schedule.js';

/** The learning rate of a run, step by step. */
export interface LearningRate {
  /** After so many completed epochs and steps (both from 0). */
  at(completedEpochs: number, completedSteps: number, scores: FollowedScores): number;
  /** Only where it goes by the scores of epochs. Networks that share nothing then have a learning rate each, by their own scores. */
  readonly follow?: LearningRateSchedule['follow'];
}

/** @throws ConfigError for a schedule that does not fit the length of training. */
export function learningRateOf({ learningRate, decay, schedule }: CommonOptions, length: TrainingLength): LearningRate {
  if (schedule) {
    const { factor, follow } = learningRateSchedules.get(schedule.type).build(schedule, length);
    return { at: (_epochs, steps, scores) => learningRate * factor(steps, scores), ...(follow ? { follow } : {}) };
  }
  if (!decay) return { at: () => learningRate };
  return { at: (epochs, steps) => learningRate * decay.ratio ** (decay.unit === 'epoch' ? epochs : steps) };
}
