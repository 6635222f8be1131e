import type { Tensor } from '@tensorflow/tfjs';
import type { Balancing, GradientBalancing } from '../../objective/balancing/balancing.js';
import { diagonal, linear, taskPairs } from '../../objective/balancing/products.js';
import { taskPrefix } from '../../optimizers/apart.js';
import { must } from '../../support/must.js';
import { tf } from '../../support/tf.js';
import { ownPart, type Sharing, sharedPart } from './sharing.js';
import {
  balancingMoment,
  type Evaluate,
  type Losses,
  type MethodInputs,
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
  inputs: MethodInputs,
): StepGradients {
  if (method.kind === 'losses') return weightedGradients(method, evaluate, values, inputs);
  return method.kind === 'states'
    ? separateGradients(method.tasks, evaluate, values, names, inputs)
    : combinedGradients(method, sharing, evaluate, values, names, inputs);
}

/** Each task's gradients of its objective, named for its state of the optimizer. */
function separateGradients(
  tasks: readonly string[],
  evaluate: Evaluate,
  values: readonly Tensor[],
  names: readonly string[],
  { lossWeights }: MethodInputs,
): StepGradients {
  const { losses, objectives, gradientsOf } = gradientsByTask(
    evaluate,
    values,
    names,
    lossWeights,
    (losses) => losses.objectives,
  );
  return {
    gradients: names.flatMap(gradientsOf),
    names: names.flatMap((name) => tasks.map((task) => taskPrefix(task) + name)),
    outputs: { loss: objectives.sum(), tasks: losses.tasks, balancing: lossWeights },
    slots: {},
  };
}

/** Divides a product of gradients that are 0. */
const leastLength = 1e-18;

interface SharedGradients {
  /** A gradient for each task of each shared parameter, 0 where it is not shared. */
  readonly shared: ReadonlyMap<string, readonly Tensor[]>;
  /** [tasks, tasks], by name of the shared parameter. */
  readonly products: ReadonlyMap<string, Tensor>;
  /** Their sum. */
  readonly productSum: Tensor;
}

/**
 * A backward pass for each task. Their forward passes are equal: the compiled engine records them once.
 * @param lossWeights [tasks], the weight of a task's loss in its gradient
 * @param objectives [tasks], what the gradients are of
 */
export function gradientsByTask(
  evaluate: Evaluate,
  values: readonly Tensor[],
  names: readonly string[],
  lossWeights: Tensor,
  objectives = ({ tasks }: Losses) => tasks.mul(lossWeights),
) {
  const count = lossWeights.size;
  let first: Losses | undefined;
  const byTask = Array.from({ length: count }, (_, task) => {
    const only = tf.tensor1d(Array.from({ length: count }, (_, other) => Number(other === task)));
    const taskObjectives = (...parameters: Tensor[]) => {
      const losses = evaluate(parameters);
      first ??= { ...losses, tasks: tf.keep(losses.tasks) }; // read outside of the differentiated function
      return objectives(losses);
    };
    return tf.valueAndGrads(taskObjectives)([...values], only);
  });
  return {
    /** Losses of the only forward pass. */
    losses: must<Losses>(first, 'task losses'),
    objectives: must(byTask[0], 'task').value,
    /** A gradient for each task. */
    gradientsOf: (name: string) => byTask.map(({ grads }) => must(grads[names.indexOf(name)], `gradient of ${name}`)),
  };
}

/** @param gradientsOf a parameter, one for each task */
export function sharedGradients(
  { reach }: Pick<Sharing, 'reach'>,
  names: readonly string[],
  gradientsOf: (name: string) => readonly Tensor[],
): SharedGradients {
  const sharedNames = names.filter((name) => reach[name] !== 'none');
  const shared = new Map(
    sharedNames.map((name) => [name, gradientsOf(name).map((gradient) => sharedPart(gradient, reach[name]))]),
  );
  const products = new Map(Array.from(shared, ([name, gradients]) => [name, gradientProducts(gradients)]));
  return { shared, products, productSum: tf.addN([...products.values()]) };
}

/** A backward pass for each task, and one for the penalty. */
function combinedGradients(
  method: GradientBalancing,
  sharing: Sharing,
  evaluate: Evaluate,
  values: readonly Tensor[],
  names: readonly string[],
  inputs: MethodInputs,
): StepGradients {
  const { lossWeights } = inputs;
  const { losses, gradientsOf } = gradientsByTask(evaluate, values, names, lossWeights);
  const { shared, products, productSum } = sharedGradients(sharing, names, gradientsOf);
  const moment = balancingMoment(inputs, losses.tasks);
  const {
    mix,
    own: ownWeights,
    weights,
    slots,
  } = method.combine({
    ...moment,
    // A task of weight 0 has no gradient and is left out: a method would take it for a task that is at its optimum.
    present: moment.present.mul(lossWeights.greater(0).toFloat()),
    products: productSum,
    parameterProducts: (name) => must(products.get(name), `products of ${name}`),
    shared: [...shared.keys()],
    lastShared: sharing.last,
  });
  const penalty = losses.penalty && tasksPenalty(evaluate, values);
  const gradients = names.map((name, index) => {
    const ofTasks = shared.get(name);
    const terms = [
      ...(ofTasks ? [mix(ofTasks, name)] : []),
      ...(sharing.reach[name] === 'all'
        ? []
        : [ownPart(weightedSum(gradientsOf(name), ownWeights), sharing.reach[name])]),
      ...(penalty?.gradients[index] ? [penalty.gradients[index]] : []),
    ];
    return terms.slice(1).reduce((sum, term) => sum.add(term), must(terms[0], `gradient of ${name}`));
  });
  const joint = losses.tasks.mul(ownWeights ? lossWeights.mul(ownWeights) : lossWeights).sum();
  const loss = penalty ? joint.add(penalty.value) : joint;
  return { gradients, outputs: { loss, tasks: losses.tasks, balancing: weights.mul(lossWeights) }, slots };
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
