import type { Tensor } from '@tensorflow/tfjs';
import { tf } from '../support/tf.js';

/*
 * How activations lie: a batch is cut into blocks of rows, and within a block features come before rows, so that all that
 * belongs to a block's rows lies together. On a CPU each block is work for one thread from one layer to the next: threads seldom read what
 * another wrote. And a layer's weights are the left operand of its product, as they lie.
 *
 * x [blocks, width, rows] is what all members of a layer read; streams [blocks, streams, width, rows] have one input for each member.
 */

/**
 * Rows of the shortest block. Each block has sums of its own for the gradients of all weights, which are written, read and added up: two
 * keep two threads busy, and more of them should have more rows for it.
 */
const fewestRows = { ofTwo: 256, ofMore: 512 };
const mostBlocks = 16;

/** A power of two that divides the batch, and that does not depend on the number of threads: results must not. */
function blocksOf(batch: number): number {
  const fits = (blocks: number) =>
    batch % blocks === 0 && batch / blocks >= (blocks === 2 ? fewestRows.ofTwo : fewestRows.ofMore);
  let blocks = 1;
  while (2 * blocks <= mostBlocks && fits(2 * blocks)) blocks *= 2;
  return blocks;
}

/** [batch, width] -> [blocks, width, rows]. */
export function inBlocks(x: Tensor): Tensor {
  const [batch = 0, width = 0] = x.shape;
  const blocks = blocksOf(batch);
  return tf.transpose(x.reshape([blocks, batch / blocks, width]), [0, 2, 1]);
}

/** [blocks, width, rows] -> [batch, width]. */
export function byRow(x: Tensor): Tensor {
  const [blocks = 0, width = 0, rows = 0] = x.shape;
  return tf.transpose(x, [0, 2, 1]).reshape([blocks * rows, width]);
}

/** [blocks, width, rows] -> [width, batch]. */
export function byFeature(x: Tensor): Tensor {
  const [blocks = 0, width = 0, rows = 0] = x.shape;
  return tf.transpose(x, [1, 0, 2]).reshape([width, blocks * rows]);
}
