import { open } from 'node:fs/promises';
import * as zlib from 'node:zlib';
import type { AsyncBuffer, ColumnData, Compressors, FileMetaData, SchemaTree } from 'hyparquet';
import { DataError } from '../../support/errors.js';
import { type Cell, cellOf } from './cell.js';
import { type RowFile, reasonOf } from './file-rows.js';
import { unsupportedParquetType } from './parquet-types.js';

/**
 * Parquet, uncompressed, or packed with Snappy, gzip or Brotli. In memory are the used columns of a part of a row group; as one of lists is
 * decoded, all of the group's.
 * @param mostValues in memory. A part has `leastRows` rows or more, as a page's rows are decoded together.
 */
export async function openParquet(path: string, bytes: number, mostValues = 2 ** 25): Promise<RowFile> {
  const { parquetMetadataAsync, parquetRead, parquetSchema } = await import('hyparquet');
  const file = positioned(path, bytes);
  let metadata: FileMetaData;
  let columns: SchemaTree[];
  try {
    metadata = await parquetMetadataAsync(file);
    columns = parquetSchema(metadata).children;
  } catch (error) {
    throw new DataError(`${path} cannot be read as Parquet: ${reasonOf(error)}.`);
  }
  refuseCodecs(path, metadata);
  const names = columns.map(({ element }) => element.name);
  const types = columns.map((column) => [column.element.name, unsupportedParquetType(column)] as const);
  const unsupported = new Map(types.flatMap(([name, type]) => (type === undefined ? [] : [[name, type]])));

  /** Column by column, so that no more than one is in memory as the library decodes it. */
  async function cellsOf(name: string, part: Part): Promise<ArrayLike<Cell>> {
    const chunks: ColumnData[] = [];
    const { from: rowStart, to: rowEnd } = part;
    const onChunk = (chunk: ColumnData) => void chunks.push(chunk);
    try {
      await parquetRead({ file, metadata, compressors, columns: [name], rowStart, rowEnd, onChunk });
      return compact(chunks, part);
    } catch (error) {
      const where = `column '${name}' from row ${rowStart + 1}`;
      throw new DataError(`${path} cannot be read as Parquet: ${where}: ${reasonOf(error)}.`);
    }
  }

  return {
    path,
    bytes,
    names,
    unsupported,
    async *read(onBytes, used = new Set(names)) {
      const partChunks = Math.floor(mostValues / Math.max(1, used.size) / chunkRows);
      const bytesUpTo = (row: number) => Math.floor((bytes * row) / Math.max(1, Number(metadata.num_rows)));
      const isRead = (name: string) => used.has(name) && !unsupported.has(name);
      let cells: (ArrayLike<Cell> | undefined)[];
      for (const { from, to } of parts(metadata, Math.max(leastRows, partChunks * chunkRows))) {
        cells = []; // frees the last part's
        for (const name of names) {
          cells.push(isRead(name) ? await cellsOf(name, { from, to }) : undefined);
          onBytes(bytesUpTo(from + ((to - from) * cells.length) / names.length));
        }
        for (let begin = 0; begin < to - from; begin += chunkRows) {
          const records = Array.from({ length: Math.min(chunkRows, to - from - begin) }, (_, row) =>
            cells.map((column) => {
              const cell = column?.[begin + row] ?? null;
              return Number.isNaN(cell) ? null : cell;
            }),
          );
          yield { records, place: (row) => `${path}, row ${from + begin + row + 1}` };
        }
      }
    },
  };
}

const chunkRows = 4096;
const leastRows = 2 ** 16;

/** Rows of one row group, by their number in the file from 0; `to` is behind the last. */
interface Part {
  readonly from: number;
  readonly to: number;
}

function* parts({ row_groups }: FileMetaData, rows: number): Generator<Part> {
  let begin = 0;
  for (const group of row_groups) {
    const end = begin + Number(group.num_rows);
    for (let from = begin; from < end; from += rows) yield { from, to: Math.min(end, from + rows) };
    begin = end;
  }
}

/** Numbers take 8 bytes each, missing ones as NaN. @param chunks in their order, perhaps with rows around those of the part. */
function compact(chunks: readonly ColumnData[], { from, to }: Part): ArrayLike<Cell> {
  const overlap = ({ rowStart, rowEnd }: ColumnData) => Math.max(0, Math.min(to, rowEnd) - Math.max(from, rowStart));
  const held = chunks.reduce((sum, chunk) => sum + overlap(chunk), 0);
  if (held !== to - from) throw new Error(`it has ${held} of ${to - from} rows`);
  const numbers = new Float64Array(to - from).fill(Number.NaN);
  let cells: Cell[] | undefined;
  for (const { columnData, rowStart, rowEnd } of chunks) {
    for (let row = Math.max(from, rowStart); row < Math.min(to, rowEnd); row++) {
      const cell = cellOf(columnData[row - rowStart]);
      if (cell !== null && typeof cell !== 'number') cells ??= Array.from(numbers.subarray(0, row - from));
      if (cells) cells.push(cell);
      else if (typeof cell === 'number') numbers[row - from] = cell;
    }
  }
  return cells ?? numbers;
}

const compressors: Compressors = {
  GZIP: (input) => zlib.gunzipSync(input),
  BROTLI: (input) => zlib.brotliDecompressSync(input),
};

/** @throws DataError for a compression that is not read. */
function refuseCodecs(path: string, { row_groups }: FileMetaData): void {
  const known = ['UNCOMPRESSED', 'SNAPPY', ...Object.keys(compressors)];
  for (const { columns } of row_groups) {
    for (const { meta_data } of columns) {
      if (!meta_data || known.includes(meta_data.codec)) continue;
      throw new DataError(
        `${path}: column '${meta_data.path_in_schema.join('.')}' is compressed with ${meta_data.codec}, which is not read. Write it anew with Snappy, gzip or Brotli, in Python: import pyarrow.parquet as p; p.write_table(p.read_table('${path}'), '${path.replace(/(\.\w+)$/, '-snappy$1')}', compression='snappy')`,
      );
    }
  }
}

/** Node reads no 2 GiB at once. */
const mostAtOnce = 2 ** 30;

function positioned(path: string, byteLength: number): AsyncBuffer {
  return {
    byteLength,
    async slice(start, end = byteLength) {
      const bytes = new Uint8Array(Math.max(0, Math.min(end, byteLength) - start));
      const file = await open(path);
      try {
        for (let at = 0; at < bytes.length; ) {
          const { bytesRead } = await file.read(bytes, at, Math.min(bytes.length - at, mostAtOnce), start + at);
          if (bytesRead === 0) throw new Error('it ends too early');
          at += bytesRead;
        }
      } finally {
        await file.close();
      }
      return bytes.buffer;
    },
  };
}
