import type { Tensor } from '@tensorflow/tfjs';
import { tf } from '../support/tf.js';

/**
 * Scales gradients by min(1, limit / (norm + 1e-6)), the norm being that of all arrays of a group in one vector
 * (PyTorch's `clip_grad_norm_`). Arrays of the same `groupOf` are one group: independent networks do not clip each other.
 */
export function clipByNorm(
  gradients: Readonly<Record<string, Tensor>>,
  limit: number,
  groupOf: (name: string) => string | undefined,
): Record<string, Tensor> {
  const squares = new Map<string | undefined, Tensor>();
  for (const [name, gradient] of Object.entries(gradients)) {
    const square = gradient.square().sum();
    const before = squares.get(groupOf(name));
    squares.set(groupOf(name), before ? before.add(square) : square);
  }
  const scales = new Map<string | undefined, Tensor>();
  for (const [group, square] of squares) {
    scales.set(group, tf.scalar(limit).div(square.sqrt().add(1e-6)).minimum(1));
  }
  return Object.fromEntries(
    Object.entries(gradients).map(([name, gradient]) => [name, gradient.mul(scales.get(groupOf(name)) ?? 1)]),
  );
}
