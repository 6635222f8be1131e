import { z } from 'zod';

/** Options that every optimizer has; `learningRate` is the default of that key. */
export function commonOptions(learningRate: number) {
  return {
    learningRate: z.number().positive().default(learningRate).describe('The learning rate at the start.'),
    // A config checks it against the options of the schedule that it names, and describes it.
    schedule: z.looseObject({ type: z.string() }).optional(),
    decay: z
      .strictObject({ ratio: z.number().positive().max(1), unit: z.enum(['epoch', 'step']).default('epoch') })
      .optional()
      .describe(
        '`{ ratio, unit }`: the learning rate times ratio^t, t being completed epochs (`unit: epoch`, the default) or steps (`step`). Not with a `schedule`.',
      ),
    l2: z
      .number()
      .nonnegative()
      .default(0)
      .describe(
        'l2 * p is added to the gradient of weights (PyTorch’s coupled `weight_decay`), never to that of biases.',
      ),
    l2Embeddings: z.number().nonnegative().default(0).describe('The same for embedding tables.'),
    lazy: z
      .boolean()
      .optional()
      .describe(
        'Whether a step moves only the rows of embedding tables that have a gradient in its batch (like PyTorch’s SparseAdam): the others keep value and moments, without L2 or decay. `train.average` leaves such tables out. Absent: for tables of 200,000 rows or more.',
      ),
    clipValue: z
      .number()
      .positive()
      .optional()
      .describe('Each element of a gradient is cut to [-clipValue, clipValue], before `clipNorm`.'),
    clipNorm: z
      .number()
      .positive()
      .optional()
      .describe('Gradients are scaled down to a joint norm of at most this, in single-task by task.'),
  };
}

export type CommonOptions = Readonly<z.infer<z.ZodObject<ReturnType<typeof commonOptions>>>>;
