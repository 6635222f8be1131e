import type { Tensor } from '@tensorflow/tfjs';
import { withGradient } from '../models/layers/axes.js';
import { must } from '../support/must.js';
import { tf } from '../support/tf.js';

/** -y log(sigmoid(x)) - (1 - y) log(1 - sigmoid(x)), which is softplus(x) - x y: no overflow, no logarithm of 0. */
export function logisticLoss(logits: Tensor, targets: Tensor): Tensor {
  return tf.softplus(logits).sub(logits.mul(targets));
}

export function squaredError(logits: Tensor, targets: Tensor): Tensor {
  return logits.sub(targets).square();
}

/** -log(softmax(x)[y]) of logits [classes, batch] and class indexes [1, batch] -> [1, batch]. */
export function crossEntropy(logits: Tensor, targets: Tensor): Tensor {
  const shares = oneHot(targets, must(logits.shape[0], 'classes'));
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
