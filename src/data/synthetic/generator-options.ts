import { createHash } from 'node:crypto';
import { z } from 'zod';

export const rowCount = z
  .int()
  .positive()
  .max(2 ** 31);

/** Options shared by all loaders of generated rows. */
export const generatorOptions = {
  rows: z
    .strictObject({ train: rowCount, validation: rowCount, test: rowCount })
    .describe('`{ train, validation, test }`: numbers of rows.'),
  seed: z
    .union([z.int(), z.literal('run')])
    .default(0)
    .describe('Draws the process and the rows. `run`: by the run’s `seed`.'),
};

/** The seed of an option. Reads the run's seed only if the option is `run`. */
export function generatorSeed({ seed }: { readonly seed: number | 'run' }, run: { readonly seed: number }): number {
  return seed === 'run' ? run.seed : seed;
}

/** Checksum of the constants that determine every value. @param version Version of the generator. */
export function generatorChecksum(version: number, options: object, seed: number): string {
  return createHash('sha256')
    .update(JSON.stringify({ version, ...options, seed }))
    .digest('hex');
}
