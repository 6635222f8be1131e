import { z } from 'zod';

/** Options that every optimizer has; `learningRate` is the default of that key. */
export function commonOptions(learningRate: number) {
  return {
    learningRate: z.number().positive().default(learningRate),
    /** How the learning rate moves: one of `schedules/`, which know their own options. Absent: `decay`, or it stays. */
    schedule: z.looseObject({ type: z.string() }).optional(),
    /** The learning rate is learningRate * ratio^t, t being completed epochs or steps. */
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
