import { mlps } from './dense.js';
import { inputLayer } from './embedding.js';
import { gates } from './gate.js';
import type { Gate, Model, ModelShape } from './model.js';
import { shared } from './options.js';
import { towers } from './tower.js';

/**
 * Levels of shared experts. The last level has a gate per task; every other has a gate per expert of the next level, which reads
 * that gate's mixture. All gates, at every level, see all experts of their level and read the raw input x.
 *
 * Shapes: x [blocks, inputs, rows], experts [blocks, experts, width, rows], a level's mixtures [blocks, experts or tasks, width, rows],
 * logits [tasks, batch].
 */
export function mixtureOfExperts(
  shape: ModelShape,
  options: {
    readonly levels: readonly (readonly number[])[];
    readonly tower: readonly number[];
    readonly experts: number;
  },
): Model {
  const experts = Array.from({ length: options.experts }, (_, number) => `${shared}/${number}`);
  const sees = [...experts.keys()];
  const input = inputLayer(shape);
  const levels = options.levels.map((widths, index) => {
    const level = index + 1;
    const inputs = options.levels[index - 1]?.at(-1) ?? input.width;
    const feeds = level < options.levels.length ? experts : shape.tasks;
    return {
      experts: mlps(`level${level}.experts`, experts, inputs, widths),
      gates: gates(
        level,
        feeds.map((name) => ({ name, sees })),
        experts,
        input.width,
      ),
    };
  });
  const heads = towers('tower', shape.tasks, options.levels.at(-1)?.at(-1) ?? 0, options.tower);
  const layers = [input, ...levels.flatMap((level) => [level.experts, level.gates]), heads];

  return {
    parameters: Object.assign({}, ...layers.map((layer) => layer.parameters)),
    apply(parameters, inputs) {
      const x = input.apply(parameters, inputs);
      let streams = x;
      const weights: Gate[] = [];
      for (const level of levels) {
        const mixed = level.gates.apply(parameters, x, level.experts.apply(parameters, streams));
        weights.push(...mixed.gates);
        streams = mixed.mixtures;
      }
      return { logits: heads.apply(parameters, streams), gates: weights };
    },
  };
}
