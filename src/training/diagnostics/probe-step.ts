import type { Tensor } from '@tensorflow/tfjs';
import type { Step, Tensors } from '../../engine/engine.js';
import { evaluating, type Gate, type Model, trainable } from '../../models/model.js';
import { diagonal } from '../../objective/balancing/products.js';
import type { JointLoss } from '../../objective/joint-loss.js';
import { must } from '../../support/must.js';
import { tf } from '../../support/tf.js';
import type { Sharing } from '../gradients/sharing.js';
import { predictionLosses } from '../gradients/step-gradients.js';
import { gradientsByTask, pairCosines } from '../gradients/task-gradients.js';
import { modelInputs } from '../step.js';

/** The experts of a level. */
export interface Level {
  readonly level: number;
  readonly experts: readonly string[];
}

/** The parts of a model, found when it is applied. */
export interface Anatomy {
  readonly gates: readonly Omit<Gate, 'weights'>[];
  /** Levels whose experts are mixed by gates. */
  readonly levels: readonly Level[];
}

/**
 * Measures a batch for diagnostics, without dropout. State: the parameters. Batch: the data's arrays. Outputs: losses
 * `tasks` [T]; every gate's weights as `gate/<index>` [B, experts]; the largest values of units as `units/<layer>`
 * [members, width], and of experts as `experts/<level>` [experts]. If tasks share parameters, also `cosines` [pairs]
 * and `norms` [T] of their gradients of these.
 * @param describe gets the model's parts when the step is traced or run
 */
export function probeStep(
  model: Model,
  loss: JointLoss,
  { parts }: Sharing,
  describe: (anatomy: Anatomy) => void,
): Step {
  const trained = trainable(model.parameters);
  const shared = trained.filter((name) => (parts[name] ?? 'none') !== 'none');
  return (state, batch) => {
    const targets = unweightedTargets(batch);
    const watched: Record<string, Tensor> = {};
    const levels: Level[] = [];
    const watch = {
      units(layer: string, largest: Tensor) {
        watched[`units/${layer}`] = largest;
      },
      experts(level: number, experts: readonly string[], largest: Tensor) {
        levels.push({ level, experts });
        watched[`experts/${level}`] = largest;
      },
    };
    const rows = targets.mask.max(0).greater(0).toFloat();
    const prediction = model.apply(state, modelInputs(batch), { ...evaluating, rows, watch });
    const { gates = [] } = prediction;
    describe({ gates: gates.map(({ weights: _, ...gate }) => gate), levels });
    const weights = gates.map((gate, index) => [`gate/${index}`, gate.weights] as const);
    const outputs = {
      tasks: predictionLosses(loss, prediction, targets).tasks,
      ...Object.fromEntries(weights),
      ...watched,
    };
    if (shared.length === 0) return { state: {}, outputs };
    const evaluate = (values: readonly Tensor[]) => {
      const byName = Object.fromEntries(shared.map((name, index) => [name, must(values[index], name)]));
      return predictionLosses(loss, model.apply({ ...state, ...byName }, modelInputs(batch), evaluating), targets);
    };
    const values = shared.map((name) => must(state[name], name));
    const { all } = gradientsByTask({ parts }, evaluate, values, shared, targets.lossWeights);
    return { state: {}, outputs: { ...outputs, cosines: pairCosines(all), norms: diagonal(all).sqrt() } };
  };
}

/** The state that says which experts are left out. */
export const leftOutName = 'leftOut';

/**
 * The losses `tasks` [T] of a batch without some experts, and the `weights` [T] of its rows. State: the parameters, and
 * `leftOut` [experts of all levels]: 1 for experts that gates leave out, else 0.
 */
export function leftOutStep(model: Model, loss: JointLoss, levels: readonly Level[]): Step {
  const all = distinctExperts(levels);
  const placeAt = (level: number) => (expert: string) =>
    all.findIndex((one) => one.level === level && one.expert === expert);
  return (state, batch) => {
    const away = must(state[leftOutName], leftOutName);
    const leftOut = (level: number, experts: readonly string[]) =>
      tf.gather(away, tf.tensor1d(experts.map(placeAt(level)), 'int32'));
    const prediction = model.apply(state, modelInputs(batch), { ...evaluating, leftOut });
    const targets = unweightedTargets(batch);
    return {
      state: {},
      outputs: { tasks: predictionLosses(loss, prediction, targets).tasks, weights: targets.mask.sum(1) },
    };
  };
}

/** The experts of all levels. One that is listed twice is one. */
export function distinctExperts(
  levels: readonly Level[],
): readonly { readonly level: number; readonly expert: string }[] {
  return levels.flatMap(({ level, experts }) => [...new Set(experts)].map((expert) => ({ level, expert })));
}

/** Every task's loss has weight 1. */
function unweightedTargets(batch: Tensors) {
  const [labels, mask] = [must(batch.labels, 'labels'), must(batch.mask, 'mask')];
  return { labels, mask, lossWeights: tf.ones([must(mask.shape[0], 'tasks')]) };
}
