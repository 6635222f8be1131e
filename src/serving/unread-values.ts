import { countsValues } from '../config/parts.js';
import { type FittedVocabulary, indexLookup } from '../data/encode/vocabulary.js';
import { literal, queryNumbers, queryRows, withDatabase } from '../data/store/database.js';
import { must } from '../support/must.js';
import type { EncodedRows } from './score-rows.js';
import type { TrainedModel } from './trained-run.js';

/**
 * Notes on columns that differ from training: half of the values are new, or all numbers lie outside the range of
 * training. A missing value is new where training had none; elsewhere it does not count.
 */
export async function unreadValues(
  { experiment: { inputs }, encoding }: TrainedModel,
  { source, file }: Pick<EncodedRows, 'source' | 'file'>,
): Promise<readonly string[]> {
  const orRare = countsValues(inputs) && inputs.unseen === 'rare' ? ', or there less than inputs.minCount times' : '';
  return withDatabase(async (database) => {
    await database.run(`ATTACH ${literal(file)} AS given (READ_ONLY)`);
    const notes: string[] = [];
    const note = (name: string, message: string) => notes.push(`column '${name}': ${message}`);
    for (const stored of encoding.columns) {
      const c = source.columns.findIndex(({ name }) => name === stored.name);
      const { dictionary } = must(source.columns[c], stored.name);
      const isMissing = { list: `len(i${c}) = 0`, vocabulary: 'false' }[String(stored.kind)] ?? `isnan(i${c})`;
      const [low, high] = ('range' in stored && stored.range) || [0, 0];
      const isInside = 'range' in stored && stored.range ? `i${c} BETWEEN ${low}::DOUBLE AND ${high}::DOUBLE` : 'true';
      const counts = ['count(*)', `count(*) FILTER (${isMissing})`, `count(*) FILTER (${isInside})`];
      const [rows = 0, missing = 0, inside = 0] = await queryNumbers(database, counts, 'given.rows');
      const hadMissing = 'missing' in stored ? stored.missing : undefined; // undefined: it is not known
      if (missing > 0 && (hadMissing === undefined ? missing === rows : !hadMissing && 2 * missing >= rows))
        note(
          stored.name,
          `${missing} of ${rows} values are missing${hadMissing === false ? ', and none was in training' : ''}`,
        );
      else if ('values' in stored) {
        const values = stored.kind === 'list' ? `unnest(i${c})` : `i${c}`;
        const counted = `SELECT value, count(*) FROM (SELECT ${values} AS value FROM given.rows) GROUP BY value`;
        const [unknown, all] = unseen(stored, dictionary, await queryRows(database, counted));
        if (unknown > 0 && 2 * unknown >= all)
          note(stored.name, `${unknown} of ${all} values were not in training${orRare}`);
      } else if (inside === 0 && missing < rows) note(stored.name, 'all values outside the training range');
    }
    return notes;
  });
}

/** How many rows have a value that training has not, of how many. @param counts of each index of the dictionary */
function unseen(
  stored: FittedVocabulary,
  dictionary: readonly string[] | undefined,
  counts: readonly (readonly unknown[])[],
): readonly [unknown: number, all: number] {
  const index = indexLookup(stored);
  let [unknown, all] = [0, 0];
  for (const [code, count] of counts) {
    const text = dictionary ? (dictionary[Number(code)] ?? '') : String(code);
    const isKnown = index(text) !== undefined;
    if (text === '' && isKnown) continue;
    all += Number(count);
    if (!isKnown) unknown += Number(count);
  }
  return [unknown, all];
}
