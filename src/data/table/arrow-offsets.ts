import type { FileHandle } from 'node:fs/promises';
import { type Data, DataType } from 'apache-arrow';
import { ByteBuffer } from 'flatbuffers';

// apache-arrow follows lengths and offsets of a file as they are: a wrong one is an endless loop, or the allocation of gigabytes.

const wrong = 'its lengths or offsets are damaged';

/** The length of a list in a file's metadata, each of whose entries has a byte at least. */
const lengthOf = ByteBuffer.prototype.__vector_len;
ByteBuffer.prototype.__vector_len = function (this: ByteBuffer, offset: number): number {
  const length = lengthOf.call(this, offset);
  if (!(length >= 0 && offset + length <= this.capacity())) throw new Error(wrong);
  return length;
};

/** The file, of which a read of no byte, or of the same bytes again and again, is an error: apache-arrow would go on for ever. */
export function readingTo(file: FileHandle, size: number): FileHandle {
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
export function checkBlock(
  { offset, metaDataLength, bodyLength }: { offset: number; metaDataLength: number; bodyLength: number },
  size: number,
): void {
  const numbers = [offset, metaDataLength, bodyLength];
  if (!numbers.every((value) => value >= 0) || offset + metaDataLength + bodyLength > size) throw new Error(wrong);
}

/** Of a column, and of what its values point into: lengths that its buffers do not have, offsets that do not ascend. */
export function checkOffsets(data: Data, rows: number): void {
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
