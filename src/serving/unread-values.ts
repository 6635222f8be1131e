import { countsValues } from '../config/parts.js';
import { truthOf } from '../data/encode/number-key.js';
import { indexesOf, indexOf, type StoredColumn } from '../data/encode/stored-encoding.js';
import { literal, rowsOf, withDatabase } from '../data/store/database.js';
import { day, numberOf, shown } from '../data/table/cell.js';
import type { EncodedRows } from './score-rows.js';
import type { TrainedModel } from './trained-run.js';

/**
 * Notes on columns that differ from training: half of the values are new, or all numbers lie outside the range of
 * training. Missing values do not count.
 */
export async function unreadValues(
  { experiment, encoding }: TrainedModel,
  { source, file }: Pick<EncodedRows, 'source' | 'file'>,
): Promise<readonly string[]> {
  const { inputs } = experiment;
  const orRare = countsValues(inputs) && inputs.unseen === 'rare' ? ', or there less than inputs.minCount times' : '';
  return withDatabase(async (database) => {
    await database.run(`ATTACH ${literal(file)} AS given (READ_ONLY)`);
    const found: string[] = [];
    for (const stored of encoding.columns) {
      const c = source.columns.findIndex(({ name }) => name === stored.name);
      let message: string | undefined;
      if ('values' in stored)
        message = unseen(stored, source.columns[c]?.dictionary, await rowsOf(database, countsSql(stored, c)), orRare);
      else if ('range' in stored && stored.range)
        message = outside(stored.range, await rowsOf(database, rangeSql(stored.range, c)));
      if (message !== undefined) found.push(`column '${stored.name}': ${message}`);
    }
    return found;
  });
}

type Rows = readonly (readonly unknown[])[];
type Ends = readonly [number, number];

function countsSql({ kind }: StoredColumn, c: number): string {
  const values = kind === 'list' ? `unnest(i${c})` : `i${c}`;
  return `SELECT value, count(*) FROM (SELECT ${values} AS value FROM given.rows) GROUP BY value ORDER BY value`;
}

function rangeSql([low, high]: Ends, c: number): string {
  const inside = `count(*) FILTER (i${c} BETWEEN ${low}::DOUBLE AND ${high}::DOUBLE)`;
  return `SELECT min(i${c}), max(i${c}), ${inside} FROM given.rows WHERE NOT isnan(i${c})`;
}

/**
 * @param counts of each index of the dictionary
 * @param orRare says why training may have had the values all the same
 */
function unseen(
  stored: Extract<StoredColumn, { values: unknown }>,
  dictionary: readonly string[] | undefined,
  counts: Rows,
  orRare: string,
): string | undefined {
  const index = indexOf(stored);
  const others: string[] = [];
  let [all, unknown] = [0, 0];
  for (const [code, count] of counts) {
    const text = dictionary ? (dictionary[Number(code)] ?? '') : String(code);
    if (text === '') continue;
    all += Number(count);
    if (index(text) !== undefined) continue;
    unknown += Number(count);
    others.push(text);
  }
  if (unknown === 0 || 2 * unknown < all) return undefined;
  const spellings = new Map([...indexesOf(stored).keys()].map((text) => [spelled(text), text]));
  const text = dictionary && others.find((other) => spellings.has(spelled(other)));
  const cause = text === undefined ? '' : `: ${shown(text)} was ${shown(spellings.get(spelled(text)) ?? '')} there`;
  return `${unknown} of ${all} values were not in training${orRare}${cause}`;
}

/** The number that `1`, `1.0` and `true` have in common; other texts stay. */
function spelled(text: string): number | string {
  const number = truthOf(text) ?? numberOf(text);
  return Number.isNaN(number) ? text : number;
}

/** Days of the years from 1980 to 2079. */
const recent: Ends = [3_652, 40_177];

function outside(trained: Ends, [row = []]: Rows): string | undefined {
  const [low, high, inside] = row;
  if (typeof low !== 'number' || typeof high !== 'number' || Number(inside) > 0) return undefined;
  const areDays = ([low, high]: Ends) => low >= recent[0] && high <= recent[1];
  const areMilliseconds = ([low, high]: Ends) => areDays([low / day, high / day]);
  const cause =
    areDays(trained) && areMilliseconds([low, high])
      ? ': they are milliseconds since 1970, and training had times'
      : areMilliseconds(trained) && areDays([low, high])
        ? ': they are times, and training had milliseconds since 1970'
        : '';
  return `all values outside the training range${cause}`;
}
