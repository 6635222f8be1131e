import { literal, queryRows, withDatabase } from '../data/store/database.js';
import type { EncodedRows } from './score-rows.js';
import type { TrainedModel } from './trained-run.js';

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
