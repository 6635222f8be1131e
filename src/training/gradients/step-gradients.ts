import type { Tensor } from '@tensorflow/tfjs';
import type { Tensors } from '../../engine/engine.js';
import type { Prediction } from '../../models/model.js';
import type { Balancing, LossBalancing, Moment } from '../../objective/balancing/balancing.js';
import { type JointLoss, meansOver } from '../../objective/joint-loss.js';
import { must } from '../../support/must.js';
import { tf } from '../../support/tf.js';

/** The losses of a step, at some values of the parameters. */
export interface Losses {
  /** Scalar: sum_k w_k L_k with the config's weights and auxiliary heads, without the penalty. */
  readonly joint: Tensor;
  /** [tasks], unweighted. */
  readonly tasks: Tensor;
  readonly penalty: Tensor | undefined;
  /** [tasks]: w_k L_k, with its rows' penalty and an equal part of the model's. */
  readonly objectives: Tensor;
}

/** The losses of a prediction. `labels` and `mask` are [tasks, batch], `lossWeights` [tasks]. */
export function predictionLosses(
  loss: JointLoss,
  prediction: Prediction,
  batch: { readonly labels: Tensor; readonly mask: Tensor; readonly lossWeights: Tensor },
): Losses {
  const { logits, labels, mask, rowPenalties } = prediction.trained?.(batch) ?? { ...batch, ...prediction };
  const joint = loss(logits, labels, mask, batch.lossWeights, prediction.auxiliary);
  const { penalty } = prediction;
  const ofTasks = rowPenalties && meansOver(rowPenalties, mask);
  const ofRows = ofTasks?.sum();
  const weighted = joint.tasks.mul(batch.lossWeights);
  return {
    joint: joint.loss,
    tasks: joint.tasks,
    penalty: penalty && ofRows ? tf.add(penalty, ofRows) : (penalty ?? ofRows),
    objectives: weighted.add(ofTasks ?? 0).add(penalty?.div(weighted.size) ?? 0),
  };
}

/** The joint loss and the penalty. */
function totalLoss({ joint, penalty }: Losses): Tensor {
  return (penalty ? tf.add(joint, penalty) : joint).asScalar();
}

export type Evaluate = (values: readonly Tensor[]) => Losses;

export interface StepGradients {
  readonly gradients: readonly Tensor[];
  /** Names of the gradients; absent: those of the values. */
  readonly names?: readonly string[];
  readonly outputs: { readonly loss: Tensor; readonly tasks: Tensor } & Tensors;
  /** Next slots of the method. */
  readonly slots: Tensors;
}

/** Gradients of the joint loss with the config's weights. */
export function jointGradients(evaluate: Evaluate, values: readonly Tensor[]): StepGradients {
  let tasks: Tensor | undefined;
  const objective = (...parameters: Tensor[]) => {
    const losses = evaluate(parameters);
    tasks = tf.keep(losses.tasks); // read outside of the differentiated function
    return totalLoss(losses);
  };
  const { value, grads } = tf.valueAndGrads(objective)([...values]);
  return { gradients: grads, outputs: { loss: value, tasks: must(tasks, 'task losses') }, slots: {} };
}

/** A method's inputs besides the losses. */
export type MethodInputs = Omit<Moment, 'losses' | 'present'>;

/** One backward pass: the weights are computed in it from its losses, as constants. */
export function weightedGradients(
  method: LossBalancing,
  evaluate: Evaluate,
  values: readonly Tensor[],
  inputs: MethodInputs,
): StepGradients {
  let kept: { readonly tasks: Tensor; readonly weights: Tensor } | undefined;
  const objective = (...parameters: Tensor[]) => {
    const losses = evaluate(parameters);
    const tasks = tf.keep(losses.tasks); // read outside of the differentiated function, as the weights are
    const joint = tf.customGrad(() => {
      const weights = tf.keep(method.weights(balancingMoment(inputs, tasks)).mul(inputs.lossWeights));
      kept = { tasks, weights };
      return { value: tasks.mul(weights).sum(), gradFunc: (dy: Tensor) => dy.mul(weights) };
    })(tasks);
    return totalLoss({ ...losses, joint });
  };
  const { value, grads } = tf.valueAndGrads(objective)([...values]);
  const { tasks, weights } = must(kept, 'task losses');
  const slots = method.next(balancingMoment(inputs, tasks));
  return { gradients: grads, outputs: { loss: value, tasks, balancing: weights }, slots };
}

/** The next slots of a method that asks for the losses after the step. */
export function slotsAfter(
  { afterStep }: Balancing,
  inputs: MethodInputs,
  losses: Tensor,
  after: () => Tensor,
): Tensors {
  return afterStep?.(balancingMoment(inputs, losses), after()) ?? {};
}

/** A method's inputs in a step with these losses. */
export function balancingMoment(inputs: MethodInputs, losses: Tensor): Moment {
  return { ...inputs, losses, present: losses.greater(0).toFloat() };
}
