import type { Tensor } from '@tensorflow/tfjs';
import type { Task } from '../data/dataset.js';
import { withGradient } from '../models/layers/axes.js';
import { must } from '../support/must.js';
import { tf } from '../support/tf.js';

/*
 * Losses of rows. Targets are labels (standardised, if the task says so); those of masked rows mean nothing.
 * `src/metrics/evaluate.ts` has the losses of one row, for evaluation.
 */

/** -y log(sigmoid(x)) - (1 - y) log(1 - sigmoid(x)), which is softplus(x) - x y: no overflow, no logarithm of 0. */
export function logisticLoss(logits: Tensor, targets: Tensor): Tensor {
  return tf.softplus(logits).sub(logits.mul(targets));
}

export function squaredError(logits: Tensor, targets: Tensor): Tensor {
  return logits.sub(targets).square();
}

/**
 * The loss of a task that is computed apart from others: it has several outputs, or keys of its own. [outputs, batch],
 * [1, batch] -> [1, batch]
 */
export function ownLoss(task: Task): ((logits: Tensor, targets: Tensor) => Tensor) | undefined {
  const { type, rowLoss, labelSmoothing = 0 } = task;
  if (type === 'multiclass') return (logits, targets) => crossEntropy(logits, targets, labelSmoothing);
  if (rowLoss) {
    const { offset, scale } = task;
    const inUnits = (targets: Tensor) => (offset === 0 && scale === 1 ? targets : targets.sub(offset).div(scale));
    switch (rowLoss.type) {
      case 'focal':
        return (logits, targets) => focalLoss(logits, targets, rowLoss.gamma, rowLoss.alpha);
      case 'huber':
        return (logits, targets) => huberLoss(logits.sub(inUnits(targets)), rowLoss.delta);
      case 'mae':
        return (logits, targets) => logits.sub(inUnits(targets)).abs();
      case 'poisson':
        return poissonLoss;
      case 'log-normal':
        return (logits, targets) => squaredError(logits, inUnits(logarithm(targets)));
    }
  }
  if (labelSmoothing === 0) return undefined;
  return (logits, targets) => logisticLoss(logits, targets.mul(1 - labelSmoothing).add(labelSmoothing / 2));
}

/**
 * Focal loss (Lin et al. 2017, eq. 4 and 5): -alpha_t (1 - p_t)^gamma log(p_t), p_t being the probability of the right
 * class. With the margin m = x for a positive and -x for a negative, it is softplus(-m) exp(-gamma softplus(m)): no
 * overflow, no logarithm of 0.
 */
function focalLoss(logits: Tensor, targets: Tensor, gamma: number, alpha: number | undefined): Tensor {
  const margin = logits.mul(targets.mul(2).sub(1));
  const losses = tf.softplus(margin.neg()).mul(tf.exp(tf.softplus(margin).mul(-gamma)));
  return alpha === undefined ? losses : losses.mul(targets.mul(2 * alpha - 1).add(1 - alpha));
}

/** d^2 / 2 up to delta, then delta (|d| - delta / 2), as PyTorch's `HuberLoss`. */
function huberLoss(errors: Tensor, delta: number): Tensor {
  const size = errors.abs();
  const square = tf.minimum(size, delta);
  return square.mul(size.sub(square.div(2)));
}

/** From here on the exponential of a Poisson logit goes on as a line, so that loss and gradient stay finite. */
const largestPower = 20;

/** Half the Poisson deviance of the mean exp(x): exp(x) - y x, plus y log(y) - y, which makes the least loss 0. */
function poissonLoss(logits: Tensor, targets: Tensor): Tensor {
  const beyond = tf.relu(logits.sub(largestPower));
  const means = tf.exp(tf.minimum(logits, largestPower)).mul(beyond.add(1));
  return means.sub(targets.mul(logits)).add(targets.mul(logarithm(targets).sub(1)));
}

/** Finite for 0, which is the target of masked rows. */
function logarithm(targets: Tensor): Tensor {
  return tf.maximum(targets, 1e-30).log();
}

/**
 * -sum_c q_c log(softmax(x)_c) of logits [classes, batch] and class indexes [1, batch] -> [1, batch]; q is 1 -
 * smoothing + smoothing / classes for the class.
 */
function crossEntropy(logits: Tensor, targets: Tensor, smoothing: number): Tensor {
  const classes = must(logits.shape[0], 'classes');
  const hard = oneHot(targets, classes);
  const shares = smoothing === 0 ? hard : hard.mul(1 - smoothing).add(smoothing / classes);
  return logSumOfPowers(logits).sub(logits.mul(shares).sum(0, true));
}

/** Class indexes [1, batch] -> [classes, batch] of 0 and 1. */
function oneHot(targets: Tensor, classes: number): Tensor {
  const indexes = tf.tensor(
    Array.from({ length: classes }, (_, index) => index),
    [classes, 1],
    'float32',
  );
  return tf.relu(tf.scalar(1).sub(targets.sub(indexes).abs()));
}

/** log(sum_c exp(x_c)) of [classes, batch] -> [1, batch], less the largest before the powers: no overflow. */
function logSumOfPowers(logits: Tensor): Tensor {
  const forward = (x: Tensor) => {
    const largest = tf.max(x, 0, true);
    return tf.exp(x.sub(largest)).sum(0, true).log().add(largest);
  };
  // tfjs's own gradient would go through the largest, too.
  return withGradient([logits], forward, (dy, x) => [tf.exp(x.sub(forward(x))).mul(dy)]);
}
