import type { Tensor } from '@tensorflow/tfjs';
import { must } from '../../../support/must.js';
import type { Random } from '../../../support/random.js';
import { tf } from '../../../support/tf.js';

/** For tests: one call of a kernel, or of a gradient, on random inputs of given shapes. */
export interface KernelCase {
  readonly inputs: readonly Input[];
  readonly run: Run;
  /** What the pure-JS backend runs instead, where it lacks the kernel. */
  readonly reference: Run;
}

type Run = (...inputs: Tensor[]) => Tensor | Tensor[];

interface Input {
  readonly dtype: 'float32' | 'int32';
  readonly shape: readonly number[];
  /** Element `index`. */
  draw(random: Random, index: number): number;
}

type Shape = readonly number[];

const input =
  (dtype: Input['dtype'], draw: Input['draw']) =>
  (...shape: Shape): Input => ({ dtype, shape, draw });
const normal = input('float32', (random) => random.normal());
/** Sums of some hundred products stay of order 1. */
const small = input('float32', (random) => 0.2 * random.normal());
const positive = input('float32', (random) => 0.1 + random.uniform());
/** -1, 0 and 1: many ties. */
const few = input('float32', (random) => random.below(3) - 1);
const signed = input('int32', (random) => random.below(9) - 4);
/** int32 in [0, bound). */
const indexes = (bound: number, ...shape: Shape) => input('int32', (random) => random.below(bound))(...shape);
/** These numbers again and again. */
const listed = (...values: readonly number[]) => input('float32', (_, index) => values[index % values.length] ?? 0);

const kernelCase = (inputs: readonly Input[], run: Run, reference = run): KernelCase => ({
  inputs,
  run,
  reference,
});

export type KernelCases = Readonly<Record<string, readonly KernelCase[]>>;

type Draw = typeof normal;

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

/** The same kinds of cases of each kernel. */
function each<Function>(
  kernels: Readonly<Record<string, Function>>,
  cases: (run: Function) => KernelCase[],
): KernelCases {
  return Object.fromEntries(Object.entries(kernels).map(([kernel, run]) => [kernel, cases(run)]));
}

const isPositive = (x: Tensor) => tf.greater(x, 0);

