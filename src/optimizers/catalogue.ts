import type { Tensor } from '@tensorflow/tfjs';
import { z } from 'zod';
import { catalogue } from '../support/catalogue.js';
import { defineOptimizer, optimizerOptions, type UpdateRule } from './optimizer.js';

/**
 * Adam (Kingma and Ba, 2015, algorithm 1) in the form of `torch.optim.Adam`: eps is added to the square root of the
 * bias-corrected second moment, and L2 is coupled.
 *
 * The slots are the discounted sums n = m / (1 - beta1) and u = v / (1 - beta2) instead of the moments m and v. An
 * update then takes ten elementwise operations instead of fourteen. All else is one scalar per step:
 *
 *     lr * (m / c1) / (sqrt(v / c2) + eps)  =  rate * n / (sqrt(u) + epsilon),   c = 1 - beta^t,
 *     rate = lr * (1 - beta1) / c1 * sqrt(c2 / (1 - beta2)),   epsilon = eps * sqrt(c2 / (1 - beta2))
 */
export const adam = defineOptimizer({
  name: 'adam',
  summary: "Adam in PyTorch's form",
  options: z.strictObject({
    type: z.literal('adam'),
    ...optimizerOptions(0.001),
    ...adamOptions(),
  }),
  build: adamRule,
});

function adamOptions() {
  return {
    beta1: z.number().min(0).lt(1).default(0.9).describe('The decay of the mean of gradients.'),
    beta2: z.number().gt(0).lt(1).default(0.999).describe('The decay of the mean of their squares.'),
    epsilon: z.number().positive().default(1e-8).describe('Added to the root of the second moment.'),
  };
}

type AdamOptions = z.infer<z.ZodObject<ReturnType<typeof adamOptions>>>;

function adamRule({ beta1, beta2, epsilon }: AdamOptions): UpdateRule {
  return {
    slots: { 'adam.first': 0, 'adam.second': 0 },
    fading: ['adam.first'], // the second moment takes too long
    begin: (step, learningRate) => {
      const t = step.add(1);
      // 1 - beta^t loses most of its digits in float32 (beta2^1 = 0.999), so it is written with the hyperbolic tangent:
      // 1 - exp(-2x) = 2 tanh(x) / (1 + tanh(x)).
      const correction = (beta: number) => {
        const tanh = t.mul(-Math.log(beta) / 2).tanh();
        return tanh.mul(2).div(tanh.add(1));
      };
      const root = correction(beta2)
        .div(1 - beta2)
        .sqrt();
      const rate = beta1 === 0 ? learningRate.mul(root) : learningRate.mul(1 - beta1).mul(root.div(correction(beta1)));
      const eps = root.mul(epsilon);
      return (parameter, gradient, slot) => {
        const first = slot('adam.first').mul(beta1).add(gradient);
        const second = slot('adam.second').mul(beta2).add(gradient.square());
        return {
          parameter: parameter.sub(first.div(second.sqrt().add(eps)).mul(rate)),
          slots: { 'adam.first': first, 'adam.second': second },
        };
      };
    },
  };
}

/**
 * AdamW (Loshchilov and Hutter 2019, algorithm 2) in the form of `torch.optim.AdamW`: p is multiplied by 1 - lr *
 * weightDecay, then moved by Adam. The decay is not part of the gradient, so the second moment does not scale it.
 * Unlike PyTorch's default, biases are not decayed.
 */
const adamw = defineOptimizer({
  name: 'adamw',
  summary: "AdamW: Adam with decoupled weight decay, in PyTorch's form",
  options: z.strictObject({
    type: z.literal('adamw'),
    ...optimizerOptions(0.001),
    ...adamOptions(),
    weightDecay: z
      .number()
      .nonnegative()
      .default(0.01)
      .describe('Weights, not biases, are multiplied by 1 - rate * weightDecay before each step.'),
    weightDecayEmbeddings: z.number().nonnegative().default(0).describe('The same for embedding tables.'),
  }),
  build: (options) => ({
    ...adamRule(options),
    decay: { weight: options.weightDecay, embedding: options.weightDecayEmbeddings, bias: 0, statistic: 0 },
  }),
});

