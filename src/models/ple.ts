import { z } from 'zod';
import { ConfigError } from '../support/errors.js';
import { type Features, ones } from './layers/axes.js';
import { embed } from './layers/embed.js';
import { type GateSpec, gates } from './layers/gates.js';
import { mlps, towers } from './layers/mlps.js';
import { composed, defineModel, type Gate, type Model, type ModelShape, namesOf } from './model.js';
import {
  type CommonOptions,
  type Experts,
  experts,
  type GateStart,
  gateStart,
  levelExperts,
  shared,
  twoLevels,
} from './options.js';

const gateInput = z
  .enum(['streams', 'input', 'blind'])
  .default('streams')
  .describe(
    'What gates read. `streams`: what their module’s experts read, as in the paper (eq. 6). `input`: x at every level, as in ML-MMoE. `blind`: nothing; weights are the same for all rows.',
  );
const taskSees = z
  .enum(['own', 'all'])
  .default('own')
  .describe(
    'Which experts a task’s gate mixes. `own`: its own and the shared ones, as in the paper. `all`: all of the level.',
  );

const selected: Readonly<Record<z.infer<typeof gateInput>, (streams: Features, x: Features) => Features>> = {
  streams: (streams) => streams,
  input: (_, x) => x,
  blind: ones,
};

/**
 * Progressive Layered Extraction (Tang et al., RecSys 2020, eq. 6-7, Fig. 5): N >= 2 extraction networks, one above the
 * other.
 */
export const ple = defineModel({
  name: 'ple',
  summary: 'levels of task-specific and shared experts, separated progressively',
  source: 'PLE section 4.2, eq. 6-7',
  tower: [64],
  options: { levels: twoLevels, experts, gates: gateInput, sees: taskSees, gateStart },
  build(shape, options) {
    if (options.levels.length < 2)
      throw new ConfigError('model.levels: ple has two levels or more; with one, say type: cgc.');
    return extractionNetworks(shape, options);
  },
});

/**
 * Extraction networks, then a tower per task (PLE eq. 2-7, Fig. 4 and 5).
 *
 * Level j has a module per task and a shared one, in this order. A module's experts, and its gate, read the module's
 * own mixture of level j - 1; at level 1 all read x. A task's gate mixes its own experts, then the shared ones. The
 * shared gate mixes **all** experts of the level, and the last level has none.
 */
export function extractionNetworks(
  shape: ModelShape,
  options: CommonOptions & {
    readonly levels: readonly (readonly number[])[];
    readonly experts: Experts;
    readonly gates?: z.infer<typeof gateInput>;
    readonly sees?: z.infer<typeof taskSees>;
    readonly gateStart: GateStart;
  },
): Model {
  const tasks = namesOf(shape.tasks);
  const { modules, names, owners, of } = levelExperts(options.experts, tasks);

  const selector = options.gates ?? 'streams';
  const input = embed(shape, options);
  let { width } = input;
  const networks = options.levels.map((widths, index) => {
    const level = index + 1;
    const gated = level < options.levels.length ? modules : tasks;
    const specs: GateSpec[] = gated.map((module) => ({
      name: module,
      sees: module === shared || options.sees === 'all' ? [...names.keys()] : [...of(module), ...of(shared)],
    }));
    const network = {
      experts: mlps(`level${level}.experts`, names, width, widths, options),
      gates: gates(level, specs, names, { streams: width, input: input.width, blind: 1 }[selector], options),
    };
    width = network.experts.width;
    return network;
  });
  const heads = towers('tower', shape.tasks, width, options);
  const layers = [input, ...networks.flatMap((network) => [network.experts, network.gates]), heads];

  return composed(layers, (pass) => {
    const x = input.apply(pass);
    let streams = x; // from level 2 on, one for each module
    const gateWeights: Gate[] = [];
    for (const network of networks) {
      const outputs = network.experts.apply(pass, streams, owners);
      const mixed = network.gates.apply(pass, selected[selector](streams, x), outputs);
      gateWeights.push(...mixed.gates);
      streams = mixed.mixtures;
    }
    return { logits: heads.apply(pass, streams), gates: gateWeights };
  });
}
