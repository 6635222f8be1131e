import type { Tensor } from '@tensorflow/tfjs';
import { tf } from '../support/tf.js';

/**
 * An operation with a gradient written by hand, where tfjs's own is wrong (it does not reduce over broadcast batches) or copies
 * more. `backward` gets the gradient of the output and the inputs, and returns one gradient per input, in their order.
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
