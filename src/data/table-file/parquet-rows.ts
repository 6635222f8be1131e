import { open } from 'node:fs/promises';
import * as zlib from 'node:zlib';
import type { AsyncBuffer, Compressors, FileMetaData } from 'hyparquet';
import { DataError } from '../../support/errors.js';
import { cellAt, type RowFile, reasonOf } from './file-rows.js';

/** Parquet, read row group by row group. Uncompressed, or packed with Snappy, gzip or Brotli. */
export async function openParquet(path: string, bytes: number): Promise<RowFile> {
  const { parquetMetadataAsync, parquetReadObjects, parquetSchema } = await import('hyparquet');
  const file = positioned(path, bytes);
  let metadata: FileMetaData;
  let names: string[];
  try {
    metadata = await parquetMetadataAsync(file);
    names = parquetSchema(metadata).children.map(({ element }) => element.name);
  } catch (error) {
    throw new DataError(`${path} cannot be read as Parquet: ${reasonOf(error)}.`);
  }
  refuseCodecs(path, metadata);
  return {
    path,
    bytes,
    names,
    async *read(onBytes) {
      let begin = 0;
      for (const group of metadata.row_groups) {
        const end = begin + Number(group.num_rows);
        const objects = await parquetReadObjects({ file, metadata, compressors, rowStart: begin, rowEnd: end }).catch(
          (error: unknown) => {
            throw new DataError(`${path} cannot be read as Parquet from row ${begin + 1}: ${reasonOf(error)}.`);
          },
        );
        const first = begin + 1;
        const place = (row: number) => `${path}, row ${first + row}`;
        for (let from = 0; from < objects.length; from += chunkRows) {
          const records = objects
            .slice(from, from + chunkRows)
            .map((object, row) => names.map((name) => cellAt(object[name], () => place(from + row), name)));
          yield { records, place: (row) => place(from + row) };
        }
        begin = end;
        onBytes(Math.floor((bytes * end) / Math.max(1, Number(metadata.num_rows))));
      }
    },
  };
}

const chunkRows = 4096;

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

function positioned(path: string, byteLength: number): AsyncBuffer {
  return {
    byteLength,
    async slice(start, end = byteLength) {
      const bytes = new Uint8Array(Math.max(0, Math.min(end, byteLength) - start));
      const file = await open(path);
      try {
        for (let at = 0; at < bytes.length; ) {
          const { bytesRead } = await file.read(bytes, at, bytes.length - at, start + at);
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
