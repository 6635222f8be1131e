import { open } from 'node:fs/promises';
import type { RecordBatch } from 'apache-arrow';
import { DataError } from '../../support/errors.js';
import { cellAt, type RowFile, reasonOf } from './file-rows.js';

/** Arrow's file or stream format, uncompressed, read record batch by record batch. */
export async function openArrow(path: string, bytes: number): Promise<RowFile> {
  const names: string[] = [];
  for await (const batch of batches(path)) {
    names.push(...batch.schema.fields.map(({ name }) => name));
    break;
  }
  if (names.length === 0) throw new DataError(`${path} has no rows.`);
  return {
    path,
    bytes,
    names,
    async *read(onBytes) {
      try {
        const { DataType } = await import('apache-arrow');
        let rows = 0;
        for await (const batch of batches(path)) {
          const first = rows + 1;
          const columns = names.map((name) => {
            const column = batch.getChild(name);
            return { name, column, date: DataType.isDate(column?.type) || DataType.isTimestamp(column?.type) };
          });
          for (let from = 0; from < batch.numRows; from += chunkRows) {
            const place = (row: number) => `${path}, row ${first + from + row}`;
            const count = Math.min(chunkRows, batch.numRows - from);
            const records = Array.from({ length: count }, (_, row) =>
              columns.map(({ name, column, date }) => {
                const value: unknown = column?.get(from + row);
                const days = date && typeof value === 'number' ? value / dayMilliseconds : value;
                return cellAt(days, () => place(row), name);
              }),
            );
            yield { records, place };
          }
          rows += batch.numRows;
        }
      } catch (error) {
        throw asDataError(path, error);
      }
      onBytes(bytes);
    },
  };
}

const chunkRows = 4096;
const dayMilliseconds = 86_400_000;

async function* batches(path: string): AsyncGenerator<RecordBatch> {
  const { RecordBatchReader } = await import('apache-arrow');
  const file = await open(path);
  try {
    const reader = await RecordBatchReader.from(file);
    await reader.open();
    for await (const batch of reader) yield batch;
  } catch (error) {
    throw asDataError(path, error);
  } finally {
    await file.close().catch(() => undefined);
  }
}

function asDataError(path: string, error: unknown): DataError {
  if (error instanceof DataError) return error;
  if (error instanceof Error && /is compressed/.test(error.message)) {
    return new DataError(
      `${path} is compressed (LZ4 or Zstandard, as Feather usually is), which is not read. Write it anew, in Python: import pyarrow.feather as f; f.write_feather(f.read_table('${path}'), '${uncompressedName(path)}', compression='uncompressed')`,
    );
  }
  return new DataError(`${path} cannot be read as Arrow: ${reasonOf(error)}.`);
}

function uncompressedName(path: string): string {
  return path.replace(/(\.\w+)$/, '-plain$1');
}
