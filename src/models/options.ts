import { z } from 'zod';
import { addedLater } from '../support/added-later.js';
import { didYouMean } from '../support/catalogue.js';
import { ConfigError } from '../support/errors.js';

const widths = z.array(
  z
    .int()
    .positive()
    .max(2 ** 16),
);

/** For each level, the widths of one expert (or bottom) MLP. The defaults are the paper's three-layer networks. */
const anyLevels = z.array(widths.min(1));
const levels = anyLevels.min(1);
export const oneLevel = levels.default([[256]]);
export const twoLevels = levels.default([[256], [128]]);
/** The same of models that work without levels: the towers then read x. */
export const oneLevelOrNone = anyLevels.default([[256]]);
export const twoLevelsOrNone = anyLevels.default([[256], [128]]);

const dropoutRate = z.number().min(0).max(0.99);

/** What all models take; `tower` is the default of that key. */
export function commonOptions({ tower }: { readonly tower: number[] }) {
  return {
    /** Widths of a task's hidden layers above the levels; none: the logit reads the last level. */
    tower: widths.default(tower),
    /** In training, the share of outputs of hidden layers and of embeddings that is set to 0: one number for both, or one of each. */
    dropout: addedLater(
      z
        .union([dropoutRate, z.strictObject({ layers: dropoutRate.default(0), embeddings: dropoutRate.default(0) })])
        .default(0),
    ),
    /** Of hidden layers, before the activation. */
    normalization: addedLater(z.enum(['none', 'layer']).default('none')),
    activation: addedLater(z.enum(['relu', 'gelu', 'silu', 'tanh', 'prelu']).default('relu')),
  };
}

export type CommonOptions = Readonly<z.infer<z.ZodObject<ReturnType<typeof commonOptions>>>>;

/** `dropout`, of layers and embeddings. */
export function dropoutRates({ dropout }: Pick<CommonOptions, 'dropout'>): { layers: number; embeddings: number } {
  return typeof dropout === 'number' ? { layers: dropout, embeddings: dropout } : dropout;
}

/** At the start, the part of a mixture that is its own: see `startingShares`. */
export const ownShare = z.number().positive().max(1);

/** The widths of the only level of a model that has one. */
export function onlyLevel(model: string, given: readonly (readonly number[])[]): readonly number[] {
  const [first, ...others] = given;
  if (first && others.length === 0) return first;
  throw new ConfigError(
    `model.levels: ${model} has one level, not ${given.length}; several layers of a level are one list, e.g. [[256, 128]].`,
  );
}

const mostExperts = 1024;

/** Experts of each level, where all are shared. */
export const sharedExperts = z.int().positive().max(mostExperts).default(8);

const ownExperts = z.int().nonnegative().max(mostExperts);

/** Number of experts: of each module (every task's own, and the shared), or of each kind, or of each task. */
export const experts = z.union([
  z.int().positive().max(mostExperts),
  z.strictObject({
    shared: ownExperts,
    task: z.union([ownExperts, z.record(z.string(), ownExperts)]),
  }),
]);

export type Experts = z.infer<typeof experts>;

/** Own experts of every task, in the order of `tasks`, and shared ones. */
interface ExpertCounts {
  readonly tasks: readonly number[];
  readonly shared: number;
}

export function expertCounts(given: Experts, tasks: readonly string[]): ExpertCounts {
  const { shared, task } = typeof given === 'number' ? { shared: given, task: given } : given;
  if (typeof task !== 'number') {
    const unknown = Object.keys(task).find((name) => !tasks.includes(name));
    if (unknown !== undefined) {
      throw new ConfigError(`model.experts.task: there is no task '${unknown}'${didYouMean(unknown, tasks)}.`);
    }
  }
  const counts = tasks.map((name) => {
    const count = typeof task === 'number' ? task : new Map(Object.entries(task)).get(name);
    if (count === undefined)
      throw new ConfigError(`model.experts.task: the number of experts of task '${name}' is missing.`);
    if (count + shared > 0) return count;
    throw new ConfigError(`model.experts: task '${name}' has no expert: it has none of its own, and none is shared.`);
  });
  return { tasks: counts, shared };
}

/** The name of what belongs to all tasks. */
export const shared = 'shared';

/** Names of all modules: the tasks and, if there is one, the shared module. */
export function moduleNames(tasks: readonly string[], hasShared: boolean): readonly string[] {
  // Without a shared module too: its experts, and its gate, would be taken for shared ones.
  if (tasks.includes(shared))
    throw new ConfigError(`A task cannot be called '${shared}' in this model: rename it under 'tasks'.`);
  return hasShared ? [...tasks, shared] : tasks;
}
