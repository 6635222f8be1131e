import type { Tensor } from '@tensorflow/tfjs';
import { tf } from '../../support/tf.js';

/**
 * What flows between layers. It has, for every row of a batch, either one input that all members of a layer read, or a
 * stream of features for each member (a task, an expert). Models pass it on; only this folder knows its layout.
 *
 * The batch is cut into blocks of rows, and within a block features come before rows: one input is [blocks, width,
 * rows], streams are [blocks, streams, width, rows]. So all that belongs to a block's rows lies together. On a CPU each
 * block is work for one thread from one layer to the next: threads seldom read what another wrote. And a layer's
 * weights are the left operand of its product, as they lie.
 */
export type Features = Tensor;

/**
 * Rows of the shortest block. Each block has sums of its own for the gradients of all weights. These are written, read
 * and added up, so more than two blocks need more rows each to pay for it.
 */
const fewestRows = { ofTwo: 256, ofMore: 512 };
const mostBlocks = 16;

/** A power of two that divides the batch. It does not depend on the number of threads, because results must not. */
function blockCount(batch: number): number {
  const fits = (blocks: number) =>
    batch % blocks === 0 && batch / blocks >= (blocks === 2 ? fewestRows.ofTwo : fewestRows.ofMore);
  let blocks = 1;
  while (2 * blocks <= mostBlocks && fits(2 * blocks)) blocks *= 2;
  return blocks;
}

/** [batch, width] -> one input. */
export function inBlocks(x: Tensor): Features {
  const [batch = 0, width = 0] = x.shape;
  const blocks = blockCount(batch);
  return tf.transpose(x.reshape([blocks, batch / blocks, width]), [0, 2, 1]);
}

/** One input -> [batch, width]. */
export function byRow(x: Features): Tensor {
  const [blocks = 0, width = 0, rows = 0] = x.shape;
  return tf.transpose(x, [0, 2, 1]).reshape([blocks * rows, width]);
}

/** Streams -> [streams * width, batch]: the features of a stream one after the other. */
export function byStream(x: Features): Tensor {
  const [blocks = 0, streams = 0, width = 0, rows = 0] = x.shape;
  return tf.transpose(x.reshape([blocks, streams * width, rows]), [1, 0, 2]).reshape([streams * width, blocks * rows]);
}

/** Rows of [rows, batch] in another order. */
export function reordered(rows: Tensor, order: readonly number[]): Tensor {
  return pick(rows.reshape([1, order.length, 1, -1]), order).reshape([order.length, -1]);
}

/** The streams with these indexes, repetitions allowed. */
export function pick(streams: Features, indexes: readonly number[]): Features {
  const count = streams.shape[1] ?? 0;
  if (isRange(indexes, count)) return streams;
  return withGradient(
    [streams],
    (all) => tf.gather(all, tf.tensor1d([...indexes], 'int32'), 1),
    (dy) => {
      // A stream's gradient is the sum over its copies: one product with a 0/1 matrix instead of a scatter.
      const copies = tf.tensor2d(Array.from({ length: count }, (_, s) => indexes.map((i) => (i === s ? 1 : 0))));
      return [combine(copies, dy)];
    },
  );
}

/** The only stream, as an input that all members read. */
export function single(streams: Features): Features {
  const [blocks = 0, , width = 0, rows = 0] = streams.shape;
  return streams.reshape([blocks, width, rows]);
}

/** One input as the only stream. */
export function asStream(x: Features): Features {
  const [blocks = 0, width = 0, rows = 0] = x.shape;
  return x.reshape([blocks, 1, width, rows]);
}

/** A part of one input's features. */
export interface Span {
  readonly from: number;
  readonly width: number;
}

/** 1 for real rows, [blocks, 1, 1, rows]. @param rows [batch] */
export function presentRows(rows: Tensor): Features {
  return inBlocks(rows.expandDims(1)).expandDims(1);
}

/** These parts of one input, then the further inputs, as one input. */
export function takeParts(x: Features, spans: readonly Span[], further: readonly Features[]): Features {
  const [blocks = 0, , rows = 0] = x.shape;
  return tf.concat([...spans.map(({ from, width }) => x.slice([0, from, 0], [blocks, width, rows])), ...further], 1);
}

