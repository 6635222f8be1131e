import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import type { BlockPlace } from './arrow-file.js';
import { checksumOf, digestOf } from './block-checksum.js';
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
  /** The checksum of all bytes outside the blocks: what other readers of Arrow need. */
  readonly frame: string;
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

export interface ComparableTable extends PreparedTable {
  /**
   * Compares the whole file with its checksums.
   * @param onBytes is told how many bytes have been compared; throws to stop.
   * @throws DamagedBlock
   */
  compare(onBytes: (bytes: number) => void): Promise<void>;
}

/** A block, or what is between blocks, is not what was written. */
export class DamagedBlock extends Error {
  override name = 'DamagedBlock';
}

export function preparedTable(path: string, index: TableIndex): ComparableTable {
  const { columns, rows, blockRows, bytes, blocks, frame } = index;
  const compared = new Uint8Array(blocks.length);
  return {
    path,
    rows,
    blockRows,
    columns,
    async read(b) {
      const place = blocks[b];
      if (!place) throw new Error(`${path} has no block ${b}`);
      const body = await readOnce(path, place);
      if (compared[b] === 0) {
        if (!body || checksumOf(body) !== place.sum) throw new DamagedBlock(`block ${b} is not what was written`);
        compared[b] = 1;
      }
      if (!body) throw new DamagedBlock(`block ${b} is missing`);
      const count = Math.min(blockRows, rows - b * blockRows);
      return { rows: count, columns: viewsOf(columns, count, place.entries ?? [], body) };
    },
    async compare(onBytes) {
      const file = await open(path).catch(() => undefined);
      if (!file) throw new DamagedBlock('it is gone');
      try {
        const between = createHash('sha256');
        let at = 0;
        for (const [b, { offset, bytes: length, sum }] of blocks.entries()) {
          const read = await readAt(file, { offset: at, bytes: offset + length - at });
          if (!read || checksumOf(read.subarray(offset - at)) !== sum)
            throw new DamagedBlock(`block ${b} is not what was written`);
          between.update(read.subarray(0, offset - at));
          compared[b] = 1;
          at = offset + length;
          onBytes(at);
        }
        const rest = await readAt(file, { offset: at, bytes: bytes - at });
        if (!rest || digestOf(between.update(rest)) !== frame)
          throw new DamagedBlock('what is around its blocks is not what was written');
        onBytes(bytes);
      } finally {
        await file.close();
      }
    },
  };
}

type Place = Pick<BlockPlace, 'offset' | 'bytes'>;

/** No file is kept open: nothing has to be closed, however many sources a process opens. Undefined: the file is shorter, or gone. */
async function readOnce(path: string, place: Place): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const file = await open(path).catch(() => undefined);
  if (!file) return undefined;
  try {
    return await readAt(file, place);
  } finally {
    await file.close();
  }
}

async function readAt(file: FileHandle, { offset, bytes }: Place): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const read = new Uint8Array(bytes);
  for (let at = 0; at < bytes; ) {
    const { bytesRead } = await file.read(read, at, bytes - at, offset + at);
    if (bytesRead === 0) return undefined;
    at += bytesRead;
  }
  return read;
}
