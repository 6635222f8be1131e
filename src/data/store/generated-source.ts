import { setImmediate } from 'node:timers/promises';
import { type Source, type SourceBlock, type SplitName, singleOf, splitNames } from '../dataset.js';
import type { LoaderContext } from '../loader.js';
import { appendColumns } from './append-columns.js';
import { unkept } from './prepared.js';
import { isSmall, preparedSource, type StoredSource } from './prepared-source.js';

/** Rows of a generated block: few enough for a column of it to stay in the fastest cache. */
export const generatedRows = 512;

const blocksBetweenTurns = 32;

/** What a generator makes: rows without lists, of weight 1. */
export interface Generated {
  readonly stored: StoredSource;
  /**
   * The rows of a split, `generatedRows` at a time; only the last block may have fewer. The arrays may be overwritten
   * by the next block's.
   */
  blocks(split: SplitName): Iterable<SourceBlock>;
}

/** A source whose rows are made: they are put into a table when it is opened. */
export async function generatedSource(
  { stored, blocks }: Generated,
  context: Pick<LoaderContext, 'note' | 'signal'>,
): Promise<Source> {
  const tables = await unkept(async (database) => {
    await database.run(`CREATE TABLE prepared.rows (${fieldsOf(stored).join(', ')})`);
    for (const name of splitNames) {
      for await (const block of inTurns(blocks(name))) {
        await appendColumns(database, 'prepared.rows', [...block.columns.map(singleOf), ...block.labels], block.rows);
        context.signal?.throwIfAborted();
      }
    }
    return isSmall(stored) ? { ...stored, blockRows: generatedRows } : stored;
  }, context.signal);
  return preparedSource(tables, context);
}

/** The blocks one after the other. Yields to signals and timers. */
export async function* inTurns(blocks: Iterable<SourceBlock>): AsyncGenerator<SourceBlock> {
  let made = 0;
  for (const block of blocks) {
    if (made++ % blocksBetweenTurns === 0) await setImmediate();
    yield block;
  }
}

function fieldsOf({ columns, tasks }: StoredSource): string[] {
  return [
    ...columns.map(({ kind }, c) => `i${c} ${kind === 'numeric' ? 'FLOAT' : 'INTEGER'}`),
    ...tasks.map((_, t) => `l${t} FLOAT`),
  ];
}
