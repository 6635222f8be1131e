import type { RowChunk } from './cell.js';

/** A file of rows, whatever its format. */
export interface RowFile {
  readonly path: string;
  /** On disk. */
  readonly bytes: number;
  readonly names: readonly string[];
  /** Names of columns whose values have no meaning here, as structs, and their types. Their cells are null. */
  readonly unsupported: ReadonlyMap<string, string>;
  /**
   * All rows, from the first.
   * @param used names the columns whose cells are wanted, where others need not be decoded: those may be null. Absent: all.
   */
  read(used?: ReadonlySet<string>): AsyncGenerator<RowChunk>;
}

export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replaceAll(/\s+/g, ' ').slice(0, 200).replace(/\.$/, '');
}
