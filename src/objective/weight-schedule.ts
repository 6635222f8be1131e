import type { z } from 'zod';
import { weightSchema } from '../config/parts.js';
import { didYouMean, part } from '../support/catalogue.js';
import { ConfigError } from '../support/errors.js';

/** How the weights of the task losses move while training. */
export interface WeightSchedule {
  /** One weight per task, in their order, after these numbers of completed epochs and steps. */
  weights(completedEpochs: number, completedSteps: number): readonly number[];
}

type Weight = Readonly<z.infer<typeof weightSchema>>;

export interface WeightScheduleDefinition {
  readonly name: string;
  /** One line for `ple list weights`. */
  readonly summary: string;
  readonly options: z.ZodObject;
  /**
   * @param tasks Names in their order.
   * @param weights `loss.weights` of the config; a task that it leaves out has the schema's defaults.
   * @throws ConfigError on a task that there is not, or on a setting that the schedule would ignore.
   */
  build(tasks: readonly string[], weights: Readonly<Record<string, Weight>>, options: unknown): WeightSchedule;
}

export function defineWeightSchedule<Options extends z.ZodObject>(definition: {
  readonly name: string;
  readonly summary: string;
  readonly options: Options;
  readonly build: (
    weights: readonly (Weight & { readonly task: string })[],
    options: z.infer<Options>,
  ) => WeightSchedule;
}): WeightScheduleDefinition {
  return part('loss-weight schedule', {
    name: definition.name,
    summary: definition.summary,
    options: definition.options,
    build: (tasks, weights, options) => {
      const stranger = Object.keys(weights).find((name) => !tasks.includes(name));
      if (stranger !== undefined) {
        throw new ConfigError(
          `loss.weights.${stranger}: no such task${didYouMean(stranger, tasks)}; there are: ${tasks.join(', ')}.`,
        );
      }
      const inOrder = tasks.map((task) => ({ task, ...(weights[task] ?? weightSchema.parse({})) }));
      return definition.build(inOrder, definition.options.parse(options));
    },
  });
}