/** The same values, through which no gradient passes. */
export function stopped(features: Features): Features {
  return withGradient(
    [features],
    (x) => x.clone(),
    (dy) => [tf.zerosLike(dy)],
  );
}

/** Streams with the features of each part one after the other. */
export function concatenated(parts: readonly Features[]): Features {
  return tf.concat([...parts], 2);
}

/** The streams of each part, one after the other. */
export function together(parts: readonly Features[]): Features {
  return tf.concat([...parts], 1);
}

/** Linear combinations of streams; matrix [outputs, streams]. */
export function combine(matrix: Tensor, streams: Features): Features {
  const [blocks = 0, count = 0, width = 0, rows = 0] = streams.shape;
  const combined = product(streams.reshape([blocks, count, width * rows]), matrix.expandDims(0));
  return combined.reshape([blocks, matrix.shape[0] ?? 0, width, rows]);
}

/** Whether the indexes are 0, 1, … count - 1. */
export function isRange(indexes: readonly number[], count: number): boolean {
  return indexes.length === count && indexes.every((value, position) => value === position);
}

/**
 * The linear part of a layer of members, computed together: weight [members, outputs, inputs], and one input or a
 * stream for each.
 */
export function product(input: Features, weight: Tensor): Features {
  const [members = 0, outputs = 0, inputs = 0] = weight.shape;
  if (input.rank === 4) return blockwise(input, weight.expandDims(0));
  // One matrix of all members' weights: x is read once, and the gradient of x is one product.
  const [blocks = 0, , rows = 0] = input.shape;
  const result = blockwise(input, weight.reshape([1, members * outputs, inputs]));
  return result.reshape([blocks, members, outputs, rows]);
}

/**
 * weight [1, ..., outputs, inputs] times x [blocks, ..., inputs, rows]: tfjs's gradient does not sum over the blocks.
 */
function blockwise(input: Tensor, weight: Tensor): Tensor {
  return withGradient(
    [input, weight],
    (x, w) => tf.matMul(w, x),
    (dy, x, w) => [tf.matMul(w, dy, true), tf.sum(tf.matMul(dy, x, false, true), 0, true)],
  );
}

/** Adds a bias [members, 1, width] to streams. */
export function addBias(input: Features, bias: Tensor): Features {
  return withGradient(
    [input, bias],
    (x, b) => tf.add(x, b.reshape([1, b.shape[0] ?? 0, b.shape[2] ?? 0, 1])),
    // tfjs would sum over two axes at once, which takes longer.
    (dy, _, b) => [dy, tf.sum(tf.sum(dy, 3), 0).reshape(b.shape)],
  );
}

/**
 * An operation with a gradient written by hand, where tfjs's own is wrong (it does not reduce over broadcast batches)
 * or copies more. `backward` gets the gradient of the output and the inputs, and returns one gradient per input, in
 * their order.
 */
export function withGradient<Inputs extends readonly Tensor[]>(
  inputs: readonly [...Inputs],
  forward: (...inputs: Inputs) => Tensor,
  backward: (dy: Tensor, ...inputs: Inputs) => readonly Tensor[],
): Tensor {
  const restore = (saved: readonly Tensor[]): Inputs => {
    if (!sameLength(saved, inputs)) throw new Error('tfjs lost a saved tensor');
    return saved;
  };
  const operation = tf.customGrad((...received) => {
    const save = received[received.length - 1];
    // Inside a gradient, tfjs disposes of whatever is not saved before the backward pass begins.
    if (typeof save === 'function') save([...inputs]);
    return { value: forward(...inputs), gradFunc: (dy, saved) => [...backward(dy, ...restore(saved))] };
  });
  return operation(...inputs);
}

function sameLength<Inputs extends readonly Tensor[]>(
  tensors: readonly Tensor[],
  like: readonly [...Inputs],
): tensors is Inputs {
  return tensors.length === like.length;
}

/** One feature that is 1 in every row: of x [blocks, width, rows], or of each stream [blocks, streams, width, rows]. */
export function ones({ shape }: Features): Features {
  return tf.ones(shape.map((size, axis) => (axis === shape.length - 2 ? 1 : size)));
}
