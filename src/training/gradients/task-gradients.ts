import type { Tensor } from '@tensorflow/tfjs';
import type { Balancing, GradientBalancing } from '../../objective/balancing/balancing.js';
import { diagonal, linear, taskPairs } from '../../objective/balancing/products.js';
import { must } from '../../support/must.js';
import { tf } from '../../support/tf.js';
import { ownPart, type Sharing, sharedPart } from './sharing.js';
import {
  balancingMoment,
  type Evaluate,
  type Given,
  type Losses,
  type StepGradients,
  weightedGradients,
} from './step-gradients.js';

/** A method, and the parameters that it balances. */
export interface Balanced {
  readonly method: Balancing;
  readonly sharing: Sharing;
}

/** Gradients with the method's weights, or by its direction. */
export function balancedGradients(
  { method, sharing }: Balanced,
  evaluate: Evaluate,
  values: readonly Tensor[],
  names: readonly string[],
  given: Given,
): StepGradients {
  return method.kind === 'losses'
    ? weightedGradients(method, evaluate, values, given)
    : combinedGradients(method, sharing, evaluate, values, names, given);
}

/** Divides a product of gradients that are 0. */
const leastLength = 1e-18;

/** The gradients of each task's loss, and their inner products. */
interface ByTask {
  /** Losses of the only forward pass. */
  readonly losses: Losses;
  /** A gradient for each task. */
  of(name: string): readonly Tensor[];
  /** A gradient for each task of each shared parameter, 0 where it is not shared. */
  readonly parts: ReadonlyMap<string, readonly Tensor[]>;
  /** [tasks, tasks], by name of the shared parameter. */
  readonly products: ReadonlyMap<string, Tensor>;
  /** Their sum. */
  readonly all: Tensor;
}

/**
 * A backward pass for each task. Their forward passes are equal: the compiled engine records them once.
 * @param lossWeights [tasks], the weight of a task's loss in its gradient
 */
export function gradientsByTask(
  { parts: reach }: Pick<Sharing, 'parts'>,
  evaluate: Evaluate,
  values: readonly Tensor[],
  names: readonly string[],
  lossWeights: Tensor,
): ByTask {
  const count = lossWeights.size;
  let first: Losses | undefined;
  const byTask = Array.from({ length: count }, (_, task) => {
    const only = tf.tensor1d(Array.from({ length: count }, (_, other) => Number(other === task)));
    const losses = (...at: Tensor[]) => {
      const found = evaluate(at);
      first ??= { ...found, tasks: tf.keep(found.tasks) }; // read outside of the differentiated function
      return found.tasks;
    };
    const { grads } = tf.valueAndGrads(losses)([...values], only.mul(lossWeights));
    return new Map(names.map((name, index) => [name, must(grads[index], name)]));
  });
  const of = (name: string) => byTask.map((gradients) => must(gradients.get(name), `gradient of ${name}`));
  const losses = must(first, 'task losses');
  const shared = names.filter((name) => reach[name] !== 'none');
  const parts = new Map(shared.map((name) => [name, of(name).map((one) => sharedPart(one, reach[name]))]));
  const products = new Map(Array.from(parts, ([name, gradients]) => [name, gradientProducts(gradients)]));
  return { losses, of, parts, products, all: tf.addN([...products.values()]) };
}

/** A backward pass for each task, and one for the penalty. */
function combinedGradients(
  method: GradientBalancing,
  sharing: Sharing,
  evaluate: Evaluate,
  values: readonly Tensor[],
  names: readonly string[],
  given: Given,
): StepGradients {
  const { parts: reach, last } = sharing;
  const { losses, of, parts, products, all } = gradientsByTask(sharing, evaluate, values, names, given.lossWeights);
  const { tasks, penalty: hasPenalty } = losses;
  const moment = balancingMoment(given, tasks);
  const { mix, own, weights, slots } = method.combine({
    ...moment,
    // A task of weight 0 has no gradient and is left out: a method would take it for a task that is at its optimum.
    present: moment.present.mul(given.lossWeights.greater(0).toFloat()),
    products: all,
    parameterProducts: (name) => must(products.get(name), `products of ${name}`),
    shared: [...parts.keys()],
    lastShared: last,
  });
  const penalty = hasPenalty && tasksPenalty(evaluate, values);
  const gradients = names.map((name, index) => {
    const part = parts.get(name);
    const terms = [
      ...(part ? [mix(part, name)] : []),
      ...(reach[name] === 'all' ? [] : [ownPart(weightedSum(of(name), own), reach[name])]),
      ...(penalty?.gradients[index] ? [penalty.gradients[index]] : []),
    ];
    return terms.slice(1).reduce((sum, term) => sum.add(term), must(terms[0], `gradient of ${name}`));
  });
  const inUse = own ? given.lossWeights.mul(own) : given.lossWeights;
  const joint = tasks.mul(inUse).sum();
  return {
    gradients,
    outputs: {
      loss: penalty ? joint.add(penalty.value) : joint,
      tasks,
      balancing: weights.mul(given.lossWeights),
    },
    slots,
  };
}

/** Parameters that the penalty does not reach have no gradient. */
function tasksPenalty(evaluate: Evaluate, values: readonly Tensor[]) {
  const objective = () => must(evaluate(values).penalty, 'penalty').asScalar();
  const { value, grads } = tf.engine().gradients(objective, [...values]);
  return { value, gradients: grads };
}

/** Inner products [tasks, tasks] of one parameter's gradients. */
function gradientProducts(gradients: readonly Tensor[]): Tensor {
  const rows = tf.stack(gradients.map((gradient) => gradient.flatten()));
  return tf.matMul(rows, rows, false, true);
}

function weightedSum(gradients: readonly Tensor[], weights: Tensor | undefined): Tensor {
  return weights ? linear(weights)(gradients) : tf.addN([...gradients]);
}

/** Cosines of pairs of tasks, [pairs] in the order of `taskPairs`; 0 where one gradient is 0. */
export function pairCosines(products: Tensor): Tensor {
  const [tasks = 0] = products.shape;
  const lengths = diagonal(products).sqrt().maximum(leastLength);
  const cosines = products
    .div(lengths.reshape([tasks, 1]))
    .div(lengths.reshape([1, tasks]))
    .flatten();
  return tf.stack(taskPairs(tasks).map(([a, b]) => cosines.slice([a * tasks + b], [1]).asScalar()));
}
