import { open } from 'node:fs/promises';
import type { BlockPlace } from './arrow-file.js';
import { checksumOf } from './block-checksum.js';
import { type PreparedColumn, type PreparedValues, viewsOf } from './prepared-columns.js';

/** What is known of a prepared table beside its Arrow file. */
export interface TableIndex {
  readonly columns: readonly PreparedColumn[];
  readonly rows: number;
  /** Rows of every block but the last. */
  readonly blockRows: number;
  /** Of the whole file. */
  readonly bytes: number;
  readonly blocks: readonly BlockPlace[];
}

export interface PreparedTable {
  readonly path: string;
  readonly rows: number;
  readonly blockRows: number;
  readonly columns: readonly PreparedColumn[];
  /**
   * Reads block `index` into memory of its own: any block, any number of times, several at once. The arrays are views of what was
   * read. A block's checksum is compared when it is first read.
   * @throws DamagedBlock
   */
  read(index: number): Promise<{ readonly rows: number; readonly columns: readonly PreparedValues[] }>;
}

/** A block that is not what was written. */
export class DamagedBlock extends Error {
  override name = 'DamagedBlock';
}

export function preparedTable(path: string, index: TableIndex): PreparedTable {
  const { columns, rows, blockRows, blocks } = index;
  const compared = new Uint8Array(blocks.length);
  return {
    path,
    rows,
    blockRows,
    columns,
    async read(b) {
      const place = blocks[b];
      if (!place) throw new Error(`${path} has no block ${b}`);
      const body = await readAt(path, place);
      if (compared[b] === 0) {
        if (!body || checksumOf(body) !== place.sum) throw new DamagedBlock(`block ${b} is not what was written`);
        compared[b] = 1;
      }
      if (!body) throw new DamagedBlock(`block ${b} is missing`);
      const count = Math.min(blockRows, rows - b * blockRows);
      return { rows: count, columns: viewsOf(columns, count, place.entries ?? [], body) };
    },
  };
}

/** No file is kept open: nothing has to be closed, however many sources a process opens. Undefined: the file is shorter, or gone. */
async function readAt(path: string, { offset, bytes }: BlockPlace): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const file = await open(path).catch(() => undefined);
  if (!file) return undefined;
  try {
    const body = new Uint8Array(bytes);
    for (let at = 0; at < bytes; ) {
      const { bytesRead } = await file.read(body, at, bytes - at, offset + at);
      if (bytesRead === 0) return undefined;
      at += bytesRead;
    }
    return body;
  } finally {
    await file.close();
  }
}
