import { z } from 'zod';
import { countUpTo, expertCount } from '../config/count.js';
import { didYouMean } from '../support/catalogue.js';
import { ConfigError } from '../support/errors.js';
import { must } from '../support/must.js';
import { tf } from '../support/tf.js';
import { concatenated, pick } from './layers/axes.js';
import { embed } from './layers/embed.js';
import { featureGates } from './layers/feature-gates.js';
import { gates } from './layers/gates.js';
import { type Mlps, mlps, towers } from './layers/mlps.js';
import { selfGates } from './layers/self-gates.js';
import { composed, defineModel, namesOf } from './model.js';
import { type CommonOptions, gateStart, moduleNames, shared, twoLevels } from './options.js';

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
      .describe('The groups of tasks: `[[click, like], [watch]]`. `[]`: all tasks are one group.'),
    gateStart,
    experts: expertCount().default(1).describe('Experts of each task, of each group, and shared ones.'),
    products: countUpTo(64, 'each is a layer of its own')
      .default(2)
      .describe('Products of low rank in the gate of an expert’s input; the rank is its width over this number.'),
    expertNormalization: z
      .enum(['batch', 'layer', 'none'])
      .default('batch')
      .describe('The normalisation of an expert’s output, before its Swish.'),
  },
  build(shape, options) {
    const tasks = namesOf(shape.tasks);
    const groups = groupIndexes(tasks, options.groups);
    const names = Array.from({ length: Math.max(...groups) + 1 }, (_, group) => `group ${group + 1}`);
    const taken = names.find((name) => tasks.includes(name));
    if (taken !== undefined)
      throw new ConfigError(`A task cannot be called '${taken}' in this model: rename it under 'tasks'.`);
    const [first, second] = options.levels;
    if (!first || !second || options.levels.length > 2)
      throw new ConfigError(`model.levels: home has two levels, of groups and of tasks, not ${options.levels.length}.`);
    const input = embed(shape, options);
    const last = names.length; // the shared module's place behind the groups
    const meta = level(1, [...names, shared], input.width, first, options);
    const meetings = gates(
      1,
      meta.modules.map((name, module) => ({
        name,
        sees: module === last ? [...meta.names.keys()] : [...meta.of(module), ...meta.of(last)],
      })),
      meta.names,
      input.width,
      options,
    );
    const own = selfGates('level1.self', meta.modules, options.experts, input.width);
    const { width } = meta.experts;
    const top = level(2, [...tasks, ...names, shared], width, second, options);
    const reads = top.owners.map((module) => groups[module] ?? module - tasks.length);
    const specs = tasks.map((name, task) => ({
      name,
      sees: [...top.of(task), ...top.of(tasks.length + must(groups[task], 'group')), ...top.of(tasks.length + last)],
    }));
    const mixtures = gates(2, specs, top.names, 2 * width, options);
    const ofTasks = selfGates('level2.self', tasks, options.experts, width);
    const heads = towers('tower', shape.tasks, top.experts.width, options);
    const layers = [input, meta.inputs, meta.experts, meetings, own, top.inputs, top.experts, mixtures, ofTasks, heads];
    return composed(layers, (pass) => {
      const x = input.apply(pass);
      const made = meta.experts.apply(pass, meta.inputs.apply(pass, x, meta.owners));
      const met = meetings.apply(pass, x, made);
      const z = tf.add(met.mixtures, own.apply(pass, x, made)); // a stream per group, then the shared one
      const outputs = top.experts.apply(pass, top.inputs.apply(pass, z, reads));
      const ofGroup = pick(z, groups);
      const shares = pick(
        z,
        groups.map(() => last),
      );
      const mixed = mixtures.apply(pass, concatenated([ofGroup, shares]), outputs);
      const state = tf.add(mixed.mixtures, ofTasks.apply(pass, ofGroup, outputs));
      return { logits: heads.apply(pass, state), gates: [...met.gates, ...mixed.gates] };
    });
  },
});

/** `count` experts of each module, one module after the other. */
function level(
  number: number,
  modules: readonly string[],
  inputs: number,
  widths: readonly number[],
  options: CommonOptions & {
    readonly experts: number;
    readonly products: number;
    readonly expertNormalization: CommonOptions['normalization'];
  },
) {
  const each = Array.from({ length: options.experts }, (_, index) => index);
  const names = modules.flatMap((module) => each.map((index) => `${module}/${index}`));
  return {
    modules,
    names,
    owners: modules.flatMap((_, module) => each.map(() => module)),
    of: (module: number) => each.map((index) => module * options.experts + index),
    inputs: featureGates(`level${number}.features`, names, inputs, options.products),
    experts: normalizedExperts(`level${number}.experts`, names, inputs, widths, options),
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
  options: CommonOptions & { readonly expertNormalization: CommonOptions['normalization'] },
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
