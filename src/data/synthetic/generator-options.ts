import { createHash } from 'node:crypto';
import { z } from 'zod';

const rows = z
  .int()
  .positive()
  .max(2 ** 31);

/** Options shared by all loaders of generated rows. */
export const generatorOptions = {
  rows: z
    .strictObject({ train: rows, validation: rows, test: rows })
    .describe('`{ train, validation, test }`: numbers of rows.'),
  seed: z
    .union([z.int(), z.literal('run')])
    .default(0)
    .describe('Draws the process and the rows. `run`: the run’s `seed`, so that every seed has other data.'),
};

/** The same for a written file: one split, and no run. */
export const generatorFileOptions = {
  rows: rows.default(10_000),
  seed: z.int().nonnegative().default(0),
  expected: z
    .boolean()
    .default(false)
    .describe(
      'Adds a column `<task>.expected` for each regression: its label without noise. It is no input: a config ignores it.',
    ),
};

/** The loader's option `rows` for a file with this many rows. A file contains the training split. */
export function rowsOfFile(rows: number) {
  return { train: rows, validation: 1, test: 1 };
}

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
