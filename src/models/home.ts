import { z } from 'zod';
import { countUpTo, expertCount } from '../config/count.js';
import { didYouMean } from '../support/catalogue.js';
import { ConfigError } from '../support/errors.js';
import { must } from '../support/must.js';
import { tf } from '../support/tf.js';
import { concatenated, type Features, pick } from './layers/axes.js';
import { embed } from './layers/embed.js';
import { featureGates } from './layers/feature-gates.js';
import { gates } from './layers/gates.js';
import { type Mlps, mlps, towers } from './layers/mlps.js';
import { selfGates } from './layers/self-gates.js';
import { composed, defineModel, type ForwardPass, namesOf } from './model.js';
import { type CommonOptions, type GateStart, gateStart, moduleNames, shared, twoLevels } from './options.js';

/**
 * Hierarchy of Multi-gate Experts (Wang et al. 2024, arXiv 2408.05430). Tasks are in groups. With E an expert on its
 * own scaled input:
 *
 *     level 1   z_m = Gate_m(x) over the experts of m and the shared ones + Self_m(x),   m a group; the shared module's gate sees all
 *     level 2   z_k = Gate_k([z_g, z_s]) over the experts of task k, its group g and the shared ones + Self_k(z_g),   y_k = h_k(z_k)
 *
 * (the hierarchy mask). Experts of level 1 read x; those of a task or group at level 2 read z_g, the shared ones z_s. A
 * feature gate scales each expert's input. Self is a gate over the module's own experts alone. Gates are softmax of a
 * linear map.
 *
 * An expert's output is Swish(BN(MLP(v))), BN batch normalisation. `normalization` and `activation` apply to its hidden
 * layers and to the towers, not to its last layer. All modules have the same number of experts, and no gate has a bias.
 */
export const home = defineModel({
  name: 'home',
  summary: 'experts per task, per group of tasks and shared, in two levels; normalised, with gated inputs',
  source: 'Wang et al. 2024',
  tower: [64],
  options: {
    levels: twoLevels,
    groups: z
      .array(z.array(z.string()).min(1))
      .default([])
      .describe('Groups of tasks: `[[click, like], [watch]]`. `[]`: one group.'),
    gateStart,
    experts: expertCount().default(1).describe('Experts of each task, of each group, and shared ones.'),
    products: countUpTo(64, 'each is a layer of its own')
      .default(2)
      .describe('Products of low rank in the gate of an expert’s input. Their rank is its width over this number.'),
    expertNormalization: z
      .enum(['batch', 'layer', 'none'])
      .default('batch')
      .describe('The normalisation of an expert’s output, before its Swish.'),
  },
  build(shape, options) {
    const tasks = namesOf(shape.tasks);
    const groups = groupIndexes(tasks, options.groups);
    const groupNames = Array.from({ length: Math.max(...groups) + 1 }, (_, group) => `group ${group + 1}`);
    const taken = groupNames.find((name) => tasks.includes(name));
    if (taken !== undefined)
      throw new ConfigError(`A task cannot be called '${taken}' in this model: rename it under 'tasks'.`);
    const [first, second] = options.levels;
    if (!first || !second || options.levels.length > 2)
      throw new ConfigError(`model.levels: home has two levels, of groups and of tasks, not ${options.levels.length}.`);
    const input = embed(shape, options);
    const modules = [...groupNames, shared];
    const last = groupNames.length; // the shared module
    const meta = moduleExperts(1, modules, input.width, first, options);
    const seenByModules = modules.map((_, module) =>
      module === last ? [...meta.names.keys()] : [...meta.of(module), ...meta.of(last)],
    );
    const metaGates = moduleGates(meta, modules, seenByModules, input.width, input.width, options);
    const top = moduleExperts(2, [...tasks, ...modules], meta.width, second, options);
    const reads = top.owners.map((module) => groups[module] ?? module - tasks.length);
    const seenByTasks = groups.map((group, task) => [task, tasks.length + group, tasks.length + last].flatMap(top.of));
    const taskGates = moduleGates(top, tasks, seenByTasks, 2 * meta.width, meta.width, options);
    const heads = towers('tower', shape.tasks, top.width, options);
    const layers = [input, ...meta.layers, ...metaGates.layers, ...top.layers, ...taskGates.layers, heads];
    return composed(layers, (pass) => {
      const x = input.apply(pass);
      const met = metaGates.apply(pass, x, x, meta.apply(pass, x, meta.owners));
      const outputs = top.apply(pass, met.streams, reads);
      const ofGroup = pick(met.streams, groups);
      const ofShared = pick(
        met.streams,
        groups.map(() => last),
      );
      const mixed = taskGates.apply(pass, concatenated([ofGroup, ofShared]), ofGroup, outputs);
      return { logits: heads.apply(pass, mixed.streams), gates: [...met.gates, ...mixed.gates] };
    });
  },
});

