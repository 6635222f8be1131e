import { open } from 'node:fs/promises';
import { DataType, type Field, type RecordBatch, RecordBatchReader } from 'apache-arrow';
import { DataError, UserError } from '../../support/errors.js';
import { arrowCells } from './arrow-cells.js';
import { checkBlock, checkOffsets, readingTo } from './arrow-offsets.js';
import { type RowFile, reasonOf } from './file-rows.js';
import type { StagedType } from './staged-columns.js';

/** Arrow's file or stream format, uncompressed, read record batch by record batch. */
export async function openArrow(path: string, bytes: number): Promise<RowFile> {
  let fields: readonly Field[] = [];
  for await (const batch of batches(path)) {
    fields = batch.schema.fields;
    break;
  }
  if (fields.length === 0) throw new DataError(`${path} has no rows.`);
  const readers = fields.map(({ name, type }) => ({ name, type, cellOf: arrowCells(type) }));
  return {
    path,
    bytes,
    names: fields.map(({ name }) => name),
    unsupported: new Map(readers.flatMap(({ name, type, cellOf }) => (cellOf ? [] : [[name, String(type)]]))),
    async *read(used) {
      try {
        let rows = 0;
        for await (const batch of batches(path)) {
          const first = rows + 1;
          const columns = readers.map(({ name, cellOf }, c) =>
            used && !used.has(name) ? undefined : cellOf && { values: batch.getChildAt(c), cellOf },
          );
          for (let from = 0; from < batch.numRows; from += chunkRows) {
            const place = (row: number) => `${path}, row ${first + from + row}`;
            const count = Math.min(chunkRows, batch.numRows - from);
            const records = Array.from({ length: count }, (_, row) =>
              columns.map((column) => column?.cellOf(column.values?.get(from + row)) ?? null),
            );
            yield { records, place };
          }
          rows += batch.numRows;
        }
      } catch (error) {
        throw asDataError(path, error);
      }
    },
  };
}

/** What its columns' cells are. Whole numbers of 64 bits are texts, of which some are too long for a number. */
export async function arrowTypes(path: string): Promise<ReadonlyMap<string, StagedType>> {
  for await (const { schema } of batches(path)) {
    return new Map(schema.fields.map(({ name, type }) => [name, stagedOf(type)]));
  }
  return new Map();
}

function stagedOf(type: DataType): StagedType {
  if (DataType.isDictionary(type)) return stagedOf(type.dictionary);
  if (DataType.isList(type) || DataType.isLargeList(type) || DataType.isFixedSizeList(type)) return 'list';
  const wide = DataType.isInt(type) && type.bitWidth === 64;
  const numbers = [DataType.isInt, DataType.isFloat, DataType.isDecimal, DataType.isDate, DataType.isTimestamp];
  return !wide && numbers.some((is) => is(type)) ? 'number' : 'text';
}

const chunkRows = 4096;

async function* batches(path: string): AsyncGenerator<RecordBatch> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const reader = await RecordBatchReader.from(readingTo(file, size));
    await reader.open();
    if (reader.isFile()) {
      for (const block of reader.footer?.recordBatches() ?? []) checkBlock(block, size);
      for (const block of reader.footer?.dictionaryBatches() ?? []) checkBlock(block, size);
    }
    for await (const batch of reader) {
      for (const column of batch.data.children) checkOffsets(column, batch.numRows);
      yield batch;
    }
  } catch (error) {
    throw asDataError(path, error);
  } finally {
    await file.close().catch(() => undefined);
  }
}

function asDataError(path: string, error: unknown): UserError {
  if (error instanceof UserError) return error;
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
