import { createHash } from 'node:crypto';
import { z } from 'zod';

export const splitSeedSchema = z
  .union([z.int(), z.literal('run')])
  .default(0)
  .describe('Draws the rows of the splits. `run`: by the run’s `seed`.');

/**
 * The checksum of data whose test rows follow the run's seed: equal checksums stand for equal test rows. (Where only
 * training and validation rows follow it, the checksum is that of the content.)
 */
export function checksumOfDraw(checksum: string, seed: number): string {
  return createHash('sha256').update(`${checksum} ${seed}`).digest('hex');
}
