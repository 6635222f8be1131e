import { createHash } from 'node:crypto';
import { z } from 'zod';

const rows = z
  .int()
  .positive()
  .max(2 ** 31);

/** Options that loaders of generated rows have in common. */
export const generatorOptions = {
  rows: z
    .strictObject({ train: rows, validation: rows, test: rows })
    .describe('`{ train, validation, test }`: numbers of rows.'),
  seed: z
    .union([z.int(), z.literal('run')])
    .default(0)
    .describe('Draws the process and the rows. `run`: the run’s `seed`, so that every seed has other data.'),
};

/** The same where a file is written: one split, and no run. */
export const generatorFileOptions = {
  rows: rows.default(10_000),
  seed: z.int().nonnegative().default(0),
};

/** The loader's option `rows` for a file with this many rows: a file has the rows of the training split. */
export function rowsOfFile(rows: number) {
  return { train: rows, validation: 1, test: 1 };
}

/** The seed that an option means; asks for the run's only if it is to be that. */
export function seedOf({ seed }: { readonly seed: number | 'run' }, run: { readonly seed: number }): number {
  return seed === 'run' ? run.seed : seed;
}

/** Of the constants that decide every value. @param version of the generator. */
export function generatorChecksum(version: number, options: object, seed: number): string {
  return createHash('sha256')
    .update(JSON.stringify({ version, ...options, seed }))
    .digest('hex');
}
