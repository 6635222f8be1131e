import { z } from 'zod';
import { defineOptimizer, type Rule } from './optimizer.js';
import { commonOptions } from './options.js';

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
    ...commonOptions(0.001),
    ...adamOptions(),
  }),
  build: adamRule,
});

export function adamOptions() {
  return {
    beta1: z.number().min(0).lt(1).default(0.9).describe('The decay of the mean of gradients.'),
    beta2: z.number().gt(0).lt(1).default(0.999).describe('The decay of the mean of their squares.'),
    epsilon: z.number().positive().default(1e-8).describe('Added to the root of the second moment.'),
  };
}

type AdamOptions = z.infer<z.ZodObject<ReturnType<typeof adamOptions>>>;

export function adamRule({ beta1, beta2, epsilon }: AdamOptions): Rule {
  return {
    slots: { 'adam.first': 0, 'adam.second': 0 },
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