/** AdaGrad (Duchi et al., 2011) in the form of `torch.optim.Adagrad`: p -= lr * g / (sqrt(sum of g^2) + eps). */
const adagrad = defineOptimizer({
  name: 'adagrad',
  summary: "AdaGrad in PyTorch's form",
  options: z.strictObject({
    type: z.literal('adagrad'),
    ...optimizerOptions(0.01),
    ...adagradOptions(1e-10),
  }),
  build: ({ initialAccumulator, epsilon }) =>
    adagradRule('adagrad.sum', initialAccumulator, epsilon, (gradient) => gradient.square()),
});

function adagradOptions(epsilon: number) {
  return {
    initialAccumulator: z.number().nonnegative().default(0).describe('The sum of squares at the start.'),
    epsilon: z.number().positive().default(epsilon).describe('Added to the root of the sum of squares.'),
  };
}

/** @param squares what a gradient adds to the sum of squares */
function adagradRule(
  sumName: string,
  initial: UpdateRule['slots'][string],
  epsilon: number,
  squares: (gradient: Tensor) => Tensor,
): UpdateRule {
  return {
    restsAtZero: true,
    slots: { [sumName]: initial },
    begin: (_step, learningRate) => (parameter, gradient, slot) => {
      const sum = slot(sumName).add(squares(gradient));
      return {
        parameter: parameter.sub(gradient.div(sum.sqrt().add(epsilon)).mul(learningRate)),
        slots: { [sumName]: sum },
      };
    },
  };
}

/**
 * Row-wise AdaGrad (Gupta et al. 2014; the form of FBGEMM's `EXACT_ROWWISE_ADAGRAD`): one sum per row of an array, s +=
 * mean over the row of g^2, p -= lr * g / (sqrt(s) + eps). An embedding table keeps one number per value, not one per
 * weight.
 */
const rowwiseAdagrad = defineOptimizer({
  name: 'rowwise-adagrad',
  summary: 'AdaGrad with one sum of squares per row, for embedding tables',
  options: z.strictObject({
    type: z.literal('rowwise-adagrad'),
    ...optimizerOptions(0.01),
    ...adagradOptions(1e-8),
  }),
  build: ({ initialAccumulator, epsilon }) =>
    adagradRule('rowwise-adagrad.sum', { initial: initialAccumulator, perRow: true }, epsilon, (gradient) =>
      gradient.square().mean(-1, true),
    ),
});

/**
 * Stochastic gradient descent in the form of `torch.optim.SGD`: b = momentum * b + g, p -= lr * b;
 * with Nesterov's momentum p -= lr * (g + momentum * b).
 */
const sgd = defineOptimizer({
  name: 'sgd',
  summary: "stochastic gradient descent, optionally with (Nesterov's) momentum, in PyTorch's form",
  options: z
    .strictObject({
      type: z.literal('sgd'),
      ...optimizerOptions(0.001),
      momentum: z.number().min(0).lt(1).default(0).describe('The part of the last step that is kept.'),
      nesterov: z.boolean().default(false).describe('Nesterov’s momentum. It needs a `momentum` above 0.'),
    })
    .refine((options) => !options.nesterov || options.momentum > 0, {
      error: 'nesterov needs a momentum above 0',
      path: ['nesterov'],
    }),
  build: ({ momentum, nesterov }) => ({
    restsAtZero: momentum === 0,
    slots: momentum === 0 ? {} : { 'sgd.momentum': 0 },
    fading: ['sgd.momentum'],
    begin: (_step, learningRate) => (parameter, gradient, slot) => {
      if (momentum === 0) return { parameter: parameter.sub(gradient.mul(learningRate)), slots: {} };
      const buffer = slot('sgd.momentum').mul(momentum).add(gradient);
      const direction = nesterov ? gradient.add(buffer.mul(momentum)) : buffer;
      return { parameter: parameter.sub(direction.mul(learningRate)), slots: { 'sgd.momentum': buffer } };
    },
  }),
});

export const optimizers = catalogue('optimizer', [adam, adamw, adagrad, rowwiseAdagrad, sgd]);
