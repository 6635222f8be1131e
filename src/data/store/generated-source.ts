import { setImmediate } from 'node:timers/promises';
import { type Source, type SourceBlock, type SplitName, splitNames } from '../dataset.js';
import type { LoaderContext } from '../loader.js';
import { type AppendedColumn, appendColumns } from './append-columns.js';
import { unkept } from './prepared.js';
import { isSmall, preparedSource, type StoredSource } from './prepared-source.js';

/** Rows of a generated block: few enough for a column of it to stay in the fastest cache. */
export const generatedRows = 512;

const blocksBetweenTurns = 32;

/**
 * A source whose rows are made: they are put into a table when it is opened.
 * @param blocks The rows of a split, `generatedRows` at a time; only the last block may have fewer. The arrays may be
 * overwritten by the next block's.
 */
export async function generatedSource(
  stored: StoredSource,
  blocks: (split: SplitName) => Iterable<SourceBlock>,
  context: Pick<LoaderContext, 'note' | 'signal'>,
): Promise<Source> {
  const tables = await unkept(async (database) => {
    await database.run(`CREATE TABLE prepared.rows (${fieldsOf(stored).join(', ')})`);
    let made = 0;
    for (const name of splitNames) {
      for (const block of blocks(name)) {
        await appendColumns(database, 'prepared.rows', appended(stored, block), block.rows);
        if (made++ % blocksBetweenTurns === 0) await setImmediate();
        context.signal?.throwIfAborted();
      }
    }
    return isSmall(stored) ? { ...stored, blockRows: generatedRows } : stored;
  }, context.signal);
  return preparedSource(tables, context);
}

function fieldsOf({ columns, tasks, weighted }: StoredSource): string[] {
  const types = { categorical: 'INTEGER', numeric: 'FLOAT', list: 'INTEGER[]' };
  return [
    ...columns.flatMap(({ kind, weighted }, c) => [`i${c} ${types[kind]}`, ...(weighted ? [`w${c} FLOAT[]`] : [])]),
    ...tasks.map((_, t) => `l${t} FLOAT`),
    ...(weighted ? ['weight FLOAT'] : []),
  ];
}

function appended({ columns }: StoredSource, block: SourceBlock): AppendedColumn[] {
  const inputs = block.columns.flatMap((values, c): AppendedColumn[] => {
    if (!('offsets' in values)) return [values];
    const ends = values.offsets.subarray(1);
    const weights = values.weights ?? new Float32Array(values.indexes.length).fill(1);
    return [{ ends, values: values.indexes }, ...(columns[c]?.weighted ? [{ ends, values: weights }] : [])];
  });
  return [...inputs, ...block.labels, ...(block.weights ? [block.weights] : [])];
}
