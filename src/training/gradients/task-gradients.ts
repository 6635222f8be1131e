import type { Tensor } from '@tensorflow/tfjs';
import type { GradientBalancing } from '../../objective/balancing/balancing.js';
import { diagonal, linear, pairsOf } from '../../objective/balancing/products.js';
import { must } from '../../support/must.js';
import { tf } from '../../support/tf.js';
import { ownPart, type Sharing, sharedPart } from './sharing.js';
import { type Evaluate, type Given, type Losses, momentOf, type StepGradients } from './step-gradients.js';

/** Divides a product of gradients that are 0. */
const leastLength = 1e-18;

/**
 * A backward pass for each task, and one for the penalty. Their forward passes are the same: the compiled engine
 * records them once.
 */
export function combinedGradients(
  method: GradientBalancing,
  { parts: reach, last }: Sharing,
  evaluate: Evaluate,
  values: readonly Tensor[],
  names: readonly string[],
  given: Given,
): StepGradients {
  const count = given.lossWeights.size;
  let first: Losses | undefined;
  const byTask = Array.from({ length: count }, (_, task) => {
    const only = tf.tensor1d(Array.from({ length: count }, (_, other) => Number(other === task)));
    const losses = (...at: Tensor[]) => {
      const found = evaluate(at);
      first ??= { ...found, tasks: tf.keep(found.tasks) }; // read outside of the differentiated function
      return found.tasks;
    };
    const { grads } = tf.valueAndGrads(losses)([...values], only.mul(given.lossWeights));
    return new Map(names.map((name, index) => [name, must(grads[index], name)]));
  });
  const gradientsOf = (name: string) => byTask.map((gradients) => must(gradients.get(name), `gradient of ${name}`));
  const { tasks, penalty: hasPenalty } = must(first, 'task losses');
  const shared = names.filter((name) => reach[name] !== 'none');
  const parts = new Map(shared.map((name) => [name, gradientsOf(name).map((one) => sharedPart(one, reach[name]))]));
  const products = new Map(Array.from(parts, ([name, gradients]) => [name, productsOf(gradients)]));
  const all = tf.addN([...products.values()]);
  const moment = momentOf(given, tasks);
  const { mix, own, weights, slots } = method.combine({
    ...moment,
    // A task of weight 0 has no gradient either: among the others, a method would take it for one that wants nothing to
    // move.
    present: moment.present.mul(given.lossWeights.greater(0).toFloat()),
    products: all,
    productsOf: (name) => must(products.get(name), `products of ${name}`),
    shared,
    lastShared: last,
  });
  const penalty = hasPenalty && penaltyOf(evaluate, values);
  const gradients = names.map((name, index) => {
    const part = parts.get(name);
    const terms = [
      ...(part ? [mix(part, name)] : []),
      ...(reach[name] === 'all' ? [] : [ownPart(weightedSum(gradientsOf(name), own), reach[name])]),
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
      cosines: cosinesOf(all, count),
    },
    slots,
  };
}

/** Parameters that the penalty does not reach have no gradient. */
function penaltyOf(evaluate: Evaluate, values: readonly Tensor[]) {
  const objective = () => must(evaluate(values).penalty, 'penalty').asScalar();
  const { value, grads } = tf.engine().gradients(objective, [...values]);
  return { value, gradients: grads };
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
  const lengths = diagonal(products).sqrt().maximum(leastLength);
  const cosines = products
    .div(lengths.reshape([tasks, 1]))
    .div(lengths.reshape([1, tasks]))
    .flatten();
  return tf.stack(pairsOf(tasks).map(([a, b]) => cosines.slice([a * tasks + b], [1]).asScalar()));
}
