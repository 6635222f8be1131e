import { independentTasks, type Parameters } from '../models/model.js';
import { optimizers } from './catalogue.js';
import type { Optimizer } from './optimizer.js';

interface Choice {
  readonly type: string;
  readonly learningRate?: unknown;
}

/**
 * The optimizer of a run. With `embeddings`, embedding tables have their own optimizer, with its own rule, clipping and
 * L2. Its learning rate follows the main one, at the ratio that the two have at the start.
 */
export function buildOptimizer(parameters: Parameters, main: Choice, embeddings: Choice | undefined): Optimizer {
  if (!embeddings) return optimizers.get(main.type).build(parameters, main);
  const owners = independentTasks(parameters);
  const build = (isEmbedding: boolean, { type, ...options }: Choice) => {
    const chosen = Object.entries(parameters).filter(([, { kind }]) => (kind === 'embedding') === isEmbedding);
    return optimizers.get(type).build(Object.fromEntries(chosen), { type, ...options }, owners);
  };
  const parts = [
    { optimizer: build(false, main), ratio: 1 },
    { optimizer: build(true, embeddings), ratio: startingRate(embeddings) / startingRate(main) },
  ];
  return {
    lazy: parts.flatMap(({ optimizer }) => optimizer.lazy),
    slots: () => Object.assign({}, ...parts.map(({ optimizer }) => optimizer.slots())),
    update(input) {
      const updated = parts.map(({ optimizer, ratio }) =>
        optimizer.update({ ...input, learningRate: ratio === 1 ? input.learningRate : input.learningRate.mul(ratio) }),
      );
      return {
        parameters: Object.assign({}, ...updated.map(({ parameters }) => parameters)),
        slots: Object.assign({}, ...updated.map(({ slots }) => slots)),
      };
    },
  };
}

/** The learning rate before any schedule. */
function startingRate({ type, learningRate }: Choice): number {
  return optimizers.get(type).learningRate({ type, learningRate }, { epochs: 1, stepsPerEpoch: 1 }).start;
}
