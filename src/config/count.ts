import { z } from 'zod';

/**
 * A count in a config. Its upper limit is far above useful values, so that a typing error is told before any work.
 * @param reason for the limit, which the error gives
 */
export function countUpTo(most: number, reason: string, least = 1): z.ZodInt {
  return z
    .int()
    .min(least)
    .max(most, { error: `it must be at most ${most}: ${reason}` });
}

export const epochCount = (least = 1) =>
  countUpTo(100_000, 'every epoch is a line of epochs.jsonl and a checkpoint', least);
export const stepCount = () => countUpTo(2 ** 31 - 1, 'no run has more steps');
export const rowCount = () => countUpTo(2 ** 31 - 1, 'no data have more rows');
export const layerWidth = () => countUpTo(2 ** 16, 'a wider layer has more weights than memory');
export const expertCount = (least = 1) => countUpTo(2 ** 10, 'each expert is a network of its own', least);