type LevelOptions = CommonOptions & {
  readonly experts: number;
  readonly products: number;
  readonly expertNormalization: CommonOptions['normalization'];
  readonly gateStart: GateStart;
};

/** A level's experts of each module, one module after the other. */
function moduleExperts(
  level: number,
  modules: readonly string[],
  inputs: number,
  widths: readonly number[],
  options: LevelOptions,
) {
  const each = Array.from({ length: options.experts }, (_, index) => index);
  const names = modules.flatMap((module) => each.map((index) => `${module}/${index}`));
  const scaled = featureGates(`level${level}.features`, names, inputs, options.products);
  const outputs = normalizedExperts(`level${level}.experts`, names, inputs, widths, options);
  return {
    level,
    names,
    owners: modules.flatMap((_, module) => each.map(() => module)),
    of: (module: number) => each.map((index) => module * options.experts + index),
    layers: [scaled, outputs],
    width: outputs.width,
    /** @param reads for each expert the index of the stream that it reads */
    apply: (pass: ForwardPass, input: Features, reads: readonly number[]) =>
      outputs.apply(pass, scaled.apply(pass, input, reads)),
  };
}

/** A gate for each of these modules, over the experts that it sees, and one over the module's own: Gate + Self. */
function moduleGates(
  { level, names }: ReturnType<typeof moduleExperts>,
  modules: readonly string[],
  seen: readonly (readonly number[])[],
  gateInputs: number,
  selfInputs: number,
  options: LevelOptions,
) {
  const specs = modules.map((name, module) => ({ name, sees: must(seen[module], name) }));
  const mixtures = gates(level, specs, names, gateInputs, options);
  const self = selfGates(`level${level}.self`, modules, options.experts, selfInputs);
  return {
    layers: [mixtures, self],
    apply(pass: ForwardPass, gateInput: Features, selfInput: Features, outputs: Features) {
      const mixed = mixtures.apply(pass, gateInput, outputs);
      return { streams: tf.add(mixed.mixtures, self.apply(pass, selfInput, outputs)), gates: mixed.gates };
    },
  };
}

/**
 * Hidden layers by the model's options, then an output layer `<name>.output` with batch normalisation and the paper's
 * activation.
 */
function normalizedExperts(
  name: string,
  members: readonly string[],
  inputs: number,
  widths: readonly number[],
  options: LevelOptions,
): Mlps {
  const hidden = mlps(name, members, inputs, widths.slice(0, -1), options);
  const output = mlps(`${name}.output`, members, hidden.width, widths.slice(-1), {
    ...options,
    normalization: options.expertNormalization,
    activation: 'silu',
  });
  return {
    parameters: { ...hidden.parameters, ...output.parameters },
    noise: { ...hidden.noise, ...output.noise },
    width: output.width,
    apply: (pass, input, reads) => output.apply(pass, hidden.apply(pass, input, reads)),
  };
}

/** The index of each task's group. */
function groupIndexes(tasks: readonly string[], groups: readonly (readonly string[])[]): number[] {
  moduleNames(tasks, true);
  if (groups.length === 0) return tasks.map(() => 0);
  const named = groups.flat();
  const unknown = named.find((name) => !tasks.includes(name));
  if (unknown !== undefined)
    throw new ConfigError(`model.groups: there is no task '${unknown}'${didYouMean(unknown, tasks)}.`);
  return tasks.map((task) => {
    const times = named.filter((name) => name === task).length;
    if (times === 1) return groups.findIndex((group) => group.includes(task));
    throw new ConfigError(
      times === 0
        ? `model.groups: task '${task}' is in no group; add it to one, or give it a group of its own.`
        : `model.groups: task '${task}' is in more than one group; leave it in one.`,
    );
  });
}
