import { mlps } from './dense.js';
import { inputLayer } from './embedding.js';
import { type GateSpec, gates } from './gate.js';
import type { Gate, Model, ModelShape } from './model.js';
import { type ExpertCounts, moduleNames, shared } from './options.js';
import { towers } from './tower.js';

/**
 * Extraction networks, one above the other, then a tower per task (PLE eq. 2-7, Fig. 4 and 5).
 *
 * Level j has a module per task and a shared one, in this order. A module's experts, and its gate, read the module's own mixture
 * of level j - 1; at level 1 all read x. A task's gate mixes its own experts, then the shared ones. The shared gate mixes
 * **all** experts of the level, and the last level has none.
 *
 * Shapes: x [blocks, inputs, rows]; a level's experts [blocks, experts, width, rows], module after module; its mixtures
 * [blocks, modules, width, rows]; logits [tasks, batch].
 */
export function extractionNetworks(
  shape: ModelShape,
  options: {
    readonly levels: readonly (readonly number[])[];
    readonly tower: readonly number[];
    readonly experts: ExpertCounts;
  },
): Model {
  const modules = moduleNames(shape.tasks, options.experts.shared > 0);
  const counts = [...options.experts.tasks, options.experts.shared];
  const experts = modules.flatMap((module, index) =>
    Array.from({ length: counts[index] ?? 0 }, (_, number) => ({ name: `${module}/${number}`, module, index })),
  );
  const names = experts.map((expert) => expert.name);
  const owners = experts.map((expert) => expert.index);
  const expertsOf = (...owning: string[]) =>
    [...experts.keys()].filter((e) => owning.includes(experts[e]?.module ?? ''));

  const input = inputLayer(shape);
  let width = input.width;
  const networks = options.levels.map((widths, index) => {
    const level = index + 1;
    const gated = level < options.levels.length ? modules : shape.tasks;
    const specs: GateSpec[] = gated.map((module) => ({
      name: module,
      sees: module === shared ? [...experts.keys()] : [...expertsOf(module), ...expertsOf(shared)],
    }));
    const network = {
      experts: mlps(`level${level}.experts`, names, width, widths),
      gates: gates(level, specs, names, width),
    };
    width = widths.at(-1) ?? width;
    return network;
  });
  const tower = towers('tower', shape.tasks, width, options.tower);
  const layers = [input, ...networks.flatMap((network) => [network.experts, network.gates]), tower];

  return {
    parameters: Object.assign({}, ...layers.map((layer) => layer.parameters)),
    apply(parameters, inputs) {
      let streams = input.apply(parameters, inputs); // x; from level 2 on, [blocks, modules, width, rows]
      const weights: Gate[] = [];
      for (const network of networks) {
        const outputs = network.experts.apply(parameters, streams, owners);
        const mixed = network.gates.apply(parameters, streams, outputs);
        weights.push(...mixed.gates);
        streams = mixed.mixtures;
      }
      return { logits: tower.apply(parameters, streams), gates: weights };
    },
  };
}
