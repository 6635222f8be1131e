import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import { sha256 } from '../../support/checksum.js';
import { asSingle, type Source, type SourceBlock, type SourceSplit, type SplitName } from '../dataset.js';
import { isSmall, rowsPerBlock } from '../loader.js';

/** Rows of a generated block: few enough for a column of it to stay in the fastest cache. */
export const generatedRows = 512;

const blocksBetweenTurns = 32;

/** What a generator makes: rows without lists, of weight 1. */
export interface Generated extends Pick<Source, 'columns' | 'tasks' | 'masked' | 'group'> {
  readonly rows: Readonly<Record<SplitName, number>>;
  /** The checksum of the constants that decide every value. */
  readonly checksum: string;
  /**
   * Draws a split's rows from `generatedRows * index` on: `generatedRows` of them, or those that are left. A block
   * depends on split and index only, so each has a random stream of its own. Its arrays are the reader's.
   */
  block(split: SplitName): (index: number) => SourceBlock;
  /** The same rows with each regression's label as it is expected of the inputs. Absent: it is not known. */
  expected?(split: SplitName): (index: number) => SourceBlock;
}

/**
 * A source whose rows are drawn when they are read: nothing is stored, and memory does not grow with the rows. A source
 * of at most 64 MiB stays in memory. Its checksum covers a drawn block, so another generator gives another one.
 */
export function generatedSource(generated: Generated): Source {
  const { rows, block, checksum, columns, tasks, masked, group } = generated;
  const isKept = isSmall(generated);
  const split = (name: SplitName): SourceSplit => {
    const draw = block(name);
    if (!isKept) return drawnSplit(rows[name], rowsPerBlock(generated), draw);
    const drawn: SourceBlock[] = [];
    return { rows: rows[name], blockRows: generatedRows, read: (index) => (drawn[index] ??= draw(index)) };
  };
  return {
    columns,
    tasks,
    masked,
    group,
    generated: true,
    checksum: withBlock(checksum, block('train')(0)),
    splits: { train: split('train'), validation: split('validation'), test: split('test') },
  };
}

/** Blocks that are joined from those of the generator, whenever they are read. */
function drawnSplit(rows: number, blockRows: number, draw: (index: number) => SourceBlock): SourceSplit {
  return {
    rows,
    blockRows,
    async read(index) {
      const begin = index * blockRows;
      const count = Math.min(blockRows, rows - begin);
      const first = draw(begin / generatedRows);
      const columns = first.columns.map((values) => {
        return asSingle(values) instanceof Int32Array ? new Int32Array(count) : new Float32Array(count);
      });
      const labels = first.labels.map(() => new Float32Array(count));
      for (let at = 0, made = 0; at < count; at += generatedRows, made++) {
        if (made % blocksBetweenTurns === blocksBetweenTurns - 1) await setImmediate(); // lets signals and timers in
        const block = made === 0 ? first : draw((begin + at) / generatedRows);
        for (const [c, target] of columns.entries()) target.set(asSingle(block.columns[c] ?? target), at);
        for (const [t, target] of labels.entries()) target.set(block.labels[t] ?? target, at);
      }
      return { rows: count, columns, labels };
    },
  };
}

function withBlock(checksum: string, { columns, labels }: SourceBlock): string {
  const hash = createHash('sha256').update(checksum);
  for (const { buffer, byteOffset, byteLength } of [...columns.map(asSingle), ...labels])
    hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  return hash.digest('hex');
}

/** So many blocks, one after the other. Yields to signals and timers. */
export async function* inTurns<Block>(draw: (index: number) => Block, blocks: number): AsyncGenerator<Block> {
  for (let index = 0; index < blocks; index++) {
    if (index % blocksBetweenTurns === 0) await setImmediate();
    yield draw(index);
  }
}

export const rowsToGenerate = z
  .int()
  .positive()
  .max(2 ** 31);

/** Options shared by all loaders of generated rows. */
export const generatorOptions = {
  rows: z
    .strictObject({ train: rowsToGenerate, validation: rowsToGenerate, test: rowsToGenerate })
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
  return sha256(JSON.stringify({ version, ...options, seed }));
}
