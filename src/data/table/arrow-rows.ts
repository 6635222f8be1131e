import { type FileHandle, open } from 'node:fs/promises';
import { type Data, DataType, type Field, type RecordBatch, RecordBatchReader } from 'apache-arrow';
import { ByteBuffer } from 'flatbuffers';
import { DataError, UserError } from '../../support/errors.js';
import { day } from './cell.js';
import { typedFile } from './relation-table.js';
import type { TableFile } from './table-file.js';

/** Rows of a vector of DuckDB. */
const chunkRows = 2048;

/**
 * Arrow's file or stream format, uncompressed. DuckDB does not read it: its rows go into a table, record batch by
 * record batch.
 */
export async function openArrow(path: string, bytes: number): Promise<TableFile> {
  const { DOUBLE, DuckDBDataChunk, LIST, listValue, VARCHAR } = await import('@duckdb/node-api');
  const fields = await fieldsOf(path);
  if (fields.length === 0) throw new DataError(`${path} has no rows.`);
  const columns = fields.map(({ name, type }, place) => {
    const own = valueType(type);
    const sqlType = isList(own) ? LIST(VARCHAR) : numbers.some((is) => is(own)) ? DOUBLE : VARCHAR;
    return { name, place, sql: `c${place}`, sqlType, cellOf: arrowCells(type), type: String(type) };
  });
  const read = columns.flatMap(({ cellOf, ...column }) => (cellOf ? [{ ...column, cellOf }] : []));
  const stored = (cell: Cell, type: unknown) => {
    if (cell === null) return null;
    if (type === DOUBLE) return Number(cell);
    return typeof cell === 'object' ? listValue(cell) : String(cell);
  };
  const table = 'arrow_rows';
  const typed = columns.map(({ name, sql, sqlType, cellOf, type }) => ({ name, sql, type: cellOf ? sqlType : type }));
  return typedFile({ path, bytes }, typed, async (database, use) => {
    await database.run(`CREATE TABLE ${table} (${read.map(({ sql, sqlType }) => `${sql} ${sqlType}`).join(', ')})`);
    const appender = await database.createAppender(table);
    try {
      for await (const batch of batches(path)) {
        const vectors = read.map(({ place }) => batch.getChildAt(place));
        for (let from = 0; from < batch.numRows; from += chunkRows) {
          const rows = Math.min(chunkRows, batch.numRows - from);
          const chunk = DuckDBDataChunk.create(
            read.map(({ sqlType }) => sqlType),
            rows,
          );
          for (const [c, { cellOf, sqlType }] of read.entries()) {
            const values = Array.from({ length: rows }, (_, row) =>
              stored(cellOf(vectors[c]?.get(from + row)), sqlType),
            );
            chunk.setColumnValues(c, values);
          }
          appender.appendDataChunk(chunk);
        }
      }
    } catch (error) {
      throw asDataError(path, error);
    } finally {
      appender.closeSync();
    }
    await use(table);
    return database.run(`DROP TABLE ${table}`);
  });
}

async function fieldsOf(path: string): Promise<readonly Field[]> {
  for await (const batch of batches(path)) return batch.schema.fields;
  return [];
}

function valueType(type: DataType): DataType {
  return DataType.isDictionary(type) ? valueType(type.dictionary) : type;
}

/** Whole numbers of 64 bits are texts, of which some are too long for a number. */
const numbers: readonly ((type: DataType) => boolean)[] = [
  (type) => DataType.isInt(type) && type.bitWidth < 64,
  ...[DataType.isFloat, DataType.isDecimal, DataType.isDate, DataType.isTimestamp],
];

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
      `${path} is compressed (LZ4 or Zstandard, as Feather usually is), which is not read. Write it again, in Python: import pyarrow.feather as f; f.write_feather(f.read_table('${path}'), '${uncompressedName(path)}', compression='uncompressed')`,
    );
  }
  return new DataError(`${path} cannot be read as Arrow: ${reasonOf(error)}.`);
}

function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replaceAll(/\s+/g, ' ').slice(0, 200).replace(/\.$/, '');
}

function uncompressedName(path: string): string {
  return path.replace(/(\.\w+)$/, '-plain$1');
}

// apache-arrow follows lengths and offsets of a file as they are: a wrong one is an endless loop, or the allocation of
// gigabytes.

const wrong = 'its lengths or offsets are damaged';

/** The length of a list in a file's metadata, each of whose entries has a byte at least. */
const lengthOf = ByteBuffer.prototype.__vector_len;

ByteBuffer.prototype.__vector_len = function (this: ByteBuffer, offset: number): number {
  const length = lengthOf.call(this, offset);
  if (!(length >= 0 && offset + length <= this.capacity())) throw new Error(wrong);
  return length;
};

