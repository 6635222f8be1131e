import type { Tensor } from '@tensorflow/tfjs';
import { tf } from '../../../support/tf.js';
import {
  few,
  type Input,
  type KernelCase,
  type KernelCases,
  kernelCase,
  listed,
  normal,
  positive,
  signed,
} from './kernel-case.fixture.js';

type Draw = (...shape: readonly number[]) => Input;

const special = listed(0, -0, 1, -1, 0.5, -0.5, 20, -20, 1e-30, -1e-30, 1e30, -1e30, 80, -80);
const withNaN = listed(Number.NaN, 1, -1, 0);
const infinite = listed(1 / 0, -1 / 0, 0, 2);

function unary(run: (x: Tensor) => Tensor, draw: Draw = special): KernelCase[] {
  return [draw(14), draw(2, 1, 7), draw()].map((input) => kernelCase([input], run));
}

/** Every way of broadcasting. */
function binary(run: (a: Tensor, b: Tensor) => Tensor, a: Draw = normal, b: Draw = a): KernelCase[] {
  const shapes: readonly (readonly [Input, Input])[] = [
    [a(2, 3), b(2, 3)],
    [a(4, 1, 3), b(2, 1)],
    [a(), b(3)],
    [a(1), b(2, 2)],
    [a(5), b()],
  ];
  return shapes.map((inputs) => kernelCase(inputs, run));
}

const isPositive = (x: Tensor) => tf.greater(x, 0);

/** By the name of the tfjs kernel. */
export const elementwiseCases: KernelCases = {
  Add: [
    ...binary(tf.add),
    kernelCase([signed(3), signed(2, 3)], tf.add),
    kernelCase([normal(2, 1)], (x) => tf.add(tf.zeros([3, 1, 4]), x)),
  ],
  Sub: [...binary(tf.sub), kernelCase([normal(3)], (x) => tf.sub(x, 0)), kernelCase([normal(3)], (x) => tf.sub(0, x))],
  Multiply: [...binary(tf.mul), kernelCase([normal(3)], (x) => tf.mul(x, tf.tensor([[1]])))],
  RealDiv: [
    ...binary(tf.div, normal, positive),
    kernelCase([normal(2, 3)], (x) => tf.div(x, 1)),
    kernelCase([normal(2, 3)], (x) => tf.div(1, x)),
  ],
  Pow: [...binary(tf.pow, positive, normal), kernelCase([signed(4)], (x) => tf.pow(x, tf.scalar(2, 'int32')))],
  Maximum: [...binary(tf.maximum), kernelCase([withNaN(8), few(8)], tf.maximum)],
  Minimum: [...binary(tf.minimum), kernelCase([few(8), withNaN(8)], tf.minimum)],
  AddN: [kernelCase([normal(2, 3), normal(2, 3), normal(2, 3)], (...terms) => tf.addN(terms))],
  SquaredDifference: [...binary(tf.squaredDifference)],
  FloorDiv: [
    kernelCase([signed(20)], (x) => tf.floorDiv(x, tf.scalar(3, 'int32'))),
    kernelCase([signed(20)], (x) => tf.floorDiv(x, tf.scalar(-2, 'int32'))),
  ],
  Greater: comparison(tf.greater),
  GreaterEqual: comparison(tf.greaterEqual),
  Less: comparison(tf.less),
  LessEqual: comparison(tf.lessEqual),
  Equal: comparison(tf.equal),
  NotEqual: comparison(tf.notEqual),
  LogicalAnd: binary((a, b) => tf.logicalAnd(isPositive(a), isPositive(b))),
  LogicalOr: binary((a, b) => tf.logicalOr(isPositive(a), isPositive(b))),
  LogicalNot: unary((x) => tf.logicalNot(isPositive(x))),
  Erf: unary(tf.erf, normal),
  IsNan: unary(tf.isNaN, withNaN),
  Relu: [...unary(tf.relu), ...unary(tf.relu, withNaN)],
  Sigmoid: unary(tf.sigmoid),
  Softplus: [...unary(tf.softplus)],
  Tanh: [
    ...unary(tf.tanh),
    // Accurate near 0 too: Adam divides by such numbers.
    kernelCase([listed(0.0005, -0.001, 0.02, 1e-6, 0.19, 0.21)(6)], (x) => tf.div(tf.tanh(x), x)),
  ],
  Exp: unary(tf.exp),
  Log: unary(tf.log, positive),
  Neg: [...unary(tf.neg)],
  Sqrt: unary(tf.sqrt, positive),
  Abs: [...unary(tf.abs)],
  Sign: unary(tf.sign),
  Floor: unary(tf.floor),
  Sin: unary(tf.sin, normal),
  Cos: unary(tf.cos, normal),
  Reciprocal: unary(tf.reciprocal, positive),
  Square: [...unary(tf.square, normal)],
  Rsqrt: unary(tf.rsqrt, positive),
  Log1p: [
    ...unary(tf.log1p, listed(0, -0.5, -1, -2, 3, 1e30, 1 / 0)),
    // Accurate near 0 too.
    kernelCase([listed(1e-9, -3e-8, 1e-5, -1e-4, 0.02, 0.9)(6)], (x) => tf.div(tf.log1p(x), x)),
  ],
  // The slope of HardSigmoid must be steep enough for the smallest normal number.
  Step: [
    ...unary((x) => tf.step(x), listed(0, -0, 1.2e-38, -1.2e-38, 3e38, -3e38, 1, -1, 1 / 0, -1 / 0)),
    ...unary((x) => tf.step(x, 0.25)),
    kernelCase([signed(9)], (x) => tf.step(x)),
  ],
  ClipByValue: [...unary((x) => tf.clipByValue(x, -0.5, 0.75)), ...unary((x) => tf.clipByValue(x, -1, 1), infinite)],
  Select: [
    kernelCase([few(2, 3), normal(2, 3), normal(2, 3)], (c, a, b) => tf.where(isPositive(c), a, b)),
    kernelCase([few(3), normal(2, 3), normal(2, 3)], (c, a, b) => tf.where(isPositive(c), a, b)),
    kernelCase([few(4), signed(4), signed(4)], (c, a, b) => tf.where(isPositive(c), a, b)),
    // A masked NaN must not come through.
    kernelCase([withNaN(4)], (x) => tf.where(tf.isNaN(x), tf.zerosLike(x), x)),
  ],
  Cast: [
    kernelCase([listed(0.5, -0.5, 1.7, -1.7, 0, -3, 1e9)(7)], (x) => tf.cast(x, 'int32')),
    kernelCase([few(5)], (x) => tf.cast(x, 'bool')),
    kernelCase([few(5)], (x) => tf.cast(isPositive(x), 'float32')),
  ],
  Identity: [kernelCase([normal(2, 3)], (x) => [tf.clone(x), x])],
  ZerosLike: [kernelCase([normal(2, 3)], tf.zerosLike), kernelCase([signed(2)], tf.zerosLike)],
  OnesLike: [kernelCase([normal(2, 3)], tf.onesLike), kernelCase([signed(2)], tf.onesLike)],
};

function comparison(run: (a: Tensor, b: Tensor) => Tensor): KernelCase[] {
  return [...binary(run, few), kernelCase([withNaN(8), few(8)], run), kernelCase([infinite(4), few(4)], run)];
}
