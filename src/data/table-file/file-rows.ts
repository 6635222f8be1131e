import { DataError } from '../../support/errors.js';
import { type Cell, cellOf, type RowChunk } from './cell.js';

/** A file of rows, whatever its format. */
export interface RowFile {
  readonly path: string;
  /** On disk. */
  readonly bytes: number;
  readonly names: readonly string[];
  /**
   * All rows, from the first.
   * @param onBytes is told how many bytes on disk have been read.
   * @param used names the columns whose cells are wanted, where others need not be decoded: those may be null. Absent: all.
   */
  read(onBytes: (bytes: number) => void, used?: ReadonlySet<string>): AsyncGenerator<RowChunk>;
}

/** A value as a cell. @param place of its row. */
export function cellAt(value: unknown, place: () => string, name: string): Cell {
  const cell = cellOf(value);
  if (cell !== undefined) return cell;
  throw new DataError(
    `${place()}: column '${name}' has nested values, or of a type that is not supported; leave it out: columns: { ${name}: ignored }.`,
  );
}

export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replaceAll(/\s+/g, ' ').slice(0, 200).replace(/\.$/, '');
}
