import { tf } from '../../../support/tf.js';
import { type KernelCases, kernelCase, normal, small } from './kernel-case.fixture.js';

/** By the name of the tfjs kernel. */
export const productCases: KernelCases = {
  BatchMatMul: [
    kernelCase([normal(2, 3), normal(3, 4)], (a, b) => tf.matMul(a, b)),
    kernelCase([normal(3, 2), normal(4, 3)], (a, b) => tf.matMul(a, b, true, true)),
    kernelCase([normal(5, 3, 2), normal(5, 3, 4)], (a, b) => tf.matMul(a, b, true)),
    kernelCase([normal(5, 3, 2), normal(1, 4, 3)], (a, b) => tf.matMul(a, b, true, true)),
    // Large, of few members.
    kernelCase([small(3, 512, 90), small(3, 512, 122)], (a, b) => tf.matMul(a, b, true)),
    // Weights times each block of a batch: convolutions, and their biases.
    kernelCase([normal(1, 3, 2, 4), normal(5, 3, 4, 6)], (w, x) => tf.matMul(w, x)),
    kernelCase([normal(1, 3, 4, 2), normal(5, 3, 4, 6)], (w, x) => tf.matMul(w, x, true)),
    kernelCase([normal(1, 6, 4), normal(5, 4, 6), normal(1, 3, 2, 1)], (w, x, b) =>
      tf.relu(tf.add(b, tf.matMul(w, x).reshape([5, 3, 2, 6]))),
    ),
    kernelCase([normal(1, 3, 2, 4), normal(5, 3, 4, 6), normal(3, 2, 1)], (w, x, b) => {
      const sum = tf.matMul(w, x);
      return [tf.add(sum, b), tf.square(sum), tf.add(tf.add(sum, b), b)];
    }),
    // These are no biases of a convolution.
    kernelCase([normal(1, 2, 4), normal(5, 4, 6), normal(3, 5, 2, 6)], (w, x, y) => tf.add(tf.matMul(w, x), y)),
    kernelCase([normal(1, 3, 2, 4), normal(5, 3, 4, 6), normal(5, 3, 2, 1)], (w, x, b) => tf.add(tf.matMul(w, x), b)),
    kernelCase([normal(1, 3, 2, 4), normal(5, 3, 4, 6), normal(1, 3, 1, 1)], (w, x, b) => tf.add(tf.matMul(w, x), b)),
    kernelCase([normal(1, 6, 4), normal(5, 4, 6), normal(6, 1)], (w, x, b) =>
      tf.add(tf.matMul(w, x).reshape([5, 6, 6]).reshape([30, 6, 1]).reshape([6, 5, 6, 1]), b.reshape([1, 1, 6, 1])),
    ),
    // More columns than rows, and long sums: computed transposed.
    kernelCase([small(17, 300), small(300, 20)], (a, b) => tf.matMul(a, b)),
    kernelCase([small(17, 300), small(300, 20)], (a, b) => tf.matMul(tf.transpose(a), b, true)),
    kernelCase([small(4, 3, 5), small(4, 5, 6)], (a, b) => tf.matMul(a, b.transpose([0, 2, 1]), false, true)),
    // A few long sums: computed as elementwise products.
    kernelCase([small(3, 9000), small(9000, 3)], (a, b) => tf.matMul(a, b)),
    kernelCase([small(2, 30_000), small(2, 30_000)], (a, b) => tf.matMul(a, b, false, true)),
  ],
};
