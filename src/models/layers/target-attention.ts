import type { Tensor } from '@tensorflow/tfjs';
import { tf } from '../../support/tf.js';
import { type ForwardPass, glorot, type Layer, parameterNamed, zeroBias } from '../model.js';
import type { CommonOptions } from '../options.js';
import { addBias, byStream, inBlocks, product, withGradient } from './axes.js';
import { mlps } from './mlps.js';

export interface TargetAttention extends Layer {
  /** Entries [batch, length * width] and target [batch, width] -> weights of the entries [batch, length]. */
  apply(pass: ForwardPass, entries: Tensor, target: Tensor): Tensor;
}

/**
 * The activation unit of DIN (Zhou et al., KDD 2018, eq. 3 and section 4.3): the weight of a list's entry e by how it
 * fits a target t,
 *
 *     a(e, t) = w h([e, t, t - e, t * e]) + b,   h a hidden layer
 *
 * **No softmax** normalises the weights: their sum shows how much of the list fits. This is as in the paper, not as in
 * its authors' program. The paper compares e and t by their outer product; the program, and the field, by difference
 * and product, elementwise, as here.
 *
 * The hidden layer has the model's `activation` (`prelu` is the paper's), no normalisation and no dropout. All entries
 * share the parameters `<name>.0.weight` [1, hidden, 4 width] and `.0.bias`, `<name>.logit.weight` [1, 1, hidden] and
 * `.logit.bias`.
 */
export function targetAttention(name: string, width: number, hidden: number, options: CommonOptions): TargetAttention {
  const layer = mlps(name, [name], 4 * width, [hidden], { ...options, dropout: 0, normalization: 'none' });
  return {
    parameters: {
      ...layer.parameters,
      [`${name}.logit.weight`]: glorot([name], hidden, 1),
      [`${name}.logit.bias`]: zeroBias([name], 1),
    },
    apply(pass, entries, target) {
      const [batch = 0] = target.shape;
      const length = (entries.shape[1] ?? 0) / width;
      const each = entries.reshape([batch * length, width]);
      const wanted = repeated(target, length);
      const compared = tf.concat([each, wanted, tf.sub(wanted, each), tf.mul(wanted, each)], 1);
      const state = layer.apply(pass, inBlocks(compared)); // every entry is a row
      const linear = product(state, parameterNamed(pass.parameters, `${name}.logit.weight`));
      const logits = byStream(addBias(linear, parameterNamed(pass.parameters, `${name}.logit.bias`))); // [1, batch * length]
      return logits.reshape([batch, length]);
    },
  };
}

/** [batch, width] -> [batch * times, width]: each row `times` times. */
function repeated(rows: Tensor, times: number): Tensor {
  const [batch = 0, width = 0] = rows.shape;
  return withGradient(
    [rows],
    (x) => tf.tile(x.expandDims(1), [1, times, 1]).reshape([batch * times, width]),
    // tfjs would add up slices, one for each time.
    (dy) => [tf.sum(dy.reshape([batch, times, width]), 1)],
  );
}
