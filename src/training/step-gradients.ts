import type { Tensor } from '@tensorflow/tfjs';
import type { Tensors } from '../engine/engine.js';
import type { Balancing, GradientBalancing, LossBalancing, Moment } from '../objective/balancing/balancing.js';
import { diagonal, linear, pairsOf } from '../objective/balancing/products.js';
import { must } from '../support/must.js';
import { tf } from '../support/tf.js';
import { ownPart, type Sharing, sharedPart } from './sharing.js';

/** Divides a product of gradients that are 0. */
const leastLength = 1e-30;

/** A method, and which parameters it has something to balance in. */
export interface Balanced {
  readonly method: Balancing;
  readonly sharing: Sharing;
}

/** What a step minimises, at some values of the parameters. */
export interface Losses {
  /** Scalar: sum_k w_k L_k with the config's weights, without the penalty. */
  readonly joint: Tensor;
  /** [tasks], unweighted. */
  readonly tasks: Tensor;
  readonly penalty: Tensor | undefined;
}

type Evaluate = (values: readonly Tensor[]) => Losses;

interface StepGradients {
  /** In the order of the values. */
  readonly gradients: readonly Tensor[];
  readonly outputs: { readonly loss: Tensor; readonly tasks: Tensor } & Tensors;
  /** Of the method. */
  readonly slots: Tensors;
}

/** Of the joint loss with the config's weights. */
export function jointGradients(evaluate: Evaluate, values: readonly Tensor[]): StepGradients {
  let tasks: Tensor | undefined;
  const objective = (...at: Tensor[]) => {
    const losses = evaluate(at);
    tasks = tf.keep(losses.tasks); // read outside of the differentiated function
    const total = losses.penalty ? tf.add(losses.joint, losses.penalty) : losses.joint;
    return total.asScalar();
  };
  const { value, grads } = tf.valueAndGrads(objective)([...values]);
  return { gradients: grads, outputs: { loss: value, tasks: must(tasks, 'task losses') }, slots: {} };
}

/** What a method reads besides the losses. */
type Given = Omit<Moment, 'losses' | 'present'> & {
  /** [tasks]: the config's. */
  readonly weights: Tensor;
};

/** With the method's weights, or its direction. */
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

/** One backward pass: the weights are computed within it, from its losses, and are constants to it. */
function weightedGradients(
  method: LossBalancing,
  evaluate: Evaluate,
  values: readonly Tensor[],
  given: Given,
): StepGradients {
  let kept: { readonly tasks: Tensor; readonly weights: Tensor } | undefined;
  const objective = (...at: Tensor[]) => {
    const losses = evaluate(at);
    const tasks = tf.keep(losses.tasks); // read outside of the differentiated function, as the weights are
    const joint = tf.customGrad(() => {
      const weights = tf.keep(method.weights(momentOf(given, tasks)).mul(given.weights));
      kept = { tasks, weights };
      return { value: tasks.mul(weights).sum(), gradFunc: (dy: Tensor) => dy.mul(weights) };
    })(tasks);
    return (losses.penalty ? tf.add(joint, losses.penalty) : joint).asScalar();
  };
  const { value, grads } = tf.valueAndGrads(objective)([...values]);
  const { tasks, weights } = must(kept, 'task losses');
  const slots = method.next(momentOf(given, tasks));
  return { gradients: grads, outputs: { loss: value, tasks, balancing: weights }, slots };
}

/** A backward pass for each task, and one for the penalty. Their forward passes are the same: the compiled engine records them once. */
function combinedGradients(
  method: GradientBalancing,
  sharing: Sharing,
  evaluate: Evaluate,
  values: readonly Tensor[],
  names: readonly string[],
  given: Given,
): StepGradients {
  const count = given.weights.size;
  let first: Losses | undefined;
  const byTask = Array.from({ length: count }, (_, task) => {
    const only = tf.tensor1d(Array.from({ length: count }, (_, other) => Number(other === task)));
    const losses = (...at: Tensor[]) => {
      const found = evaluate(at);
      first ??= { ...found, tasks: tf.keep(found.tasks) }; // read outside of the differentiated function
      return found.tasks;
    };
    const { grads } = tf.valueAndGrads(losses)([...values], only.mul(given.weights));
    return new Map(names.map((name, index) => [name, must(grads[index], name)]));
  });
  const gradientsOf = (name: string) => byTask.map((gradients) => must(gradients.get(name), `gradient of ${name}`));
  const { tasks } = must(first, 'task losses');
  const shared = names.filter((name) => sharing[name] !== 'none');
  const parts = new Map(shared.map((name) => [name, gradientsOf(name).map((one) => sharedPart(one, sharing[name]))]));
  const products = new Map(Array.from(parts, ([name, gradients]) => [name, productsOf(gradients)]));
  const all = tf.addN([...products.values()]);
  const { mix, own, weights, slots } = method.combine({
    ...momentOf(given, tasks),
    products: all,
    productsOf: (name) => must(products.get(name), `products of ${name}`),
    shared,
  });
  const penalty = penaltyOf(evaluate, values);
  const gradients = names.map((name, index) => {
    const part = parts.get(name);
    const terms = [
      ...(part ? [mix(part, name)] : []),
      ...(sharing[name] === 'all' ? [] : [ownPart(weightedSum(gradientsOf(name), own), sharing[name])]),
      ...(penalty?.gradients[index] ? [penalty.gradients[index]] : []),
    ];
    return terms.slice(1).reduce((sum, term) => sum.add(term), must(terms[0], `gradient of ${name}`));
  });
  const inUse = own ? given.weights.mul(own) : given.weights;
  const joint = tasks.mul(inUse).sum();
  return {
    gradients,
    outputs: {
      loss: penalty ? joint.add(penalty.value) : joint,
      tasks,
      balancing: weights.mul(given.weights),
      cosines: cosinesOf(all, count),
    },
    slots,
  };
}

/** Undefined without a penalty. Parameters that it does not reach have no gradient. */
function penaltyOf(evaluate: Evaluate, values: readonly Tensor[]) {
  let reached = false;
  const objective = () => {
    const { penalty, joint } = evaluate(values);
    reached = penalty !== undefined;
    return (penalty ?? joint).asScalar();
  };
  const { value, grads } = tf.engine().gradients(objective, [...values]);
  return reached ? { value, gradients: grads } : undefined;
}

/** Inner products [tasks, tasks] of one parameter's gradients. */
function productsOf(gradients: readonly Tensor[]): Tensor {
  const rows = tf.stack(gradients.map((gradient) => gradient.flatten()));
  return tf.matMul(rows, rows, false, true);
}

function weightedSum(gradients: readonly Tensor[], weights: Tensor | undefined): Tensor {
  return weights ? linear(weights)(gradients) : tf.addN([...gradients]);
}

/** Of the pairs of tasks, [pairs] in the order of `pairsOf`; 0 where one gradient is 0. */
function cosinesOf(products: Tensor, tasks: number): Tensor {
  const squares = diagonal(products);
  const lengths = squares
    .reshape([tasks, 1])
    .mul(squares.reshape([1, tasks]))
    .sqrt();
  const cosines = products.div(lengths.maximum(leastLength)).flatten();
  return tf.stack(pairsOf(tasks).map(([a, b]) => cosines.slice([a * tasks + b], [1]).asScalar()));
}

function momentOf(given: Given, losses: Tensor): Moment {
  return { ...given, losses, present: losses.greater(0).toFloat() };
}
