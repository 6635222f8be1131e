import { single } from './layers/axes.js';
import { embed } from './layers/embed.js';
import { gates } from './layers/gates.js';
import { mlps, towers } from './layers/mlps.js';
import { composed, defineModel, type Gate, type Model, type ModelShape, namesOf } from './model.js';
import {
  type CommonOptions,
  type GateStart,
  gateStart,
  oneLevel,
  onlyLevel,
  shared,
  sharedExperts,
} from './options.js';

/**
 * Multi-gate mixture of experts (Ma et al., KDD 2018, eq. 6-8): y_k = h_k(sum_i g_k(x)_i f_i(x)), g_k = softmax(W_k x).
 * The default number of experts is that of its section 5.
 */
export const mmoe = defineModel({
  name: 'mmoe',
  summary: 'shared experts, one gate per task',
  source: 'Ma et al., KDD 2018',
  tower: [128, 64],
  options: { levels: oneLevel, experts: sharedExperts, gateStart },
  build: (shape, options) =>
    mixtureOfExperts(shape, { ...options, levels: [onlyLevel('mmoe', options.levels)] }, namesOf(shape.tasks)),
});

/**
 * Levels of shared experts. Below the last level there is a gate per expert of the next level, which reads that gate's
 * mixture. The last level's gates feed the towers. All gates, at every level, see all experts of their level and read
 * the raw input x.
 * @param lastGates A gate per task, or a single one for all.
 */
export function mixtureOfExperts(
  shape: ModelShape,
  options: CommonOptions & {
    readonly levels: readonly (readonly number[])[];
    readonly experts: number;
    readonly gateStart: GateStart;
  },
  lastGates: readonly string[],
): Model {
  const experts = Array.from({ length: options.experts }, (_, number) => `${shared}/${number}`);
  const sees = [...experts.keys()];
  const input = embed(shape, options);
  let { width } = input;
  const levels = options.levels.map((widths, index) => {
    const level = index + 1;
    const feeds = level < options.levels.length ? experts : lastGates;
    const outputs = mlps(`level${level}.experts`, experts, width, widths, options);
    width = outputs.width;
    const specs = feeds.map((name) => ({ name, sees }));
    return { experts: outputs, gates: gates(level, specs, experts, input.width, options) };
  });
  const heads = towers('tower', shape.tasks, width, options);
  const layers = [input, ...levels.flatMap((level) => [level.gates, level.experts]), heads];
  return composed(layers, (pass) => {
    const x = input.apply(pass);
    let streams = x; // from level 2 on, one for each expert; at the end one for each gate
    const gateWeights: Gate[] = [];
    for (const level of levels) {
      const mixed = level.gates.apply(pass, x, level.experts.apply(pass, streams));
      gateWeights.push(...mixed.gates);
      streams = mixed.mixtures;
    }
    return { logits: heads.apply(pass, lastGates.length === 1 ? single(streams) : streams), gates: gateWeights };
  });
}