/**
 * The file, of which a read of no byte, or of the same bytes again and again, is an error: apache-arrow would go on for
 * ever.
 */
function readingTo(file: FileHandle, size: number): FileHandle {
  const read = file.read.bind(file);
  let left = 3 * size + 2 ** 16; // bytes: each is read once, some twice
  return new Proxy(file, {
    get(target, name) {
      if (name !== 'read') {
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      }
      return async (buffer: Uint8Array, offset: number, length: number, position: number) => {
        if (!(position >= 0 && position < size)) throw new Error(wrong);
        const result = await read(buffer, offset, length, position);
        if (result.bytesRead === 0 && length > 0) throw new Error('it is cut short');
        left -= result.bytesRead;
        if (left < 0) throw new Error(wrong);
        return result;
      };
    },
  });
}

/** Of the footer: where a record batch lies. */
function checkBlock(
  { offset, metaDataLength, bodyLength }: { offset: number; metaDataLength: number; bodyLength: number },
  size: number,
): void {
  const numbers = [offset, metaDataLength, bodyLength];
  if (!numbers.every((value) => value >= 0) || offset + metaDataLength + bodyLength > size) throw new Error(wrong);
}

/** Of a column, and of what its values point into: lengths that its buffers do not have, offsets that do not ascend. */
function checkOffsets(data: Data, rows: number): void {
  const { type, length, valueOffsets, values, children } = data;
  if (length < rows || !hasBuffers(data)) throw new Error(wrong);
  for (const piece of data.dictionary?.data ?? []) checkOffsets(piece, piece.length);
  const offsets: unknown = valueOffsets;
  const [item] = children;
  if (offsets instanceof Int32Array || offsets instanceof BigInt64Array) {
    const limit = item ? item.length : (values?.length ?? 0);
    let last = 0;
    for (let row = 0; row <= length; row++) {
      const next = Number(offsets[row] ?? Number.NaN);
      if (!(next >= last && next <= limit)) throw new Error(wrong);
      last = next;
    }
  }
  const needed = DataType.isFixedSizeList(type) ? length * type.listSize : 0;
  if (item) checkOffsets(item, needed);
}

/** Whether the values' buffer is as long as it must be; of a type with offsets these tell. */
function hasBuffers({ type, length, stride, values, valueOffsets }: Data): boolean {
  if (DataType.isNull(type) || valueOffsets !== undefined || values === undefined) return true;
  const found: number = values.length;
  return DataType.isBool(type) ? 8 * found >= length : found >= length * stride;
}

/** Null: missing. Of a list, the entries that are not. */
type Cell = string | number | null | readonly string[];

/** How a column's values become cells, by its type. Undefined: they have no meaning here. */
export function arrowCells(type: DataType): ((value: unknown) => Cell) | undefined {
  const own = valueType(type);
  if (!isList(own)) return singleCells(own);
  const [item] = own.children;
  const entryOf = item && singleCells(valueType(item.type));
  const entries = (value: Iterable<unknown>) =>
    Array.from(value, (entry) => entryOf?.(entry) ?? null).flatMap((entry) => (entry === null ? [] : [String(entry)]));
  return entryOf && ((value) => (isIterable(value) ? entries(value) : null));
}

function singleCells(type: DataType): ((value: unknown) => string | number | null) | undefined {
  if (DataType.isDate(type) || DataType.isTimestamp(type))
    return (value) => (typeof value === 'number' ? value / day : null);
  if (DataType.isDecimal(type)) return (value) => (value instanceof Uint32Array ? decimalOf(value, type.scale) : null);
  return plain.some((is) => is(type)) ? plainCell : undefined;
}

function plainCell(value: unknown): string | number | null {
  if (value === null || value === undefined || Number.isNaN(value)) return null;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
  return typeof value === 'number' ? value : String(value);
}

const plain: readonly ((type: DataType) => boolean)[] = [
  ...[DataType.isNull, DataType.isBool, DataType.isInt, DataType.isFloat, DataType.isTime, DataType.isDuration],
  ...[DataType.isUtf8, DataType.isLargeUtf8, DataType.isUtf8View],
  ...[DataType.isBinary, DataType.isLargeBinary, DataType.isBinaryView, DataType.isFixedSizeBinary],
];

function isList(type: DataType): boolean {
  return DataType.isList(type) || DataType.isLargeList(type) || DataType.isFixedSizeList(type);
}

/** @param words 32 bits each, the lowest first, in two's complement. */
function decimalOf(words: Uint32Array, scale: number): string | number {
  const whole = words.reduceRight((sum, word) => (sum << 32n) | BigInt(word), 0n);
  const signed = BigInt.asIntN(32 * words.length, whole);
  return scale === 0 ? String(signed) : Number(`${signed}e${-scale}`);
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value;
}
