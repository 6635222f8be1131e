import { z } from 'zod';
import { expertCount, layerWidth } from '../config/count.js';
import { didYouMean } from '../support/catalogue.js';
import { ConfigError } from '../support/errors.js';

/** Widths of hidden layers, one after the other. */
export const layerWidths = z.array(layerWidth());

/** For each level, the widths of one expert (or bottom) MLP. The defaults are the paper's three-layer networks. */
const anyLevels = z.array(layerWidths.min(1));
const levels = anyLevels.min(1);
const levelsText = 'Widths of the layers of one expert (bottom, column), a list per level.';
export const oneLevel = levels.default([[256]]).describe(levelsText);
/** `levels` of single-task with heads, which share the last layer. */
export const twoLevelsWithHeads = anyLevels
  .min(1, 'heads have no layer to share: name one, or take single-task')
  .default([[256], [128]])
  .describe(levelsText);
export const twoLevels = levels.default([[256], [128]]).describe(levelsText);
/** `levels` of models that also work without levels: the towers then read x. */
export const oneLevelOrNone = anyLevels.default([[256]]).describe(levelsText);
export const twoLevelsOrNone = anyLevels.default([[256], [128]]).describe(levelsText);

const dropoutRate = z.number().min(0).max(0.99);

/** What all models take; `tower` is the default of that key. */
export function commonOptions({ tower }: { readonly tower: number[] }) {
  return {
    tower: layerWidths.default(tower).describe('Widths of a task’s hidden layers above the levels. `[]`: none.'),
    dropout: z
      .union([dropoutRate, z.strictObject({ layers: dropoutRate.default(0), embeddings: dropoutRate.default(0) })])
      .default(0)
      .describe(
        'The share of outputs of hidden layers and embeddings that training sets to 0, from 0 to 0.99. Or `{ layers: 0.1, embeddings: 0 }`.',
      ),
    normalization: z
      .enum(['none', 'layer', 'batch'])
      .default('none')
      .describe('`layer` or `batch` normalisation before each activation.'),
    activation: z
      .enum(['relu', 'gelu', 'silu', 'tanh', 'prelu'])
      .default('relu')
      .describe('`relu`, `gelu`, `silu`, `tanh` or `prelu`.'),
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
export function onlyLevel(model: string, levels: readonly (readonly number[])[]): readonly number[] {
  const [first, ...others] = levels;
  if (first && others.length === 0) return first;
  throw new ConfigError(
    `model.levels: ${model} has one level, not ${levels.length}; several layers of a level are one list, e.g. [[256, 128]].`,
  );
}

/** Experts of each level, where all are shared. */
export const sharedExperts = expertCount().default(8).describe('Shared experts per level.');

/** The option of models whose gates are made by `layers/gates.ts`. */
export const gateStart = z
  .enum(['glorot', 'zero'])
  .default('glorot')
  .describe(
    'The starting weights of gates. `glorot`: uniform, as all weights. `zero`: each gate mixes its experts equally.',
  );

export type GateStart = z.infer<typeof gateStart>;

const ownExperts = expertCount(0);

const ownAndShared = z.union([
  expertCount(),
  z.strictObject({
    shared: ownExperts,
    task: z.union([ownExperts, z.record(z.string(), ownExperts)]),
  }),
]);
const expertsText =
  'Shared experts, and own ones of each task, per level: a number for both, `{ shared: n, task: n }`, or `{ shared: n, task: { <task>: n, … } }`. Each task needs at least one, own or shared.';

/** Experts of each task and shared ones. */
export const experts = ownAndShared.default(1).describe(expertsText);
/** `experts` of models that share none by default. */
export const expertsOfTasks = ownAndShared.default({ shared: 0, task: 1 }).describe(expertsText);

export type Experts = z.infer<typeof experts>;

/** A level's experts: those of each task in the order of `tasks`, then the shared ones. */
export interface LevelExperts {
  /** The tasks and, if there are shared experts, the shared module. */
  readonly modules: readonly string[];
  /** `<module>/<number>` */
  readonly names: readonly string[];
  /** For each expert, its module's index. */
  readonly owners: readonly number[];
  /** Indexes of a module's experts. */
  of(module: string): readonly number[];
}

export function levelExperts(option: Experts, tasks: readonly string[]): LevelExperts {
  const counts = expertCounts(option, tasks);
  const modules = moduleNames(tasks, counts.shared > 0);
  const all = modules.flatMap((module, owner) =>
    Array.from({ length: counts.tasks[owner] ?? counts.shared }, (_, number) => ({
      name: `${module}/${number}`,
      module,
      owner,
    })),
  );
  return {
    modules,
    names: all.map(({ name }) => name),
    owners: all.map(({ owner }) => owner),
    of: (module) => [...all.keys()].filter((expert) => all[expert]?.module === module),
  };
}

/** Own experts of every task, in the order of `tasks`, and shared ones. */
interface ExpertCounts {
  readonly tasks: readonly number[];
  readonly shared: number;
}

function expertCounts(option: Experts, tasks: readonly string[]): ExpertCounts {
  const { shared, task } = typeof option === 'number' ? { shared: option, task: option } : option;
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
