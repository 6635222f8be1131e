import { countsValues } from '../config/parts.js';
import { truthValue } from '../data/encode/number-key.js';
import { type FittedVocabulary, indexLookup, valueIndexes } from '../data/encode/vocabulary.js';
import type { Fitted } from '../data/encoding.js';
import { literal, queryRows, withDatabase } from '../data/store/database.js';
import { day, parseNumber, shown } from '../data/table/cell.js';
import { must } from '../support/must.js';
import type { EncodedRows } from './score-rows.js';
import type { TrainedModel } from './trained-run.js';

/**
 * Notes on columns that differ from training: half of the values are new, or all numbers lie outside the range of
 * training. A missing value is new where training had none; elsewhere it does not count.
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
      const { dictionary, odd } = must(source.columns[c], stored.name);
      if (stored.kind !== 'vocabulary')
        message = missing(stored, await queryRows(database, missingSql(stored, c)), odd);
      if (message === undefined && 'values' in stored)
        message = unseen(stored, dictionary, await queryRows(database, countsSql(stored, c)), orRare);
      else if (message === undefined && 'range' in stored && stored.range)
        message = outside(stored.range, await queryRows(database, rangeSql(stored.range, c)));
      if (message !== undefined) found.push(`column '${stored.name}': ${message}`);
    }
    return found;
  });
}

type Rows = readonly (readonly unknown[])[];
type Ends = readonly [number, number];

function countsSql({ kind }: Fitted, c: number): string {
  const values = kind === 'list' ? `unnest(i${c})` : `i${c}`;
  return `SELECT value, count(*) FROM (SELECT ${values} AS value FROM given.rows) GROUP BY value ORDER BY value`;
}

function missingSql({ kind }: Fitted, c: number): string {
  return `SELECT count(*), count(*) FILTER (${kind === 'list' ? `len(i${c}) = 0` : `isnan(i${c})`}) FROM given.rows`;
}

/**
 * Of numbers and lists. Where it is not known whether training had missing values, all are new.
 * @param odd of the missing values, texts that are no numbers
 */
function missing(stored: Exclude<Fitted, { kind: 'vocabulary' }>, [row = []]: Rows, odd = 0): string | undefined {
  const [rows, absent] = row.map(Number);
  if (rows === undefined || absent === undefined || absent === 0) return undefined;
  if (2 * odd >= rows) return `${odd} of ${rows} values are no numbers, and count as missing`;
  const known = 'missing' in stored ? stored.missing : undefined;
  const what = stored.kind === 'list' ? 'lists are empty' : 'values are missing';
  if (known === undefined && absent === rows) return `all ${what}`;
  return known === false && 2 * absent >= rows ? `${absent} of ${rows} ${what}, and none was in training` : undefined;
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
  stored: FittedVocabulary,
  dictionary: readonly string[] | undefined,
  counts: Rows,
  orRare: string,
): string | undefined {
  const index = indexLookup(stored);
  const others: string[] = [];
  let [all, unknown, missing] = [0, 0, 0];
  for (const [code, count] of counts) {
    const text = dictionary ? (dictionary[Number(code)] ?? '') : String(code);
    const isKnown = index(text) !== undefined;
    if (text === '' && isKnown) continue;
    all += Number(count);
    if (isKnown) continue;
    unknown += Number(count);
    if (text === '') missing += Number(count);
    others.push(text);
  }
  if (unknown === 0 || 2 * unknown < all) return undefined;
  const spellings = new Map(dictionary && [...valueIndexes(stored).keys()].map((text) => [spelled(text), text]));
  const text = others.find((other) => spellings.has(spelled(other)));
  const cause = text === undefined ? '' : `: ${shown(text)} was ${shown(spellings.get(spelled(text)) ?? '')} there`;
  if (missing === unknown) return `${missing} of ${all} values are missing, and none was in training${orRare}`;
  const ofThese = missing > 0 ? `, ${missing} of them are missing` : '';
  return `${unknown} of ${all} values were not in training${orRare}${ofThese}${cause}`;
}

/** The number that `1`, `1.0` and `true` have in common; other texts stay. */
function spelled(text: string): number | string {
  const number = truthValue(text) ?? parseNumber(text);
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

/** From so many standard deviations on, a value is told. */
const far = 100;

/** Which value of a row lies the farthest from training's, in its standard deviations. Undefined: none is far. */
export async function extremeValue(
  { encoding }: TrainedModel,
  { source, file }: Pick<EncodedRows, 'source' | 'file'>,
  row: number,
): Promise<string | undefined> {
  const numbers = encoding.columns.flatMap((column) => (column.kind === 'scale' ? [column] : []));
  if (numbers.length === 0) return undefined;
  const places = numbers.map(({ name }) => `i${source.columns.findIndex((column) => column.name === name)}`);
  const [values = []] = await withDatabase(async (database) => {
    await database.run(`ATTACH ${literal(file)} AS given (READ_ONLY)`);
    return queryRows(database, `SELECT ${places.join(', ')} FROM given.rows WHERE row = ${row}`);
  });
  const found = numbers.map(({ name, mean, deviation, log }, c) => {
    const value = Number(values[c]);
    const scale = log ? Math.sign(value) * Math.log1p(Math.abs(value)) : value;
    return { name, value, distance: deviation > 0 ? Math.abs(scale - mean) / deviation : 0 };
  });
  const [farthest] = found.toSorted((a, b) => b.distance - a.distance);
  if (!farthest || !(farthest.distance > far)) return undefined;
  const { name, value, distance } = farthest;
  return `column '${name}' is ${Number(value.toPrecision(7))}, ${distance.toPrecision(2)} standard deviations from training's mean`;
}
