import { z } from 'zod';

/** How long a score has not improved. Plain data, stored in checkpoints. */
export const waitSchema = z.strictObject({
  /** The last score that counted as an improvement. Null before the first one. */
  best: z.number().nullable(),
  /** Number of scores since then. */
  waited: z.int(),
});
export type Wait = Readonly<z.infer<typeof waitSchema>>;

export const freshWait: Wait = { best: null, waited: 0 };

/** Whether no score has improved for so long. One that was never defined does not count; without any other, none has. */
export function haveWaited(waits: readonly Wait[], scores: number): boolean {
  const counted = waits.filter(({ best }) => best !== null);
  return counted.length > 0 && counted.every(({ waited }) => waited >= scores);
}

/**
 * The state after one more score; higher is better. A score improves if it exceeds the best by more than `minDelta`, as
 * in Keras' EarlyStopping and PyTorch's `threshold_mode='abs'`. A null score never improves. While there is no best
 * score, the count stays 0.
 */
export function waitedFor({ best, waited }: Wait, score: number | null, minDelta: number): Wait {
  if (best === null || (score !== null && score > best + minDelta)) return { best: score, waited: 0 };
  return { best, waited: waited + 1 };
}
