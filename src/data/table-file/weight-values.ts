import { DataError } from '../../support/errors.js';
import { numberOf, shown } from './cell.js';
import type { PickedRows } from './column-encoders.js';
import type { ColumnRoles } from './column-roles.js';

/** @throws DataError with the line of a weight that is missing, no finite number (as a 32-bit float), or below 0. */
export function weightValues(
  { index, name }: NonNullable<ColumnRoles['weight']>,
  { records, rows, place, missing }: PickedRows,
): Float32Array {
  return Float32Array.from(rows, (row) => {
    const cell = records[row]?.[index] ?? null;
    if (missing(cell)) throw new DataError(`${place(row)}: column '${name}' is missing; every row needs a weight.`);
    const weight = Math.fround(numberOf(cell));
    if (weight >= 0 && Number.isFinite(weight)) return weight;
    throw new DataError(
      `${place(row)}: column '${name}' is ${shown(cell)}; a weight is a finite number of at least 0.`,
    );
  });
}
