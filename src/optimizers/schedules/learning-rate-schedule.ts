import { z } from 'zod';
import { part } from '../../support/catalogue.js';
import { freshWait, waitSchema } from '../../support/patience.js';

/** How a run's learning rate moves. */
export interface LearningRateSchedule {
  /** What the learning rate is multiplied by at a step, counted from 0 over all epochs. */
  factor(step: number, scores: FollowedScores): number;
  /**
   * Present only if the schedule depends on the scores of epochs: what it keeps of them after one more epoch. The rate
   * is one for several tasks, which have a score each; null: it is not defined.
   */
  follow?(scores: FollowedScores, ofTasks: readonly (number | null)[]): FollowedScores;
}

/** The longest possible training; steps are counted from it. */
export interface TrainingLength {
  readonly epochs: number;
  readonly stepsPerEpoch: number;
}

/** What a schedule keeps of the epochs' scores; plain data, kept in checkpoints. Others leave it as it starts. */
export const followedScoresSchema = z.strictObject({
  /** By task. */
  waits: z.array(waitSchema),
  /** How often the learning rate was lowered. */
  reductions: z.int(),
});
export type FollowedScores = Readonly<z.infer<typeof followedScoresSchema>>;

export function noScores(tasks: number): FollowedScores {
  return { waits: Array(tasks).fill(freshWait), reductions: 0 };
}

/** @typeParam Given Its author gets the parsed options. What `defineLearningRateSchedule` returns gets any value, and parses it. */
export interface LearningRateScheduleDefinition<Options extends z.ZodObject = z.ZodObject, Given = unknown> {
  readonly name: string;
  /** One line for `ple list schedules`. */
  readonly summary: string;
  readonly options: Options;
  /**
   * @throws ConfigError for a setting that does not fit the length of training; it names the key
   * (`train.optimizer.schedule.<key>: …`).
   */
  readonly build: (options: Given, length: TrainingLength) => LearningRateSchedule;
}

export function defineLearningRateSchedule<Options extends z.ZodObject>(
  definition: LearningRateScheduleDefinition<Options, z.infer<Options>>,
): LearningRateScheduleDefinition {
  return part('learning-rate schedule', {
    ...definition,
    build: (options, length) => definition.build(definition.options.parse(options), length),
  });
}
