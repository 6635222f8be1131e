import type { Tensor } from '@tensorflow/tfjs';
import { tf } from '../../support/tf.js';
import {
  few,
  type Input,
  indexes,
  type KernelCase,
  kernelCase,
  listed,
  normal,
  positive,
} from './kernels/kernel-case.fixture.js';

type Function = (...inputs: Tensor[]) => Tensor;

/** Gradients of functions by their float32 inputs; other inputs are passed on. */
const differentiated: Readonly<Record<string, readonly [readonly Input[], Function]>> = {
  'arithmetic with broadcasting': [
    [normal(4, 3), normal(3), positive(4, 1)],
    (a, b, c) => a.add(b).mul(c).sub(b.div(c)).square(),
  ],
  'relu and abs at zero': [[few(4, 5)], (x) => tf.relu(x).add(tf.abs(x).mul(x))],
  'transposed products': [
    [normal(2, 4, 3), normal(2, 5, 4)],
    (a, b) => tf.matMul(a, b, true, true).add(tf.matMul(b, a).transpose([0, 2, 1])),
  ],
  'logistic loss': [
    [listed(-30, -2, 0, 0, 1, 25)(2, 6), listed(0, 1)(2, 6)],
    (z, y) =>
      tf
        .relu(z)
        .sub(z.mul(y))
        .add(tf.softplus(tf.neg(tf.abs(z)))),
  ],
  'log softmax': [[normal(2, 5)], (x) => tf.logSoftmax(x).mul(x)],
  'elementary functions': [
    [positive(2, 3)],
    (x) =>
      [tf.exp(x), tf.log(x), tf.log1p(x), tf.sqrt(x), tf.rsqrt(x), tf.tanh(x), tf.sigmoid(x), tf.reciprocal(x)].reduce(
        (sum, term) => sum.add(term.mul(x)),
        tf.pow(x, tf.neg(x)),
      ),
  ],
  'choices with ties': [
    [few(4, 3), few(4, 3)],
    (a, b) =>
      tf
        .maximum(a, b)
        .mul(tf.minimum(a, b.mul(2)))
        .add(tf.where(tf.tensor([1, 0, 1], [3], 'bool'), a, b.mul(3))),
  ],
  reductions: [
    [normal(3, 4, 2)],
    (x) =>
      tf
        .sum(x, 1)
        .mul(tf.mean(x, [0, 1]))
        .add(tf.max(x, 1).mul(tf.min(x, 1)))
        .mul(tf.sum(x)),
  ],
  'pieces put together again': [
    [normal(2, 6)],
    (x) => {
      const [a = none(), b = none()] = tf.split(x, [2, 4], 1);
      const [c = none(), d = none()] = tf.unstack(b);
      return tf.concat(
        [
          tf.stack([d, c]).mul(b),
          a.mul(a),
          tf.pad(x.slice([0, 1], [2, 3]), [
            [0, 0],
            [1, 1],
          ]),
        ],
        1,
      );
    },
  ],
  'look-up': [[normal(5, 2), indexes(5, 3, 4)], (table, at) => tf.gather(table, at.toInt()).square()],
};

/** The value and the gradients of each. */
export const gradientCases: Readonly<Record<string, KernelCase>> = Object.fromEntries(
  Object.entries(differentiated).map(([name, [inputs, run]]) => [
    name,
    kernelCase(inputs, (...given) => {
      const floats = given.filter((tensor) => tensor.dtype === 'float32');
      const loss = (...values: Tensor[]) => {
        const left = [...values];
        return run(...given.map((tensor) => (tensor.dtype === 'float32' ? (left.shift() ?? none()) : tensor))).sum();
      };
      const { value, grads } = tf.valueAndGrads(loss)(floats);
      return [value, ...grads];
    }),
  ]),
);

function none(): never {
  throw new Error('too few inputs');
}
