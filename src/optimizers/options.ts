import { z } from 'zod';

/** Options that every optimizer has; `learningRate` is the default of that key. */
export function commonOptions(learningRate: number) {
  return {
    learningRate: z.number().positive().default(learningRate),
    /** The learning rate is learningRate * ratio^t, t being completed epochs or steps. Absent: it stays. */
    decay: z
      .strictObject({ ratio: z.number().positive().max(1), unit: z.enum(['epoch', 'step']).default('epoch') })
      .optional(),
    /** Coupled L2 (PyTorch's `weight_decay`): l2 * p is added to the gradient of weights; never to that of biases. */
    l2: z.number().nonnegative().default(0),
    /** The same for embedding tables. */
    l2Embeddings: z.number().nonnegative().default(0),
    /** Gradients are scaled down so that their joint norm is at most this. Absent: they are not. */
    clipNorm: z.number().positive().optional(),
  };
}

export type CommonOptions = Readonly<z.infer<z.ZodObject<ReturnType<typeof commonOptions>>>>;

/** The learning rate after so many completed epochs and steps (both counted from 0). */
export function learningRateAt(
  options: Pick<CommonOptions, 'learningRate' | 'decay'>,
  completedEpochs: number,
  completedSteps: number,
): number {
  const { learningRate, decay } = options;
  if (!decay) return learningRate;
  return learningRate * decay.ratio ** (decay.unit === 'epoch' ? completedEpochs : completedSteps);
}
