import type { Tensor } from '@tensorflow/tfjs';
import { firstOutputs, outputCount, type Task } from '../data/dataset.js';
import type { AuxiliaryHead } from '../models/model.js';
import { must } from '../support/must.js';
import { tf } from '../support/tf.js';
import { logisticLoss, ownLoss, squaredError } from './losses.js';

/**
 * Divides the sum over an empty mask, which is 0. Its reciprocal, in the gradient, is finite, and so is that times any
 * weight in use.
 */
const leastSum = 1e-30;

/**
 * The joint loss of the PLE paper, equations 8 to 10: sum_k w_k L_k, where L_k = sum_i d_k,i * loss_k(logit_k,i,
 * label_k,i) / sum_i d_k,i. The mask d is row i's weight in task k's sample space (1 without row weights), else 0. An
 * empty mask gives L_k = 0 and no gradient; the label of a masked row may be anything, NaN and infinities included.
 *
 * Binary tasks: logistic loss on logits, of a positive times the task's `positiveWeight`. The denominator is that of
 * the mask alone, as PyTorch's `BCEWithLogitsLoss` has it for `pos_weight`. Regression: squared error in the task's
 * units, (label - offset) / scale. Multiclass: cross entropy of the softmax of the task's logits, a label being the
 * index of its class. A task may have another loss: `losses.ts`. Auxiliary heads add w_k a L_j: see `AuxiliaryHead`.
 */
export function jointLoss(tasks: readonly Task[]): JointLoss {
  const groups = lossGroups(tasks);
  // A task's special loss has the label's units.
  const units = tasks.map((task) => (task.rowLoss ? { offset: 0, scale: 1 } : task));
  const standardized = units.some((task) => task.offset !== 0 || task.scale !== 1);
  const added = tasks.map(({ positiveWeight = 1 }) => positiveWeight - 1);

  return (logits, labels, mask, lossWeights, heads = []) => {
    const [rows, batch] = [tasks.length, must(logits.shape[1], 'batch')];
    const perTask = (values: number[]) => tf.tensor(values, [rows, 1], 'float32');

    // Selected before any arithmetic: NaN * 0 would be NaN.
    let targets = tf.where(mask.greater(0), labels, tf.zeros([rows, batch]));
    if (standardized) {
      const offsets = perTask(units.map((task) => task.offset));
      targets = targets.sub(offsets).div(perTask(units.map((task) => task.scale)));
    }
    let losses = stacked(groups.map((group) => group.losses(group.logits(logits), group.targets(targets))));
    // A positive's target is 1, so that its factor is 1 + (positiveWeight - 1); that of all others is 1, exactly.
    if (added.some((more) => more !== 0)) losses = losses.mul(targets.mul(perTask(added)).add(1));
    const means = meansOver(losses, mask);
    const ofHeads = heads.map(({ network, task, logits: ofHead, weight }) => {
      const alone = jointLoss(tasks.slice(task, task + 1));
      const weights = lossWeights.slice(network, 1).mul(weight);
      return alone(ofHead, sliceRows(labels, task, 1), sliceRows(mask, task, 1), weights).loss;
    });
    const loss = ofHeads.reduce((sum, ofHead) => sum.add(ofHead), means.mul(lossWeights).sum());
    return { loss, tasks: means };
  };
}

/** Each task's mean over its sample space, 0 if that is empty: [tasks, batch] -> [tasks]. */
export function meansOver(values: Tensor, mask: Tensor): Tensor {
  return values.mul(mask).sum(1).div(mask.sum(1).maximum(leastSum));
}

export type JointLoss = (
  /** float32 [outputs, batch] */
  logits: Tensor,
  /** float32 [tasks, batch], in the labels' own units */
  labels: Tensor,
  /** float32 [tasks, batch], a row's weight in the task's sample space, 0 outside it */
  mask: Tensor,
  /** float32 [tasks] */
  lossWeights: Tensor,
  heads?: readonly AuxiliaryHead[],
) => {
  /** float32 scalar, with the heads' losses */
  readonly loss: Tensor;
  /** float32 [tasks], unweighted */
  readonly tasks: Tensor;
};

/** Consecutive tasks whose losses are computed together. */
interface LossGroup {
  /** Their rows of [outputs, batch], and of [tasks, batch]. */
  logits(all: Tensor): Tensor;
  targets(all: Tensor): Tensor;
  /** [tasks of the group, batch] */
  losses(logits: Tensor, targets: Tensor): Tensor;
}

/** Neighbours with the usual losses of one output form a group; any other task is a group alone. */
function lossGroups(tasks: readonly Task[]): readonly LossGroup[] {
  const outputs = firstOutputs(tasks);
  const special = tasks.map(ownLoss);
  const begins = [...tasks.keys()].filter((task) => task === 0 || special[task] || special[task - 1]);
  return begins.map((begin, index) => {
    const members = tasks.slice(begin, begins[index + 1]);
    const firstOutput = must(outputs[begin], 'first output');
    const height = members.reduce((sum, task) => sum + outputCount(task), 0);
    const regression = members.map(({ type }) => type === 'regression');
    return {
      logits: (all) => sliceRows(all, firstOutput, height),
      targets: (all) => sliceRows(all, begin, members.length),
      losses: special[begin] ?? ((logits, targets) => mixed(logits, targets, regression)),
    };
  });
}

function sliceRows(all: Tensor, first: number, count: number): Tensor {
  const [rows, batch] = [must(all.shape[0], 'rows'), must(all.shape[1], 'batch')];
  return first === 0 && count === rows ? all : all.slice([first, 0], [count, batch]);
}

function stacked(rows: readonly Tensor[]): Tensor {
  const [first] = rows;
  return first && rows.length === 1 ? first : tf.concat([...rows]);
}

/** The loss of every row, [tasks, batch]; one vector expression where all tasks are of one type. */
function mixed(logits: Tensor, targets: Tensor, regression: readonly boolean[]): Tensor {
  if (regression.every((is) => is)) return squaredError(logits, targets);
  if (!regression.includes(true)) return logisticLoss(logits, targets);
  const isRegression = tf.tensor(
    regression.map((is) => (is ? 1 : 0)),
    [regression.length, 1],
    'float32',
  );
  const select = isRegression.add(tf.zeros(logits.shape)).greater(0.5); // [tasks, 1] -> [tasks, batch]
  return tf.where(select, squaredError(logits, targets), logisticLoss(logits, targets));
}
