import { z } from 'zod';

/** How long a score has not become better; plain data, kept in checkpoints. */
export const waitSchema = z.strictObject({
  /** The last score that counted as better; null before the first, and while there is nothing to judge by. */
  best: z.number().nullable(),
  /** Scores since then. */
  waited: z.int(),
});
export type Wait = Readonly<z.infer<typeof waitSchema>>;

export const freshWait: Wait = { best: null, waited: 0 };

/**
 * The wait after one more score, of which higher is better. It counts as better if it exceeds the best by more than `minDelta`: that of Keras'
 * EarlyStopping, and PyTorch's `threshold_mode='abs'`. A null score is never better, and without a best one nothing is waited for.
 */
export function waitedFor({ best, waited }: Wait, score: number | null, minDelta: number): Wait {
  if (best === null || (score !== null && score > best + minDelta)) return { best: score, waited: 0 };
  return { best, waited: waited + 1 };
}