/** By the name of the tfjs kernel. */
export const elementwiseCases: KernelCases = {
  ...each(
    {
      Sigmoid: tf.sigmoid,
      Softplus: tf.softplus,
      Exp: tf.exp,
      Neg: tf.neg,
      Abs: tf.abs,
      Sign: tf.sign,
      Floor: tf.floor,
    },
    (run) => unary(run),
  ),
  ...each({ Log: tf.log, Sqrt: tf.sqrt, Reciprocal: tf.reciprocal, Rsqrt: tf.rsqrt }, (run) => unary(run, positive)),
  ...each({ Erf: tf.erf, Sin: tf.sin, Cos: tf.cos, Square: tf.square }, (run) => unary(run, normal)),
  ...each(
    {
      Greater: tf.greater,
      GreaterEqual: tf.greaterEqual,
      Less: tf.less,
      LessEqual: tf.lessEqual,
      Equal: tf.equal,
      NotEqual: tf.notEqual,
    },
    comparison,
  ),
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
  LogicalAnd: binary((a, b) => tf.logicalAnd(isPositive(a), isPositive(b))),
  LogicalOr: binary((a, b) => tf.logicalOr(isPositive(a), isPositive(b))),
  LogicalNot: unary((x) => tf.logicalNot(isPositive(x))),
  IsNan: unary(tf.isNaN, withNaN),
  Relu: [...unary(tf.relu), ...unary(tf.relu, withNaN)],
  Tanh: [
    ...unary(tf.tanh),
    // Accurate near 0 too: Adam divides by such numbers.
    kernelCase([listed(0.0005, -0.001, 0.02, 1e-6, 0.19, 0.21)(6)], (x) => tf.div(tf.tanh(x), x)),
  ],
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

const segmentSum = (x: Tensor, ids: Tensor, segments: number) => tf.unsortedSegmentSum(x, ids.as1D(), segments);

/** By the name of the tfjs kernel. */
export const gatherCases: KernelCases = {
  GatherV2: [
    kernelCase([normal(5, 2), indexes(5, 3)], (x, at) => tf.gather(x, at.as1D())),
    kernelCase([normal(5, 2), indexes(5, 3, 2)], (x, at) => tf.gather(x, at.as2D(3, 2))),
    kernelCase([normal(2, 5, 3), indexes(5, 4)], (x, at) => tf.gather(x, at.as1D(), -2)),
  ],
  UnsortedSegmentSum: [
    kernelCase([normal(6, 2), indexes(4, 6)], (x, ids) => segmentSum(x, ids, 4)),
    // Most segments are empty.
    kernelCase([normal(6, 2), indexes(2, 6)], (x, ids) => segmentSum(x, ids, 9)),
    kernelCase([normal(6), indexes(3, 6)], (x, ids) => segmentSum(x, ids, 3)),
    // Enough rows that ONNX Runtime's threads would share them and lose some. With whole numbers the order of a sum
    // does not matter.
    kernelCase([normal(60_000, 4), indexes(5, 60_000)], (x, ids) => segmentSum(tf.step(x), ids, 5)),
    kernelCase([normal(250_001), indexes(3, 250_001)], (x, ids) => segmentSum(tf.step(x), ids, 3)),
  ],
};

const product = (a: Input, b: Input, ...transposed: boolean[]) =>
  kernelCase([a, b], (x, y) => tf.matMul(x, y, ...transposed));

/** By the name of the tfjs kernel. */
export const productCases: KernelCases = {
  BatchMatMul: [
    product(normal(2, 3), normal(3, 4)),
    product(normal(3, 2), normal(4, 3), true, true),
    product(normal(5, 3, 2), normal(5, 3, 4), true),
    product(normal(5, 3, 2), normal(1, 4, 3), true, true),
    // Large, of few members.
    product(small(3, 512, 90), small(3, 512, 122), true),
    // Weights times each block of a batch: convolutions, and their biases.
    product(normal(1, 3, 2, 4), normal(5, 3, 4, 6)),
    product(normal(1, 3, 4, 2), normal(5, 3, 4, 6), true),
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
    product(small(17, 300), small(300, 20)),
    kernelCase([small(17, 300), small(300, 20)], (a, b) => tf.matMul(tf.transpose(a), b, true)),
    kernelCase([small(4, 3, 5), small(4, 5, 6)], (a, b) => tf.matMul(a, b.transpose([0, 2, 1]), false, true)),
    // A few long sums: computed as elementwise products.
    product(small(3, 9000), small(9000, 3)),
    product(small(2, 30_000), small(2, 30_000), false, true),
  ],
};

function reductions(run: (x: Tensor, axis?: number | number[], keepDims?: boolean) => Tensor): KernelCase[] {
  return [
    kernelCase([normal(2, 3, 4)], (x) => run(x)),
    kernelCase([normal(2, 3, 4)], (x) => run(x, -1)),
    kernelCase([normal(2, 3, 4)], (x) => run(x, [2, 0])),
    kernelCase([normal(2, 3, 4)], (x) => run(x, [-1, -2], true)),
    kernelCase([normal(5, 1)], (x) => run(x, 0, true)),
    kernelCase([normal()], (x) => run(x)),
    kernelCase([signed(4, 3)], (x) => run(x, 0)),
    kernelCase([normal(2, 1)], (x) => run(tf.add(x, tf.zeros([2, 3])), 1)),
  ];
}

const large = listed(1000, -1000, 999, 0, 3);

// tf.logSoftmax is written with other kernels, and the pure-JS backend has none of this name.
const logSoftmax = (logits: Tensor): Tensor => tf.engine().runKernel('LogSoftmax', { logits }, { axis: -1 });

/** By the name of the tfjs kernel. */
export const reductionCases: KernelCases = {
  Sum: [
    ...reductions(tf.sum),
    kernelCase([few(6, 2)], (x) => tf.sum(tf.greater(x, 0), 0)),
    kernelCase([normal(300, 2)], (x) => tf.sum(x, 0)),
    // Rows of some arrays, and of many.
    kernelCase([small(3, 256, 171)], (x) => tf.sum(x, 1)),
    kernelCase([small(2, 2, 256, 128)], (x) => tf.sum(x, -2, true)),
    kernelCase([small(1, 5, 3, 7)], (x) => tf.sum(x, 1)),
  ],
  Mean: reductions(tf.mean),
  Max: reductions(tf.max),
  Min: reductions(tf.min),
  Softmax: [
    kernelCase([normal(2, 3, 4)], (x) => tf.softmax(x)),
    kernelCase([normal(5, 1)], (x) => tf.softmax(x)),
    kernelCase([large(3, 5)], (x) => tf.softmax(x)),
    kernelCase([normal(4, 3)], (x) => tf.softmax(tf.add(x, tf.tensor1d([0, -1e30, 0])))),
  ],
  LogSoftmax: [
    kernelCase([normal(2, 3, 4)], logSoftmax, (x) => tf.logSoftmax(x)),
    kernelCase([large(3, 5)], logSoftmax, (x) => tf.logSoftmax(x)),
  ],
};

/** By the name of the tfjs kernel. */
export const shapeCases: KernelCases = {
  Reshape: [
    kernelCase([normal(2, 3, 4)], (x) => tf.reshape(x, [6, -1])),
    kernelCase([normal(1, 1, 1)], (x) => tf.reshape(tf.broadcastTo(x, [1, 2, 3]), [2, 3])),
    kernelCase([normal()], (x) => tf.reshape(tf.add(x, tf.zeros([2, 3])), [6])),
    kernelCase([normal(4)], (x) => tf.add(x, tf.reshape(tf.tensor([1, 2, 3, 4]), [2, 2, 1]))),
  ],
  ExpandDims: [kernelCase([normal(2, 3)], (x) => tf.expandDims(x, -1))],
  Transpose: [
    kernelCase([normal(2, 3)], (x) => tf.transpose(x)),
    kernelCase([normal(2, 3, 4)], (x) => tf.transpose(x, [2, 0, 1])),
    kernelCase([normal(1, 3, 4)], (x) => tf.transpose(x, [2, 0, 1])),
    kernelCase([normal(2, 3, 4)], (x) => tf.transpose(tf.transpose(x, [1, 2, 0]), [2, 0, 1])),
  ],
  Concat: [
    // More parts than a shader may have buffers.
    kernelCase([normal(2, 30), normal(2, 1)], (a, b) =>
      tf.concat([...tf.split(a, 30, 1).flatMap((part, i) => [part, tf.mul(b, i)])], 1),
    ),
    kernelCase([normal(2, 3), normal(2, 1)], (a, b) => tf.concat([a, b], 1)),
    kernelCase([signed(2), signed(3)], (a, b) => tf.concat([a, b])),
    kernelCase([normal(2, 3), normal(2, 0)], (a, b) => tf.concat([a, b], 1)),
  ],
  Pack: [
    kernelCase([normal(2, 3), normal(2, 3)], (a, b) => tf.stack([a, b], 1)),
    kernelCase([normal(), normal()], (a, b) => tf.stack([a, b])),
  ],
  Slice: [
    kernelCase([normal(4, 3)], (x) => tf.slice(x, [1, 0], [2, 3])),
    kernelCase([normal(4, 3)], (x) => tf.slice(x, [0, 1], [-1, -1])),
  ],
  SplitV: [
    kernelCase([normal(60, 2)], (x) => tf.split(x, [1, 7, 9, 1, 2, 3, 4, 5, 6, 8, 1, 2, 3, 4, 4])),
    kernelCase([normal(2, 6)], (x) => tf.split(x, [1, -1, 3], -1)),
    kernelCase([normal(3, 2)], (x) => must(tf.split(x, [1, 2])[1], 'part')),
  ],
  Unpack: [kernelCase([normal(2, 60)], (x) => tf.unstack(x, 1))],
  Tile: [
    kernelCase([normal(1, 2)], (x) => tf.mul(tf.tile(x, [3, 1]), tf.tile(x, [3, 2]).slice([0, 1], [3, 2]))),
    kernelCase([normal(2, 1)], (x) => tf.broadcastTo(x, [4, 2, 3])),
  ],
  PadV2: [
    kernelCase([normal(2, 3)], (x) =>
      tf.pad(x, [
        [1, 0],
        [0, 2],
      ]),
    ),
    kernelCase([normal(2, 3)], (x) =>
      tf.pad(
        x,
        [
          [1, 1],
          [1, 1],
        ],
        -0.5,
      ),
    ),
  ],
  Fill: [kernelCase([normal(2, 1)], (x) => tf.mul(x, tf.fill([2, 3], 2)))],
  Range: [kernelCase([], () => tf.range(1, 6, 2)), kernelCase([], () => tf.range(5, -1, -2, 'int32'))],
  OneHot: [
    kernelCase([indexes(3, 2, 2)], (x) => tf.oneHot(x, 3, 2, -1)),
    kernelCase([signed(6)], (x) => tf.oneHot(x, 3, 1, 0, 'float32')),
  ],
};

/** Gradients of functions by their float32 inputs; other inputs are passed on. */
const differentiated: Readonly<Record<string, readonly [readonly Input[], (...inputs: Tensor[]) => Tensor]>> = {
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
      const [a = x, b = x] = tf.split(x, [2, 4], 1);
      const [c = x, d = x] = tf.unstack(b);
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
export const gradientCases: KernelCases = Object.fromEntries(
  Object.entries(differentiated).map(([name, [inputs, run]]) => {
    const valueAndGradients: Run = (...given) => {
      const loss = (...floats: Tensor[]) => {
        const left = [...floats];
        return run(...given.map((tensor) => (tensor.dtype === 'float32' ? must(left.shift(), name) : tensor))).sum();
      };
      const { value, grads } = tf.valueAndGrads(loss)(given.filter(({ dtype }) => dtype === 'float32'));
      return [value, ...grads];
    };
    return [name, [kernelCase(inputs, valueAndGradients)]];
  }),
);
